#include "log/sqlite/sweep.h"

#include <vector>

namespace waybill::sqlite {
namespace {

constexpr int kEntriesMax = 10'000;

constexpr char kEntries[] =
    "SELECT exchange, routing_key, next_try_time, rowid, status, not_before, publish_count = 0 AND queue IS NULL "
    "FROM msg_log INDEXED BY msg_log_due "
    "WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3 "
    "AND (exchange, routing_key, next_try_time, status, rowid) > (?1, ?2, ?3, ?4, ?5) "
    "ORDER BY exchange, routing_key, next_try_time, status, rowid LIMIT ?6";

// The claim nulls `not_before`: nothing but the lease explains an open attempt's time.
constexpr char kLongLeases[] =
    "SELECT exchange, routing_key, next_try_time, rowid FROM msg_log INDEXED BY msg_log_open_attempt "
    "WHERE owner IS NOT NULL AND next_try_time > ?1 LIMIT ?2";

constexpr char kPullForward[] =
    "UPDATE msg_log SET next_try_time = max(?3, ifnull(not_before, ?3)), update_time = ?3 "
    "WHERE rowid = ?1 AND next_try_time = ?2 AND status <> 3 AND status <> 5 AND status <> 7";

// A row and the time that it had.
using FarRow = std::pair<std::int64_t, std::int64_t>;

Duration longest_wait(State status, bool foreign, const Sweep& sweep) {
  switch (status) {
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
  const bool foreign = row.integer(6) != 0;
  const WallTime explained = now + longest_wait(static_cast<State>(row.integer(4)), foreign, sweep);
  return row.time(2) > std::max(explained, row.optional_time(5).value_or(explained));
}

void find_unowned(Transaction& tx, const Sweep& sweep, const std::function<bool(const Route&)>& is_left_alone,
                  std::vector<FarRow>& far) {
  SweepPosition& at = tx.sweep;
  int entries = 0;
  auto row = tx.db.query(kEntries, at.route.exchange, at.route.routing_key, at.next_try_time, at.status, at.rowid,
                         kEntriesMax);
  while (row.next()) {
    ++entries;
    at = {{row.string(0), row.string(1)}, row.integer(2), row.small(4), row.integer(3)};
    if (!is_left_alone(at.route) && is_too_far(row, sweep, tx.now)) far.emplace_back(row.integer(3), row.integer(2));
  }
  if (entries < kEntriesMax) at = {};
}

void find_leases(Transaction& tx, const Sweep& sweep, const std::function<bool(const Route&)>& is_left_alone,
                 std::vector<FarRow>& far) {
  auto row = tx.db.query(kLongLeases, tx.now + sweep.lease, kEntriesMax);
  while (row.next()) {
    if (is_left_alone({row.string(0), row.string(1)})) continue;
    far.emplace_back(row.integer(3), row.integer(2));
  }
}

}  // namespace

void pull_forward(Transaction& tx, const Sweep& sweep, bool with_owned,
                  const std::function<bool(const Route&)>& is_left_alone) {
  std::vector<FarRow> far;
  find_unowned(tx, sweep, is_left_alone, far);
  if (with_owned) find_leases(tx, sweep, is_left_alone, far);
  for (const auto& [rowid, time] : far) tx.db.run(kPullForward, rowid, time, tx.now);
}

}  // namespace waybill::sqlite
