#include "log/mariadb/row_columns.h"

#include "log/headers_json.h"

namespace waybill::mariadb {
namespace {

// Reads one column after the other.
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

}  // namespace

rows::Standing standing_from(const Rows& rows, int row) {
  Columns c(rows, row);
  rows::Standing r;
  r.id.value = c.text();
  r.route.exchange = c.text();
  r.route.routing_key = c.text();
  r.create_time = c.time();
  r.append_token = c.optional_number<Token>();
  r.content_type = c.text();
  r.retry_policy = c.optional_text();
  r.headers = c.optional_text();
  r.binary = c.boolean();
  r.status = static_cast<State>(c.small());
  r.owner = c.optional_text();
  r.attempt = c.small();
  r.replay_attempt = c.small();
  r.claim_token = c.optional_number<Token>();
  if (const auto outcome = c.optional_integer()) r.outcome = static_cast<rows::Outcome>(*outcome);
  r.effect_begun = c.boolean();
  r.late_done = c.boolean();
  r.try_count = c.small();
  r.lapse_count = c.small();
  r.unknown_count = c.small();
  r.crash_count = c.small();
  r.again_count = c.small();
  r.publish_count = c.integer();
  r.publish_boot = c.optional_number<BootNonce>();
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

Row row_from(const Rows& rows, int at) {
  rows::Standing r = standing_from(rows, at);
  Row row;
  row.message.id = std::move(r.id);
  row.message.route = std::move(r.route);
  row.message.content_type = std::move(r.content_type);
  // Unreadable headers count as none here: a person must still be able to see the row. A take reports them.
  if (r.headers) row.message.headers = headers_from_json(*r.headers).value_or(Headers{});
  row.message.retry = r.retry();
  row.message.not_before = r.not_before;
  row.body_bytes = static_cast<std::size_t>(rows.integer(at, kSizeColumn));
  row.digest = r.digest;
  row.queue = std::move(r.queue);
  row.status = r.status;
  if (r.owner) row.owner = parse_owner(*r.owner);
  row.attempt = r.attempt;
  row.replay_attempt = r.replay_attempt;
  row.effect_begun = r.effect_begun;
  row.try_count = r.try_count;
  row.lapse_count = r.lapse_count;
  row.unknown_count = r.unknown_count;
  row.crash_count = r.crash_count;
  row.again_count = r.again_count;
  row.publish_count = r.publish_count;
  row.next_try_time = r.next_try_time;
  row.create_time = r.create_time;
  row.update_time = r.update_time;
  row.publish_time = r.publish_time;
  row.confirm_time = r.confirm_time;
  row.claim_time = r.claim_time;
  row.consume_time = r.consume_time;
  row.last_error = std::move(r.last_error);
  row.result = std::move(r.result);
  return row;
}

}  // namespace waybill::mariadb
