// Between the columns of `msg_log` and the values of the ports.
#pragma once

#include "log/mariadb/connection.h"
#include "log/rows/standing.h"
#include "ports/message_log.h"

namespace waybill::mariadb {

/// What `standing_from` reads, of a table called `m`, in its order.
#define WAYBILL_STANDING_COLUMNS                                                                                    \
  "m.msg_id, m.exchange, m.routing_key, m.create_time, m.append_token, m.content_type, m.retry_policy, m.headers, " \
  "m.body IS NOT NULL, m.status, m.owner, m.attempt, m.replay_attempt, m.claim_token, m.outcome, m.effect_begun, "  \
  "m.late_done, m.try_count, m.lapse_count, m.unknown_count, m.crash_count, m.again_count, m.publish_count, "       \
  "m.publish_boot, m.next_try_time, m.not_before, m.publish_time, m.confirm_time, m.claim_time, m.consume_time, "   \
  "m.update_time, m.digest, m.queue, m.last_error, m.result"

[[nodiscard]] rows::Standing standing_from(const Rows& rows, int row);

/// What `row_from` reads, after the standing's columns.
#define WAYBILL_BODY_SIZE "CASE WHEN m.body IS NULL THEN OCTET_LENGTH(m.msg) ELSE OCTET_LENGTH(m.body) END"
/// As bytes, whichever column it is in.
#define WAYBILL_BODY "CASE WHEN m.body IS NULL THEN CAST(m.msg AS BINARY) ELSE m.body END"
#define WAYBILL_ROW_COLUMNS WAYBILL_STANDING_COLUMNS ", " WAYBILL_BODY_SIZE ", m.arrival"
[[nodiscard]] Row row_from(const Rows& rows, int row);
inline constexpr int kSizeColumn = 35;
inline constexpr int kArrivalColumn = 36;
inline constexpr int kAfterRowColumns = 37;

}  // namespace waybill::mariadb
