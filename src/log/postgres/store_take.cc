#include <unordered_map>

#include "log/postgres/postgres_store.h"

namespace waybill::postgres {
namespace {

#define WAYBILL_DUE "m.owner IS NULL AND m.next_try_time IS NOT NULL AND m.status <> 3"

// A row comparison is a seek in the index: a route costs the same however many rows it has.
constexpr Statement kDueRoutes{
    "due_routes",
    "WITH RECURSIVE walk AS ("
    "(SELECT m.exchange, m.routing_key, m.next_try_time, 1 AS number FROM msg_log m WHERE " WAYBILL_DUE
    " AND (m.exchange, m.routing_key) >= ($1, $2) ORDER BY m.exchange, m.routing_key, m.next_try_time LIMIT 1) "
    "UNION ALL "
    "SELECT next.exchange, next.routing_key, next.next_try_time, walk.number + 1 FROM walk CROSS JOIN LATERAL "
    "(SELECT m.exchange, m.routing_key, m.next_try_time FROM msg_log m WHERE " WAYBILL_DUE
    " AND (m.exchange, m.routing_key) > (walk.exchange, walk.routing_key) "
    "ORDER BY m.exchange, m.routing_key, m.next_try_time LIMIT 1) next WHERE walk.number < $3::bigint) "
    "SELECT exchange, routing_key, next_try_time FROM walk ORDER BY number"};

constexpr Statement kCandidates{
    "candidates",
    "SELECT t.number, c.* FROM unnest($1::text[], $2::text[], $3::timestamp[], $4::smallint[], $5::bigint[], "
    "$6::bigint[]) WITH ORDINALITY AS t (exchange, routing_key, after_time, after_status, after_arrival, wanted, "
    "number) "
    "CROSS JOIN LATERAL (SELECT m.msg_id, m.arrival, m.next_try_time, m.status, m.publish_count, m.queue, m.digest, "
    "m.crash_count, m.body IS NOT NULL, coalesce(octet_length(m.body), octet_length(m.msg)), m.content_type, "
    "m.retry_policy, CASE WHEN octet_length(m.headers) <= 1000000 THEN m.headers WHEN m.headers IS NOT NULL THEN "
    "left(m.headers, 1000000) END "
    "FROM msg_log m WHERE " WAYBILL_DUE
    " AND m.exchange = t.exchange AND m.routing_key = t.routing_key AND m.next_try_time <= $7 "
    "AND (m.next_try_time, m.status, m.arrival) > (t.after_time, t.after_status, t.after_arrival) "
    "AND (m.crash_count = 0 OR $8) "
    "ORDER BY m.next_try_time, m.status, m.arrival LIMIT t.wanted FOR UPDATE SKIP LOCKED) c ORDER BY t.number"};

constexpr Statement kTake{
    "take",
    "UPDATE msg_log m SET status = 0, next_try_time = $4, not_before = NULL, publish_count = m.publish_count + 1, "
    "publish_boot = $5, publish_time = $3, confirm_time = NULL, queue = coalesce(m.queue, w.queue), update_time = $3 "
    "FROM unnest($1::text[], $2::text[], $6::boolean[]) AS w (id, queue, with_body) WHERE m.msg_id = w.id AND m.owner "
    "IS NULL "
    "AND m.status <> 3 AND m.status <> 5 AND m.status <> 7 RETURNING m.msg_id, "
    "CASE WHEN w.with_body THEN m.msg END, CASE WHEN w.with_body THEN m.body END"};

constexpr Statement kNextDue{
    "next_due",
    "SELECT min(n.next_try_time) FROM unnest($1::text[], $2::text[]) AS r (exchange, routing_key) CROSS JOIN LATERAL "
    "(SELECT m.next_try_time FROM msg_log m WHERE " WAYBILL_DUE
    " AND m.exchange = r.exchange AND m.routing_key = r.routing_key AND m.next_try_time > $3 "
    "ORDER BY m.next_try_time LIMIT 1) n"};

}  // namespace

std::vector<rows::DueRoute> PostgresStore::due_routes(const std::optional<Route>& after,
                                                      const std::optional<Route>& last, std::size_t limit) {
  // No text stands between a key and the same with the least character behind it.
  const Route from = after ? Route{after->exchange, after->routing_key + '\x01'} : Route{};
  const Rows found =
      db_.ask(kDueRoutes, Params().add(from.exchange).add(from.routing_key).add(static_cast<std::int64_t>(limit)));
  std::vector<rows::DueRoute> routes;
  for (int i = 0; i < found.size(); ++i) {
    rows::DueRoute entry{{found.string(i, 0), found.string(i, 1)}, found.time(i, 2)};
    if (last && entry.route > *last) break;
    routes.push_back(std::move(entry));
  }
  return routes;
}

std::vector<rows::Candidate> PostgresStore::candidates(const std::vector<rows::Turn>& turns, WallTime now,
                                                       bool with_crashed) {
  Array exchanges(Type::kText);
  Array routing_keys(Type::kText);
  Array times(Type::kTimestamp);
  Array states(Type::kSmall);
  Array arrivals(Type::kBig);
  Array wanted(Type::kBig);
  for (const rows::Turn& turn : turns) {
    exchanges.add(turn.route.exchange);
    routing_keys.add(turn.route.routing_key);
    times.add(turn.after_time);
    states.add(turn.after_status);
    arrivals.add(turn.after_arrival);
    wanted.add(turn.wanted);
  }
  const Rows found = db_.ask(kCandidates, Params()
                                              .add(exchanges)
                                              .add(routing_keys)
                                              .add(times)
                                              .add(states)
                                              .add(arrivals)
                                              .add(wanted)
                                              .add(now)
                                              .add(with_crashed));
  std::vector<rows::Candidate> candidates;
  for (int i = 0; i < found.size(); ++i) {
    rows::Candidate& c = candidates.emplace_back();
    c.turn = static_cast<std::size_t>(found.integer(i, 0)) - 1;
    c.id.value = found.string(i, 1);
    c.arrival = found.integer(i, 2);
    c.next_try_time = found.time(i, 3);
    c.status = static_cast<State>(found.small(i, 4));
    c.publish_count = found.integer(i, 5);
    if (auto queue = found.optional_string(i, 6)) c.queue = QueueName{*std::move(queue)};
    c.digest = found.optional_digest(i, 7);
    c.crash_count = found.small(i, 8);
    c.binary = found.boolean(i, 9);
    c.bytes = static_cast<std::size_t>(found.integer(i, 10));
    c.content_type = found.string(i, 11);
    c.retry_policy = found.optional_string(i, 12);
    c.headers = found.optional_string(i, 13);
  }
  return candidates;
}

std::vector<Body> PostgresStore::take(const std::vector<rows::Candidate>& chosen, const std::vector<QueueName>& queues,
                                      WallTime now, WallTime due_again, BootNonce boot) {
  Array ids(Type::kText);
  Array decided(Type::kText);
  Array with_body(Type::kBool);
  for (const auto& candidate : chosen) {
    ids.add(candidate.id);
    with_body.add(!candidate.leave_body);
  }
  for (const QueueName& queue : queues) decided.add(queue);
  const Rows taken = db_.ask(
      kTake,
      Params().add(ids).add(decided).add(now).add(due_again).add(static_cast<std::int64_t>(boot.value)).add(with_body));
  std::unordered_map<std::string, Body> by_id;
  for (int i = 0; i < taken.size(); ++i) {
    const bool binary = !taken.is_null(i, 2);
    const int column = binary ? 2 : 1;
    by_id.emplace(taken.string(i, 0), taken.is_null(i, column) ? Body() : Body(taken.string(i, column), binary));
  }
  std::vector<Body> bodies;
  for (const auto& candidate : chosen) {
    const auto found = by_id.find(candidate.id.value);
    if (found == by_id.end()) {
      db_.fail({Failure::Scope::kTransaction,
                make_error(ErrorClass::kRetry, "a row was changed by another session while it was taken")});
      return {};
    }
    bodies.push_back(std::move(found->second));
  }
  return bodies;
}

std::optional<WallTime> PostgresStore::next_due(const std::vector<Route>& routes, std::optional<WallTime> from) {
  Array exchanges(Type::kText);
  Array routing_keys(Type::kText);
  for (const Route& route : routes) {
    exchanges.add(route.exchange);
    routing_keys.add(route.routing_key);
  }
  const Rows next = db_.ask(kNextDue, Params().add(exchanges).add(routing_keys).add(from.value_or(WallTime::min())));
  return next.size() > 0 ? next.optional_time(0, 0) : std::nullopt;
}

}  // namespace waybill::postgres
