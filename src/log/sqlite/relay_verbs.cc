#include <vector>

#include "log/sqlite/events.h"
#include "log/sqlite/standing.h"
#include "log/sqlite/verbs.h"

namespace waybill::sqlite {
namespace {

// A foreign row that becomes final or is held would break the rule of what a foreign row may be, so it stops being one:
// a publish number of 1 says that this log has dealt with it.
constexpr char kRefuse[] =
    "UPDATE msg_log SET status = 5, next_try_time = NULL, last_error = ?2, update_time = ?3, "
    "publish_count = CASE WHEN queue IS NULL THEN max(publish_count, 1) ELSE publish_count END "
    "WHERE msg_id = ?1 AND owner IS NULL AND next_try_time IS NOT NULL "
    "AND (status IN (0, 2, 4, 6) OR (status = 1 AND publish_count = 0 AND queue IS NULL)) RETURNING attempt";

constexpr char kMarkSent[] =
    "UPDATE msg_log SET status = 1, confirm_time = ?3, update_time = ?4, "
    "next_try_time = CASE WHEN owner IS NULL THEN NULL ELSE next_try_time END "
    "WHERE msg_id = ?1 AND status = 0 AND publish_count = ?2 AND publish_count > 0 RETURNING typeof(owner) = 'text'";

constexpr char kMarkFailed[] =
    "UPDATE msg_log SET status = 2, last_error = ?3, update_time = ?4, "
    "next_try_time = CASE WHEN owner IS NULL THEN max(?5, ifnull(not_before, ?5)) ELSE next_try_time END "
    "WHERE msg_id = ?1 AND status = 0 AND publish_count = ?2 AND publish_count > 0 "
    "RETURNING typeof(owner) = 'text', attempt";

constexpr char kFindLost[] =
    "SELECT msg_id, attempt FROM msg_log INDEXED BY msg_log_waiting "
    "WHERE status = 1 AND owner IS NULL AND queue <> '' AND queue = ?1 AND (?2 IS NULL OR confirm_time < ?2) "
    "AND (?3 IS NULL OR publish_boot IS NOT ?3) ORDER BY confirm_time LIMIT ?4";

constexpr char kLost[] =
    "UPDATE msg_log SET status = 2, last_error = ?2, update_time = ?3, next_try_time = max(?3, ifnull(not_before, ?3)) "
    "WHERE msg_id = ?1 AND status = 1 AND owner IS NULL";

}  // namespace

VerbAnswer apply(Transaction& tx, const Refuse& write) {
  const auto reason = bounded(write.reason);
  auto refused = tx.db.query(kRefuse, write.id, reason, tx.now);
  if (refused.next()) {
    add_event(tx, write.id, {kEventRefused, refused.small(0), reason});
    return applied(State::kDead);
  }
  return explain(tx, write.id, [&](const Standing& row) {
    return row.status == State::kDead && last_event_kind(tx, write.id) == kEventRefused;
  });
}

VerbAnswer apply(Transaction& tx, const MarkSent& write) {
  auto marked = tx.db.query(kMarkSent, write.id, write.publish_number, write.confirm_time, tx.now);
  if (marked.next()) return applied(State::kSent, marked.integer(0) != 0);
  return explain(tx, write.id, [&](const Standing& row) {
    return row.status == State::kSent && row.publish_count == write.publish_number;
  });
}

VerbAnswer apply(Transaction& tx, const MarkFailed& write) {
  const auto error = bounded(write.error);
  auto marked = tx.db.query(kMarkFailed, write.id, write.publish_number, error, tx.now, tx.now + write.backoff);
  if (marked.next()) {
    add_event(tx, write.id, {write.kind, marked.small(1), error});
    return applied(State::kSendFailed, marked.integer(0) != 0);
  }
  return explain(tx, write.id, [&](const Standing& row) {
    return row.status == State::kSendFailed && row.publish_count == write.publish_number;
  });
}

CountAnswer apply(Transaction& tx, const Lost& write) {
  std::vector<std::pair<MessageId, std::int32_t>> lost;
  {
    auto found = tx.db.query(kFindLost, write.queue, write.confirmed_before, write.published_not_by, write.limit);
    while (found.next()) lost.emplace_back(MessageId{found.string(0)}, found.small(1));
  }
  CountAnswer answer;
  const auto evidence = bounded(write.evidence);
  for (const auto& [id, attempt] : lost) {
    answer.rows += tx.db.run(kLost, id, evidence, tx.now);
    add_event(tx, id, {kEventLost, attempt, evidence});
  }
  return answer;
}

}  // namespace waybill::sqlite
