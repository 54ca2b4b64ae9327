#include "log/sqlite/row_mapping.h"

#include "log/headers_json.h"

namespace waybill::sqlite {

const std::string& OwnerTexts::of(const Owner& owner) {
  if (owner != last_) {
    last_ = owner;
    text_ = to_string(owner);
  }
  return text_;
}

std::optional<RetryPolicy> policy_of(const Query& query, int column) {
  if (query.is_null(column)) return std::nullopt;
  auto policy = parse_retry_policy(query.text(column));
  return policy.ok() ? std::optional(*policy) : std::nullopt;
}

ReadRow row_from(const Query& q) {
  ReadRow read;
  Row& row = read.row;
  int at = 0;
  read.rowid = q.integer(at++);
  row.message.id.value = q.string(at++);
  row.message.route.exchange = q.string(at++);
  row.message.route.routing_key = q.string(at++);
  row.status = static_cast<State>(q.integer(at++));
  row.try_count = q.small(at++);
  row.next_try_time = q.optional_time(at++);
  row.create_time = q.time(at++);
  row.update_time = q.time(at++);
  if (const int queue = at++; !q.is_null(queue)) row.queue = QueueName{q.string(queue)};
  if (const int owner = at++; !q.is_null(owner)) row.owner = parse_owner(q.text(owner));
  row.attempt = q.small(at++);
  row.replay_attempt = q.small(at++);
  row.effect_begun = q.integer(at++) != 0;
  row.lapse_count = q.small(at++);
  row.unknown_count = q.small(at++);
  row.crash_count = q.small(at++);
  row.again_count = q.small(at++);
  row.publish_count = q.integer(at++);
  row.message.not_before = q.optional_time(at++);
  row.publish_time = q.optional_time(at++);
  row.confirm_time = q.optional_time(at++);
  row.claim_time = q.optional_time(at++);
  row.consume_time = q.optional_time(at++);
  row.digest = q.optional_digest(at++);
  row.message.content_type = q.string(at++);
  row.message.retry = policy_of(q, at++);
  // Unreadable headers count as none here: a person must still be able to see the row. A take reports them.
  if (const int headers = at++; !q.is_null(headers)) {
    row.message.headers = headers_from_json(q.text(headers)).value_or(Headers{});
  }
  row.last_error = q.string(at++);
  row.result = q.string(at++);
  read.in_body_column = q.integer(at++) != 0;
  return read;
}

}  // namespace waybill::sqlite
