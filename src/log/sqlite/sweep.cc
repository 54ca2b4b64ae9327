#include "log/sqlite/sweep.h"

#include <vector>

namespace waybill::sqlite {
namespace {

constexpr int kEntriesMax = 10'000;

// The inner query bounds what is looked at, the outer one what is returned; the last entry looked at comes in any case.
constexpr char kEntries[] =
    "SELECT exchange, routing_key, next_try_time, rowid, status, owner IS NOT NULL, not_before, publish_count, "
    "queue IS NULL FROM msg_log INDEXED BY msg_log_due "
    "WHERE status IN (0, 1, 2, 4, 6) AND next_try_time IS NOT NULL "
    "AND (exchange, routing_key, next_try_time, rowid) > (?1, ?2, ?3, ?4) "
    "ORDER BY exchange, routing_key, next_try_time, rowid LIMIT ?5";

constexpr char kPullForward[] =
    "UPDATE msg_log SET next_try_time = max(?3, ifnull(not_before, ?3)), update_time = ?3 "
    "WHERE rowid = ?1 AND next_try_time = ?2 AND status IN (0, 1, 2, 4, 6)";

Duration longest_wait(const Query& row, const Sweep& sweep) {
  if (row.integer(5) != 0) return sweep.lease;
  const bool foreign = row.integer(7) == 0 && row.integer(8) != 0;
  switch (static_cast<State>(row.integer(4))) {
    case State::kSendFailed:
      return foreign ? sweep.sending : sweep.send_failed;
    case State::kConsumeFailed:
    case State::kOutcomeUnknown:
      return sweep.retry;
    case State::kSending:
    case State::kSent:
    case State::kConsumed:
    case State::kDead:
    case State::kCancelled:
      break;
  }
  return sweep.sending;
}

bool is_too_far(const Query& row, const Sweep& sweep, WallTime now) {
  const WallTime explained = now + longest_wait(row, sweep);
  return row.time(2) > std::max(explained, row.optional_time(6).value_or(explained));
}

}  // namespace

void pull_forward(Transaction& tx, const Sweep& sweep, bool with_owned,
                  const std::function<bool(const Route&)>& is_left_alone) {
  std::vector<std::pair<std::int64_t, std::int64_t>> far;  // rowid and the time it had
  int entries = 0;
  {
    SweepPosition& at = tx.sweep;
    auto row = tx.db.query(kEntries, at.route.exchange, at.route.routing_key, at.next_try_time, at.rowid, kEntriesMax);
    while (row.next()) {
      ++entries;
      at = {{row.string(0), row.string(1)}, row.integer(2), row.integer(3)};
      if ((row.integer(5) != 0 && !with_owned) || is_left_alone(at.route)) continue;
      if (is_too_far(row, sweep, tx.now)) far.emplace_back(row.integer(3), row.integer(2));
    }
  }
  if (entries < kEntriesMax) tx.sweep = {};
  for (const auto& [rowid, time] : far) tx.db.run(kPullForward, rowid, time, tx.now);
}

}  // namespace waybill::sqlite
