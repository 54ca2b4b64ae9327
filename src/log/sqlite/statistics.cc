#include "log/sqlite/statistics.h"

#include <algorithm>

namespace waybill::sqlite {
namespace {

// Every row is in exactly one of these and `finished_count`: state 6 is counted by the third alone.
constexpr char kDue[] =
    "SELECT status, rowid FROM msg_log INDEXED BY msg_log_due "
    "WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3";
constexpr char kOpenAttempts[] =
    "SELECT status, rowid FROM msg_log INDEXED BY msg_log_open_attempt WHERE owner IS NOT NULL";
constexpr char kForAttention[] =
    "SELECT count(*), min(rowid) FROM msg_log INDEXED BY msg_log_attention WHERE status IN (5, 6) AND status = ?1";
constexpr char kWaiting[] =
    "SELECT count(*), min(rowid) FROM msg_log INDEXED BY msg_log_waiting "
    "WHERE status = 1 AND owner IS NULL AND queue <> ''";

constexpr char kFinished[] = "SELECT status, rows FROM finished_count";

constexpr char kPossibleRepeats[] =
    "SELECT ifnull(sum(lapse_count), 0), ifnull(sum(unknown_count), 0) FROM msg_log INDEXED BY msg_log_counted "
    "WHERE lapse_count > 0 OR unknown_count > 0";

/// The rows of one state, and the first of them to arrive of those that are not finished.
struct StateRows {
  std::int64_t rows = 0;
  std::optional<std::int64_t> first;

  void add(std::int64_t more, std::int64_t rowid) {
    rows += more;
    first = std::min(first.value_or(rowid), rowid);
  }
};
using AllStates = std::array<StateRows, kStateCount>;

StateRows& of(AllStates& states, State state) { return states[static_cast<std::size_t>(state)]; }

void add_each(AllStates& states, Query rows) {
  while (rows.next()) {
    const auto state = static_cast<State>(rows.integer(0));
    if (state != State::kOutcomeUnknown) of(states, state).add(1, rows.integer(1));
  }
}

void add_group(AllStates& states, State state, Query group) {
  if (group.next() && group.integer(0) > 0) of(states, state).add(group.integer(0), group.integer(1));
}

AllStates read_states(Connection& db) {
  AllStates states;
  add_each(states, db.query(kDue));
  add_each(states, db.query(kOpenAttempts));
  for (const State state : {State::kDead, State::kOutcomeUnknown}) {
    add_group(states, state, db.query(kForAttention, static_cast<int>(state)));
  }
  add_group(states, State::kSent, db.query(kWaiting));
  auto finished = db.query(kFinished);
  while (finished.next()) of(states, static_cast<State>(finished.integer(0))).rows += finished.integer(1);
  return states;
}

}  // namespace

std::array<std::int64_t, kStateCount> count_states(Connection& db) {
  std::array<std::int64_t, kStateCount> counts{};
  const AllStates states = read_states(db);
  std::ranges::transform(states, counts.begin(), &StateRows::rows);
  return counts;
}

LogStats read_stats(Connection& db) {
  LogStats stats;
  const AllStates states = read_states(db);
  std::optional<std::int64_t> first_open;
  for (const State state : kAllStates) {
    const StateRows& rows = states[static_cast<std::size_t>(state)];
    stats.rows_by_state.push_back(rows.rows);
    auto& oldest = stats.oldest_by_state.emplace_back();
    if (!rows.first) continue;
    auto created = db.query("SELECT create_time FROM msg_log WHERE rowid = ?1", *rows.first);
    if (created.next()) oldest = created.time(0);
    if (!kOpenStates.has(state) || rows.first > first_open.value_or(*rows.first)) continue;
    first_open = rows.first;
    stats.oldest_open = oldest;
  }
  auto sums = db.query(kPossibleRepeats);
  if (sums.next()) {
    stats.lapses = sums.integer(0);
    stats.unknowns = sums.integer(1);
  }
  return stats;
}

}  // namespace waybill::sqlite
