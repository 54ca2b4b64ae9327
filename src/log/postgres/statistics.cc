#include "log/postgres/statistics.h"

#include <algorithm>

namespace waybill::postgres {
namespace {

// Every row is in exactly one of these and in the counts of finished rows: state 6 is counted by the third alone.
constexpr Statement kOpen{
    "count_open",
    "SELECT status, count(*), min(arrival) FROM msg_log "
    "WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3 GROUP BY status "
    "UNION ALL SELECT status, count(*), min(arrival) FROM msg_log WHERE owner IS NOT NULL GROUP BY status"};
constexpr Statement kAttention{
    "count_attention",
    "SELECT status, count(*), min(arrival) FROM msg_log WHERE status = 5 OR status = 6 GROUP BY status"};
constexpr Statement kWaiting{"count_waiting",
                             "SELECT 1::smallint, count(*), min(arrival) FROM msg_log "
                             "WHERE status = 1 AND owner IS NULL AND queue <> ''"};
constexpr Statement kFinished{
    "finished_counts",
    "SELECT status, sum(rows)::bigint FROM (SELECT status, rows FROM finished_count UNION ALL "
    "SELECT status, rows FROM finished_change) AS counted GROUP BY status"};
constexpr Statement kRepeats{"possible_repeats",
                             "SELECT coalesce(sum(lapse_count), 0)::bigint, coalesce(sum(unknown_count), 0)::bigint "
                             "FROM msg_log WHERE lapse_count > 0 OR unknown_count > 0"};
constexpr Statement kCreated{"created",
                             "SELECT m.arrival, m.create_time FROM unnest($1::bigint[]) AS w (arrival) "
                             "JOIN msg_log m ON m.arrival = w.arrival"};

/// The rows of one state, and the first of them to arrive of those that are not finished.
struct StateRows {
  std::int64_t rows = 0;
  std::optional<std::int64_t> first;
};
using AllStates = std::array<StateRows, kStateCount>;

void add(AllStates& states, const Rows& groups, bool with_unknown) {
  for (int i = 0; i < groups.size(); ++i) {
    const auto state = static_cast<State>(groups.small(i, 0));
    if (groups.integer(i, 1) == 0 || (state == State::kOutcomeUnknown && !with_unknown)) continue;
    StateRows& rows = states[static_cast<std::size_t>(state)];
    rows.rows += groups.integer(i, 1);
    rows.first = std::min(rows.first.value_or(groups.integer(i, 2)), groups.integer(i, 2));
  }
}

AllStates read_states(Connection& db) {
  for (const Statement* statement : {&kOpen, &kAttention, &kWaiting, &kFinished}) db.send(*statement);
  const auto results = db.receive();
  AllStates states;
  if (db.failed()) return states;
  add(states, results[0], false);
  add(states, results[1], true);
  add(states, results[2], true);
  for (int i = 0; i < results[3].size(); ++i) {
    states[static_cast<std::size_t>(results[3].small(i, 0))].rows += results[3].integer(i, 1);
  }
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
  const AllStates states = read_states(db);
  Array firsts(Type::kBig);
  for (const StateRows& rows : states) {
    if (rows.first) firsts.add(*rows.first);
  }
  db.send(kCreated, Params().add(firsts));
  db.send(kRepeats);
  const auto results = db.receive();
  LogStats stats;
  if (db.failed()) return stats;
  std::optional<std::int64_t> first_open;
  for (const State state : kAllStates) {
    const StateRows& rows = states[static_cast<std::size_t>(state)];
    stats.rows_by_state.push_back(rows.rows);
    auto& oldest = stats.oldest_by_state.emplace_back();
    for (int i = 0; rows.first && i < results[0].size(); ++i) {
      if (results[0].integer(i, 0) == *rows.first) oldest = results[0].time(i, 1);
    }
    if (!oldest || !kOpenStates.has(state) || rows.first > first_open.value_or(*rows.first)) continue;
    first_open = rows.first;
    stats.oldest_open = oldest;
  }
  stats.lapses = results[1].integer(0, 0);
  stats.unknowns = results[1].integer(0, 1);
  return stats;
}

}  // namespace waybill::postgres
