// Between the columns of `msg_log` and the values of the ports.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "log/sqlite/transaction.h"
#include "ports/message_log.h"

namespace waybill::sqlite {

/// What the row's `retry_policy` says. An unreadable one counts as none, because a person must still be able to see
/// and a worker to finish such a row; a take reports it.
[[nodiscard]] std::optional<RetryPolicy> policy_of(const Query& query, int column);

/// The columns that `row_from` reads, in its order.
inline constexpr char kRowColumns[] =
    "rowid, msg_id, exchange, routing_key, status, try_count, next_try_time, create_time, update_time, queue, owner, "
    "attempt, replay_attempt, effect_begun, lapse_count, unknown_count, crash_count, again_count, publish_count, "
    "not_before, publish_time, confirm_time, claim_time, consume_time, digest, content_type, retry_policy, headers, "
    "last_error, result, body IS NOT NULL";

/// A row with its rowid and whether its `body` is null; the body itself is not read.
struct ReadRow {
  Row row;
  std::int64_t rowid = 0;
  bool in_body_column = false;
};
[[nodiscard]] ReadRow row_from(const Query& query);

}  // namespace waybill::sqlite
