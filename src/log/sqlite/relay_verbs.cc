#include <algorithm>
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
    "WHERE rowid = ?1 AND owner IS NULL AND next_try_time IS NOT NULL "
    "AND (status = 0 OR status = 2 OR status = 4 OR status = 6 "
    "OR (status = 1 AND publish_count = 0 AND queue IS NULL))";

constexpr char kMarkSent[] =
    "UPDATE msg_log SET status = 1, confirm_time = ?3, update_time = ?4, "
    "next_try_time = CASE WHEN owner IS NULL THEN NULL ELSE next_try_time END "
    "WHERE rowid = ?1 AND status = 0 AND publish_count = ?2 AND publish_count > 0";

constexpr char kMarkFailed[] =
    "UPDATE msg_log SET status = 2, last_error = ?3, update_time = ?4, "
    "next_try_time = CASE WHEN owner IS NULL THEN max(?5, ifnull(not_before, ?5)) ELSE next_try_time END "
    "WHERE rowid = ?1 AND status = 0 AND publish_count = ?2 AND publish_count > 0";

constexpr char kNextQueue[] =
    "SELECT queue FROM msg_log INDEXED BY msg_log_waiting "
    "WHERE status = 1 AND owner IS NULL AND queue <> '' AND queue > ?1 ORDER BY queue LIMIT 1";

constexpr char kFindLost[] =
    "SELECT rowid, msg_id, attempt FROM msg_log INDEXED BY msg_log_waiting "
    "WHERE status = 1 AND owner IS NULL AND queue <> '' AND queue = ?1 AND confirm_time > ?2 AND confirm_time < ?3 "
    "AND (?4 IS NULL OR publish_boot IS NOT ?4) ORDER BY confirm_time LIMIT ?5";

constexpr char kLost[] =
    "UPDATE msg_log SET status = 2, last_error = ?2, update_time = ?3, next_try_time = max(?3, ifnull(not_before, ?3)) "
    "WHERE rowid = ?1 AND status = 1 AND owner IS NULL";

struct LostRow {
  std::int64_t rowid = 0;
  MessageId id;
  std::int32_t attempt = 0;
};

// The queue that rows wait in next after this one, in the order of the names.
std::optional<QueueName> queue_after(Transaction& tx, const QueueName& queue) {
  auto next = tx.db.query(kNextQueue, queue);
  return next.next() ? std::optional(QueueName{next.string(0)}) : std::nullopt;
}

void find_lost(Transaction& tx, const Lost& write, const QueueName& queue, std::vector<LostRow>& lost) {
  const auto find_between = [&](WallTime after, WallTime before) {
    auto row = tx.db.query(kFindLost, queue, after, before, write.published_not_by,
                           write.limit - static_cast<int>(lost.size()));
    while (row.next()) lost.push_back({row.integer(0), MessageId{row.string(1)}, row.small(2)});
  };
  const WallTime before = write.confirmed_before.value_or(WallTime::max());
  find_between(WallTime::min(), before);
  find_between(std::max(tx.now + Lost::kAhead, before - Duration{1}), WallTime::max());
}

}  // namespace

VerbAnswer apply(Transaction& tx, const Refuse& write) {
  const auto row = find_row(tx, write.id);
  if (!row) return {.kind = VerbAnswer::Kind::kUnknownId};
  const auto reason = bounded(write.reason);
  if (tx.db.run(kRefuse, row->rowid, reason, tx.now) == 1) {
    add_event(tx, write.id, {kEventRefused, row->attempt, reason});
    return applied(State::kDead);
  }
  return explain(tx, write.id, [&](const Standing& standing) {
    return standing.status == State::kDead && last_event_kind(tx, write.id) == kEventRefused;
  });
}

VerbAnswer apply(Transaction& tx, const MarkSent& write) {
  const auto row = find_row(tx, write.id);
  if (!row) return {.kind = VerbAnswer::Kind::kUnknownId};
  if (tx.db.run(kMarkSent, row->rowid, write.publish_number, write.confirm_time, tx.now) == 1) {
    if (row->external && !row->owned) tx.finished.enter(State::kSent);
    return applied(State::kSent, row->owned);
  }
  return explain(tx, write.id, [&](const Standing& standing) {
    return standing.status == State::kSent && standing.publish_count == write.publish_number;
  });
}

VerbAnswer apply(Transaction& tx, const MarkFailed& write) {
  const auto row = find_row(tx, write.id);
  if (!row) return {.kind = VerbAnswer::Kind::kUnknownId};
  const auto error = bounded(write.error);
  if (tx.db.run(kMarkFailed, row->rowid, write.publish_number, error, tx.now, tx.now + write.backoff) == 1) {
    add_event(tx, write.id, {write.kind, row->attempt, error});
    return applied(State::kSendFailed, row->owned);
  }
  return explain(tx, write.id, [&](const Standing& standing) {
    return standing.status == State::kSendFailed && standing.publish_count == write.publish_number;
  });
}

CountAnswer apply(Transaction& tx, const Lost& write) {
  std::vector<LostRow> lost;
  if (write.queue) {
    find_lost(tx, write, *write.queue, lost);
  } else {
    for (auto queue = queue_after(tx, {}); queue && std::ssize(lost) < write.limit; queue = queue_after(tx, *queue)) {
      find_lost(tx, write, *queue, lost);
    }
  }
  CountAnswer answer;
  const auto evidence = bounded(write.evidence);
  for (const LostRow& row : lost) {
    answer.rows += tx.db.run(kLost, row.rowid, evidence, tx.now);
    add_event(tx, row.id, {kEventLost, row.attempt, evidence});
  }
  return answer;
}

}  // namespace waybill::sqlite
