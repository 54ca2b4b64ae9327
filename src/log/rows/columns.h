// Between the columns of `msg_log` and the values of the ports, for every store whose results have these accessors:
// is_null, string, optional_string, integer, small, boolean, time, optional_time, optional_digest, each of (row,
// column).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "log/rows/standing.h"
#include "ports/message_log.h"

namespace waybill::rows {

/// What `standing_from` reads, of a table called `m`, in its order.
#define WAYBILL_STANDING_COLUMNS                                                                                    \
  "m.msg_id, m.exchange, m.routing_key, m.create_time, m.append_token, m.content_type, m.retry_policy, m.headers, " \
  "m.body IS NOT NULL, m.status, m.owner, m.attempt, m.replay_attempt, m.claim_token, m.outcome, m.effect_begun, "  \
  "m.late_done, m.try_count, m.lapse_count, m.unknown_count, m.crash_count, m.again_count, m.publish_count, "       \
  "m.publish_boot, m.next_try_time, m.not_before, m.publish_time, m.confirm_time, m.claim_time, m.consume_time, "   \
  "m.update_time, m.digest, m.queue, m.last_error, m.result"

/// Reads one column after the other.
template <class Rows>
class Columns {
 public:
  Columns(const Rows& rows, int row) : rows_(rows), row_(row) {}

  std::string text() { return rows_.string(row_, at_++); }
  std::optional<std::string> optional_text() { return rows_.optional_string(row_, at_++); }
  std::int64_t integer() { return rows_.integer(row_, at_++); }
  int small() { return rows_.small(row_, at_++); }
  bool boolean() { return rows_.boolean(row_, at_++); }
  WallTime time() { return rows_.time(row_, at_++); }
  std::optional<WallTime> optional_time() { return rows_.optional_time(row_, at_++); }
  std::optional<Digest> optional_digest() { return rows_.optional_digest(row_, at_++); }
  std::optional<std::int64_t> optional_integer() {
    const int at = at_++;
    return rows_.is_null(row_, at) ? std::nullopt : std::optional(rows_.integer(row_, at));
  }
  template <class T>
  std::optional<T> optional_number() {
    const auto number = optional_integer();
    return number ? std::optional(T{static_cast<std::uint64_t>(*number)}) : std::nullopt;
  }

 private:
  const Rows& rows_;
  const int row_;
  int at_ = 0;
};

template <class Rows>
[[nodiscard]] Standing standing_from(const Rows& rows, int row) {
  Columns<Rows> c(rows, row);
  Standing r;
  r.id.value = c.text();
  r.route.exchange = c.text();
  r.route.routing_key = c.text();
  r.create_time = c.time();
  r.append_token = c.template optional_number<Token>();
  r.content_type = c.text();
  r.retry_policy = c.optional_text();
  r.headers = c.optional_text();
  r.binary = c.boolean();
  r.status = static_cast<State>(c.small());
  r.owner = c.optional_text();
  r.attempt = c.small();
  r.replay_attempt = c.small();
  r.claim_token = c.template optional_number<Token>();
  if (const auto outcome = c.optional_integer()) r.outcome = static_cast<Outcome>(*outcome);
  r.effect_begun = c.boolean();
  r.late_done = c.boolean();
  r.try_count = c.small();
  r.lapse_count = c.small();
  r.unknown_count = c.small();
  r.crash_count = c.small();
  r.again_count = c.small();
  r.publish_count = c.integer();
  r.publish_boot = c.template optional_number<BootNonce>();
  r.next_try_time = c.optional_time();
  r.not_before = c.optional_time();
  r.publish_time = c.optional_time();
  r.confirm_time = c.optional_time();
  r.claim_time = c.optional_time();
  r.consume_time = c.optional_time();
  r.update_time = c.time();
  r.digest = c.optional_digest();
  if (auto queue = c.optional_text()) r.queue = QueueName{*std::move(queue)};
  r.last_error = c.text();
  r.result = c.text();
  return r;
}

/// What `recipient_from` reads, of a table called `r`, in its order.
#define WAYBILL_RECIPIENT_COLUMNS "r.msg_id, r.address, r.status, r.code, r.enhanced, r.reply, r.relay, r.time"

template <class Rows>
[[nodiscard]] RecordedRecipient recipient_from(const Rows& rows, int row) {
  Columns<Rows> c(rows, row);
  static_cast<void>(c.text());  // msg_id
  RecordedRecipient recipient;
  recipient.record.address = c.text();
  recipient.record.outcome.fate = static_cast<RecipientFate>(c.small());
  recipient.record.outcome.code = c.small();
  recipient.record.outcome.enhanced = c.text();
  recipient.record.outcome.text = c.text();
  recipient.record.relay = c.text();
  recipient.at = c.time();
  return recipient;
}

/// As people and programs read it.
[[nodiscard]] Row row_of(Standing standing, std::size_t body_bytes);

/// After the standing's columns come the bytes of the body, and `arrival`.
inline constexpr int kSizeColumn = 35;
inline constexpr int kArrivalColumn = 36;
inline constexpr int kAfterRowColumns = 37;
template <class Rows>
[[nodiscard]] Row row_from(const Rows& rows, int row) {
  return row_of(standing_from(rows, row), static_cast<std::size_t>(rows.integer(row, kSizeColumn)));
}

}  // namespace waybill::rows
