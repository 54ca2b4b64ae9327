// Where a row stands: a few columns that a verb looks at before it changes the row under its guard, because RETURNING
// would cost several times the change itself; and all that matters, read back after a guard did not hold, to explain a
// refusal or to recognise a write that is run again.
#pragma once

#include <optional>
#include <string>

#include "log/sqlite/transaction.h"
#include "ports/log_writes.h"

namespace waybill::sqlite {

/// What the answers, events and counts of most verbs need to know of the row as it was.
struct FoundRow {
  std::int64_t rowid = 0;
  State status = State::kSending;
  std::int32_t attempt = 0;
  bool owned = false;
  bool external = false;

  /// Finished rows are counted (log/sqlite/finished_counts.h).
  [[nodiscard]] bool finished() const {
    return status == State::kConsumed || status == State::kCancelled || (status == State::kSent && external && !owned);
  }
};

/// Nothing if there is no such row. `id` is borrowed.
[[nodiscard]] std::optional<FoundRow> find_row(Transaction& tx, const MessageId& id);

struct Standing {
  std::int64_t rowid = 0;
  State status = State::kSending;
  std::optional<std::string> owner;
  std::int32_t attempt = 0;
  std::int32_t replay_attempt = 0;
  std::optional<std::int64_t> claim_token;
  std::optional<std::int64_t> outcome;
  bool effect_begun = false;
  int try_count = 0;
  int crash_count = 0;
  std::int64_t publish_count = 0;
  std::optional<WallTime> next_try_time;
  std::optional<WallTime> not_before;
  std::optional<Digest> digest;
  std::optional<QueueName> queue;
  std::optional<RetryPolicy> retry;
  bool in_body_column = false;
  bool late_done = false;

  [[nodiscard]] bool on_hold() const { return status == State::kOutcomeUnknown && !owner && !next_try_time; }
  /// True if the last attempt was this fence's and has not lapsed.
  [[nodiscard]] bool last_attempt_was(const Fence& fence) const {
    return attempt == fence.attempt && claim_token == static_cast<std::int64_t>(fence.token.value);
  }
};

/// Nothing if there is no such row.
[[nodiscard]] std::optional<Standing> read_standing(Transaction& tx, const MessageId& id);

/// A verb that applied.
[[nodiscard]] inline VerbAnswer applied(State status, bool attempt_open = false) {
  return {VerbAnswer::Kind::kApplied, status, attempt_open};
}
/// A verb whose guard did not hold: refused, unless `is_run_again(standing)` recognises its own earlier run.
template <class IsRunAgain>
[[nodiscard]] VerbAnswer explain(Transaction& tx, const MessageId& id, const IsRunAgain& is_run_again) {
  const auto standing = read_standing(tx, id);
  if (!standing) return {.kind = VerbAnswer::Kind::kUnknownId};
  const auto kind = is_run_again(*standing) ? VerbAnswer::Kind::kApplied : VerbAnswer::Kind::kRefused;
  return {kind, standing->status, standing->owner.has_value()};
}

}  // namespace waybill::sqlite
