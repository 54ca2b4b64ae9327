#include "log/mariadb/statistics.h"

#include <algorithm>

#include "log/mariadb/mariadb_store.h"

namespace waybill::mariadb {
namespace {

// Every row is in one place of the index; what is in the place 5, finished, is kept counted.
constexpr char kOpen[] =
    "SELECT status, COUNT(*), MIN(arrival) FROM msg_log FORCE INDEX (msg_log_place) WHERE place < 5 GROUP BY status";
constexpr char kKept[] =
    "SELECT kind, SUM(amount) FROM (SELECT kind, amount FROM kept_count UNION ALL SELECT kind, amount FROM "
    "count_change) "
    "AS counted GROUP BY kind";
constexpr char kCreated[] =
    "SELECT arrival, create_time FROM msg_log FORCE INDEX (msg_log_arrival) WHERE arrival IN (?)";

/// The rows of one state, and the first of them to arrive of those that are not finished.
struct StateRows {
  std::int64_t rows = 0;
  std::optional<std::int64_t> first;
};
struct Counted {
  std::array<StateRows, kStateCount> states;
  std::int64_t lapses = 0;
  std::int64_t unknowns = 0;
};

Counted read_counts(Connection& db) {
  db.send(kOpen);
  db.send(kKept);
  const auto results = db.receive();
  Counted counted;
  if (db.failed()) return counted;
  for (int i = 0; i < results[0].size(); ++i) {
    counted.states[static_cast<std::size_t>(results[0].small(i, 0))] = {results[0].integer(i, 1),
                                                                        results[0].integer(i, 2)};
  }
  for (int i = 0; i < results[1].size(); ++i) {
    const int kind = results[1].small(i, 0);
    const std::int64_t amount = results[1].integer(i, 1);
    if (kind == kLapses) {
      counted.lapses = amount;
    } else if (kind == kUnknowns) {
      counted.unknowns = amount;
    } else {
      counted.states[static_cast<std::size_t>(kind)].rows += amount;
    }
  }
  return counted;
}

}  // namespace

std::array<std::int64_t, kStateCount> count_states(Connection& db) {
  std::array<std::int64_t, kStateCount> counts{};
  const Counted counted = read_counts(db);
  std::ranges::transform(counted.states, counts.begin(), &StateRows::rows);
  return counts;
}

LogStats read_stats(Connection& db) {
  const Counted counted = read_counts(db);
  List firsts;
  for (const StateRows& rows : counted.states) {
    if (rows.first) firsts.add(*rows.first);
  }
  const Rows created = firsts.empty() || db.failed() ? Rows() : db.ask(sql(kCreated, firsts));
  LogStats stats;
  if (db.failed()) return stats;
  std::optional<std::int64_t> first_open;
  for (const State state : kAllStates) {
    const StateRows& rows = counted.states[static_cast<std::size_t>(state)];
    stats.rows_by_state.push_back(rows.rows);
    auto& oldest = stats.oldest_by_state.emplace_back();
    for (int i = 0; rows.first && i < created.size(); ++i) {
      if (created.integer(i, 0) == *rows.first) oldest = created.time(i, 1);
    }
    if (!oldest || !kOpenStates.has(state) || rows.first > first_open.value_or(*rows.first)) continue;
    first_open = rows.first;
    stats.oldest_open = oldest;
  }
  stats.lapses = counted.lapses;
  stats.unknowns = counted.unknowns;
  return stats;
}

}  // namespace waybill::mariadb
