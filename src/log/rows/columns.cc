#include "log/rows/columns.h"

#include <utility>

#include "log/headers_json.h"

namespace waybill::rows {

Row row_of(Standing r, std::size_t body_bytes) {
  Row row;
  row.message.id = std::move(r.id);
  row.message.route = std::move(r.route);
  row.message.content_type = std::move(r.content_type);
  // Unreadable headers count as none here: a person must still be able to see the row. A take reports them.
  if (r.headers) row.message.headers = headers_from_json(*r.headers).value_or(Headers{});
  row.message.retry = r.retry();
  row.message.not_before = r.not_before;
  row.body_bytes = body_bytes;
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

}  // namespace waybill::rows
