#include "log/sqlite/standing.h"

#include "log/sqlite/row_mapping.h"

namespace waybill::sqlite {

std::optional<FoundRow> find_row(Transaction& tx, const MessageId& id) {
  auto q = tx.db.borrowing_query(
      "SELECT rowid, status, attempt, owner IS NOT NULL, queue = '' FROM msg_log WHERE msg_id = ?1", id);
  if (!q.next()) return std::nullopt;
  return FoundRow{q.integer(0), static_cast<State>(q.integer(1)), q.small(2), q.integer(3) != 0, q.integer(4) != 0};
}

std::optional<Standing> read_standing(Transaction& tx, const MessageId& id) {
  auto q = tx.db.query(
      "SELECT rowid, status, owner, attempt, replay_attempt, claim_token, outcome, effect_begun, try_count, "
      "crash_count, "
      "publish_count, next_try_time, not_before, digest, queue, retry_policy, body IS NOT NULL, late_done "
      "FROM msg_log WHERE msg_id = ?1",
      id);
  if (!q.next()) return std::nullopt;
  Standing row;
  row.rowid = q.integer(0);
  row.status = static_cast<State>(q.integer(1));
  if (!q.is_null(2)) row.owner = q.string(2);
  row.attempt = q.small(3);
  row.replay_attempt = q.small(4);
  if (!q.is_null(5)) row.claim_token = q.integer(5);
  if (!q.is_null(6)) row.outcome = q.integer(6);
  row.effect_begun = q.integer(7) != 0;
  row.try_count = q.small(8);
  row.crash_count = q.small(9);
  row.publish_count = q.integer(10);
  row.next_try_time = q.optional_time(11);
  row.not_before = q.optional_time(12);
  row.digest = q.optional_digest(13);
  if (!q.is_null(14)) row.queue = QueueName{q.string(14)};
  row.retry = policy_of(q, 15);
  row.in_body_column = q.integer(16) != 0;
  row.late_done = q.integer(17) != 0;
  return row;
}

}  // namespace waybill::sqlite
