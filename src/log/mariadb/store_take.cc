#include <map>
#include <unordered_map>

#include "log/mariadb/mariadb_store.h"
#include "log/mariadb/row_columns.h"

namespace waybill::mariadb {
namespace {

// Of the place 1, due.
constexpr int kEntriesAtOnce = 64;
constexpr char kDueRoutes[] =
    "SELECT place_exchange, place_key, place_time FROM msg_log FORCE INDEX (msg_log_place) WHERE place = 1 "
    "AND (place_exchange > ? OR (place_exchange = ? AND place_key > ?)) "
    "ORDER BY place, place_exchange, place_key, place_time LIMIT ?";
// The very first: no key stands before an empty one.
constexpr char kFirstDueRoutes[] =
    "SELECT place_exchange, place_key, place_time FROM msg_log FORCE INDEX (msg_log_place) WHERE place = 1 "
    "ORDER BY place, place_exchange, place_key, place_time LIMIT ?";

// Headers that are longer are refused, whatever stands in them.
constexpr char kCandidates[] =
    "SELECT m.msg_id, m.arrival, m.next_try_time, m.status, m.publish_count, m.queue, m.digest, m.crash_count, "
    "m.body IS NOT NULL, " WAYBILL_BODY_SIZE
    ", m.content_type, m.retry_policy, LEFT(m.headers, 1000000) "
    "FROM msg_log m FORCE INDEX (msg_log_place) WHERE m.place = 1 AND m.place_exchange = ? AND m.place_key = ? "
    "AND m.place_time <= ? AND (m.place_time > ? OR (m.place_time = ? AND (m.status > ? OR (m.status = ? "
    "AND m.arrival > ?)))) ? ORDER BY m.place_time, m.status, m.arrival LIMIT ? FOR UPDATE SKIP LOCKED";

constexpr char kTake[] =
    "UPDATE msg_log FORCE INDEX (PRIMARY) SET status = 0, next_try_time = ?, not_before = NULL, "
    "publish_count = publish_count + 1, publish_boot = ?, publish_time = ?, confirm_time = NULL, "
    "queue = CASE WHEN queue IS NULL THEN ? ELSE queue END, update_time = ? WHERE msg_id IN (?) AND owner IS NULL "
    "AND status <> 3 AND status <> 5 AND status <> 7";
constexpr char kBodies[] = "SELECT m.msg_id, m.msg, m.body FROM msg_log m FORCE INDEX (PRIMARY) WHERE m.msg_id IN (?)";

constexpr char kNextDue[] =
    "SELECT place_time FROM msg_log FORCE INDEX (msg_log_place) WHERE place = 1 AND place_exchange = ? "
    "AND place_key = ? AND place_time > ? ORDER BY place_time LIMIT 1";

/// A part of a statement, that is no value.
struct Condition {
  const char* text;
};
void append(std::string& out, Condition value) { out += value.text; }

std::string candidates_of(const rows::Turn& turn, WallTime now, bool with_crashed) {
  const Condition crashed{with_crashed ? "" : "AND m.crash_count = 0"};
  return sql(kCandidates, turn.route.exchange, turn.route.routing_key, now, turn.after_time, turn.after_time,
             turn.after_status, turn.after_status, turn.after_arrival, crashed, turn.wanted);
}

rows::Candidate candidate_from(const Rows& found, int i) {
  rows::Candidate c;
  c.id.value = found.string(i, 0);
  c.arrival = found.integer(i, 1);
  c.next_try_time = found.time(i, 2);
  c.status = static_cast<State>(found.small(i, 3));
  c.publish_count = found.integer(i, 4);
  if (auto queue = found.optional_string(i, 5)) c.queue = QueueName{*std::move(queue)};
  c.digest = found.optional_digest(i, 6);
  c.crash_count = found.small(i, 7);
  c.binary = found.boolean(i, 8);
  c.bytes = static_cast<std::size_t>(found.integer(i, 9));
  c.content_type = found.string(i, 10);
  c.retry_policy = found.optional_string(i, 11);
  c.headers = found.optional_string(i, 12);
  return c;
}

}  // namespace

// The server cannot seek from one route to the next in one statement; so a few entries are read at once, and the next
// statement begins beyond the last route among them.
std::vector<rows::DueRoute> MariadbStore::due_routes(const std::optional<Route>& after,
                                                     const std::optional<Route>& last, std::size_t limit) {
  std::vector<rows::DueRoute> routes;
  auto beyond = after;
  while (routes.size() < limit && !failed()) {
    const Rows found =
        db_.ask(beyond ? sql(kDueRoutes, beyond->exchange, beyond->exchange, beyond->routing_key, kEntriesAtOnce)
                       : sql(kFirstDueRoutes, kEntriesAtOnce));
    for (int i = 0; i < found.size() && routes.size() < limit; ++i) {
      rows::DueRoute entry{{found.string(i, 0), found.string(i, 1)}, found.time(i, 2)};
      if (last && entry.route > *last) return routes;
      if (beyond == entry.route) continue;
      beyond = entry.route;
      routes.push_back(std::move(entry));
    }
    if (found.size() < kEntriesAtOnce) break;
  }
  return routes;
}

std::vector<rows::Candidate> MariadbStore::candidates(const std::vector<rows::Turn>& turns, WallTime now,
                                                      bool with_crashed) {
  for (const rows::Turn& turn : turns) db_.send(candidates_of(turn, now, with_crashed));
  const auto results = db_.receive();
  std::vector<rows::Candidate> candidates;
  if (failed()) return candidates;
  for (std::size_t turn = 0; turn < results.size(); ++turn) {
    for (int i = 0; i < results[turn].size(); ++i) {
      candidates.push_back(candidate_from(results[turn], i));
      candidates.back().turn = turn;
    }
  }
  return candidates;
}

std::vector<Body> MariadbStore::take(const std::vector<rows::Candidate>& chosen, const std::vector<QueueName>& queues,
                                     WallTime now, WallTime due_again, BootNonce boot) {
  ledger_.has_written = true;
  List loaded;
  std::size_t bodies_wanted = 0;
  std::map<QueueName, List> by_queue;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (!chosen[i].leave_body) {
      loaded.add(chosen[i].id);
      ++bodies_wanted;
    }
    by_queue[queues[i]].add(chosen[i].id);
  }
  for (const auto& [queue, of_queue] : by_queue) db_.send(sql(kTake, due_again, boot, now, queue, now, of_queue));
  if (bodies_wanted > 0) db_.send(sql(kBodies, loaded));
  const auto results = db_.receive();
  if (failed()) return {};
  std::int64_t taken = 0;
  for (std::size_t i = 0; i < by_queue.size(); ++i) taken += results[i].affected();
  const Rows& bodies = results.back();
  std::unordered_map<std::string_view, int> by_id;
  for (int i = 0; bodies_wanted > 0 && i < bodies.size(); ++i) by_id.emplace(bodies.text(i, 0), i);
  if (taken != std::ssize(chosen) || by_id.size() != bodies_wanted) {
    db_.fail({Failure::Scope::kTransaction,
              make_error(ErrorClass::kRetry, "a row was changed by another session while it was taken")});
    return {};
  }
  std::vector<Body> in_order;
  in_order.reserve(chosen.size());
  for (const auto& candidate : chosen) {
    if (candidate.leave_body) {
      in_order.emplace_back();
      continue;
    }
    const int row = by_id.at(candidate.id.value);
    const bool binary = !bodies.is_null(row, 2);
    in_order.emplace_back(bodies.string(row, binary ? 2 : 1), binary);
  }
  return in_order;
}

std::optional<WallTime> MariadbStore::next_due(const std::vector<Route>& routes, std::optional<WallTime> from) {
  for (const Route& route : routes) {
    db_.send(sql(kNextDue, route.exchange, route.routing_key, from.value_or(WallTime::min())));
  }
  std::optional<WallTime> next;
  for (const Rows& found : db_.receive()) {
    if (found.size() > 0) next = std::min(next.value_or(found.time(0, 0)), found.time(0, 0));
  }
  return next;
}

}  // namespace waybill::mariadb
