#include "log/postgres/postgres_store.h"

#include <algorithm>

#include "log/rows/sweep.h"

namespace waybill::postgres {
namespace {

constexpr Statement kNextQueue{
    "next_queue",
    "SELECT queue FROM msg_log WHERE status = 1 AND owner IS NULL AND queue <> '' AND queue > $1 "
    "ORDER BY queue LIMIT 1"};
constexpr Statement kFindLost{
    "find_lost",
    "SELECT msg_id FROM msg_log WHERE status = 1 AND owner IS NULL AND queue <> '' AND queue = $1 "
    "AND confirm_time > $2 AND confirm_time < $3 AND ($4::bigint IS NULL OR publish_boot IS DISTINCT FROM $4) "
    "ORDER BY confirm_time LIMIT $5 FOR UPDATE SKIP LOCKED"};

// '$' follows '#': all owners of the instance, and of instances whose names go on with '#'.
constexpr Statement kFindAttempts{
    "find_attempts",
    "SELECT msg_id, owner FROM msg_log WHERE owner IS NOT NULL AND owner <> $1 "
    "AND owner >= $2::text || '#' AND owner < $2::text || '$' ORDER BY next_try_time LIMIT $3 FOR UPDATE SKIP LOCKED"};

#define WAYBILL_NOT_LEFT_ALONE                                                                    \
  "NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS left_alone (exchange, routing_key) " \
  "WHERE left_alone.exchange = m.exchange AND left_alone.routing_key = m.routing_key)"
constexpr Statement kFindLapsed{"find_lapsed",
                                "SELECT m.msg_id FROM msg_log m WHERE m.owner IS NOT NULL AND m.next_try_time <= $1 "
                                "AND " WAYBILL_NOT_LEFT_ALONE
                                " ORDER BY m.next_try_time LIMIT $4 FOR UPDATE OF m SKIP LOCKED"};
constexpr Statement kNextLeaseEnd{
    "next_lease_end",
    "SELECT m.next_try_time FROM msg_log m WHERE m.owner IS NOT NULL AND m.next_try_time > $1 "
    "AND " WAYBILL_NOT_LEFT_ALONE " ORDER BY m.next_try_time LIMIT 1"};

constexpr int kSweepEntries = 10'000;
constexpr Statement kSweep{
    "sweep",
    "SELECT exchange, routing_key, next_try_time, status, arrival, msg_id, not_before, "
    "publish_count = 0 AND queue IS NULL FROM msg_log "
    "WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3 "
    "AND (exchange, routing_key, next_try_time, status, arrival) > ($1, $2, $3, $4::integer, $5) "
    "ORDER BY exchange, routing_key, next_try_time, status, arrival LIMIT $6"};
// The claim nulls `not_before`: nothing but the lease explains an open attempt's time.
constexpr Statement kLongLeases{"long_leases",
                                "SELECT m.msg_id FROM msg_log m WHERE m.owner IS NOT NULL AND m.next_try_time > $1 "
                                "AND " WAYBILL_NOT_LEFT_ALONE " LIMIT $4"};
constexpr Statement kPullForward{
    "pull_forward",
    "WITH far AS MATERIALIZED (SELECT m.msg_id FROM unnest($1::text[], $2::boolean[]) AS w (id, owned) "
    "JOIN msg_log m ON m.msg_id = w.id WHERE m.next_try_time > $3 AND (m.owner IS NOT NULL) = w.owned "
    "AND m.status <> 3 AND m.status <> 5 AND m.status <> 7 FOR UPDATE OF m SKIP LOCKED) "
    "UPDATE msg_log m SET next_try_time = greatest($3, m.not_before), update_time = $3 "
    "FROM far WHERE m.msg_id = far.msg_id"};

struct RouteArrays {
  Array exchanges{Type::kText};
  Array routing_keys{Type::kText};

  explicit RouteArrays(const std::vector<Route>& routes) {
    for (const Route& route : routes) {
      exchanges.add(route.exchange);
      routing_keys.add(route.routing_key);
    }
  }
};

std::vector<MessageId> ids_of(const Rows& found) {
  std::vector<MessageId> ids;
  ids.reserve(static_cast<std::size_t>(found.size()));
  for (int i = 0; i < found.size(); ++i) ids.push_back({found.string(i, 0)});
  return ids;
}

}  // namespace

std::vector<MessageId> PostgresStore::find_lost(const Lost& write, WallTime now) {
  std::vector<MessageId> lost;
  const auto find = [&](const std::string& queue, WallTime after, WallTime before) {
    const auto left = write.limit - std::ssize(lost);
    if (left <= 0 || after >= before) return;
    const auto boot =
        write.published_not_by ? std::optional(static_cast<std::int64_t>(write.published_not_by->value)) : std::nullopt;
    const Rows found =
        db_.ask(kFindLost, Params().add(queue).add(after).add(before).add(boot).add(static_cast<std::int64_t>(left)));
    for (auto& id : ids_of(found)) lost.push_back(std::move(id));
  };
  const WallTime before = write.confirmed_before.value_or(WallTime::max());
  const auto find_in = [&](const std::string& queue) {
    find(queue, WallTime::min(), before);
    find(queue, std::max(now + Lost::kAhead, before - Duration{1}), WallTime::max());
  };
  if (write.queue) {
    find_in(write.queue->value);
    return lost;
  }
  std::string queue;
  while (std::ssize(lost) < write.limit) {
    const Rows next = db_.ask(kNextQueue, Params().add(queue));
    if (next.size() == 0) break;
    queue = next.string(0, 0);
    find_in(queue);
  }
  return lost;
}

std::vector<MessageId> PostgresStore::find_attempts_of(const LapseOwner& write) {
  const Rows found =
      db_.ask(kFindAttempts,
              Params().add(to_string(write.successor)).add(write.successor.instance).add(std::int64_t{write.limit}));
  std::vector<MessageId> ids;
  for (int i = 0; i < found.size(); ++i) {
    if (parse_owner(found.text(i, 1)).instance == write.successor.instance) ids.push_back({found.string(i, 0)});
  }
  return ids;
}

std::vector<MessageId> PostgresStore::find_lapsed(WallTime now, std::size_t limit,
                                                  const std::vector<Route>& left_alone) {
  const RouteArrays routes(left_alone);
  return ids_of(
      db_.ask(kFindLapsed,
              Params().add(now).add(routes.exchanges).add(routes.routing_keys).add(static_cast<std::int64_t>(limit))));
}

std::optional<WallTime> PostgresStore::next_lease_end(std::optional<WallTime> from,
                                                      const std::vector<Route>& left_alone) {
  const RouteArrays routes(left_alone);
  const Rows next = db_.ask(
      kNextLeaseEnd, Params().add(from.value_or(WallTime::min())).add(routes.exchanges).add(routes.routing_keys));
  return next.size() > 0 ? next.optional_time(0, 0) : std::nullopt;
}

void PostgresStore::pull_forward(const Sweep& sweep, WallTime now, bool with_owned,
                                 const std::vector<Route>& left_alone) {
  const RouteArrays routes(left_alone);
  db_.send(kSweep, Params()
                       .add(sweep_.route.exchange)
                       .add(sweep_.route.routing_key)
                       .add(sweep_.next_try_time)
                       .add(sweep_.status)
                       .add(sweep_.arrival)
                       .add(std::int64_t{kSweepEntries}));
  if (with_owned) {
    db_.send(kLongLeases, Params()
                              .add(now + sweep.lease)
                              .add(routes.exchanges)
                              .add(routes.routing_keys)
                              .add(std::int64_t{kSweepEntries}));
  }
  const auto results = db_.receive();
  if (failed()) return;
  Array far(Type::kText);
  Array owned(Type::kBool);
  const Rows& walked = results[0];
  for (int i = 0; i < walked.size(); ++i) {
    sweep_ = {{walked.string(i, 0), walked.string(i, 1)}, walked.time(i, 2), walked.small(i, 3), walked.integer(i, 4)};
    const rows::SweepEntry entry{static_cast<State>(sweep_.status), walked.boolean(i, 7), sweep_.next_try_time,
                                 walked.optional_time(i, 6)};
    if (std::ranges::find(left_alone, sweep_.route) != left_alone.end()) continue;
    if (!rows::is_too_far(entry, sweep, now)) continue;
    far.add(walked.text(i, 5));
    owned.add(false);
  }
  if (walked.size() < kSweepEntries) sweep_ = {};
  for (int i = 0; with_owned && i < results[1].size(); ++i) {
    far.add(results[1].text(i, 0));
    owned.add(true);
  }
  if (far.size() > 0) db_.ask(kPullForward, Params().add(far).add(owned).add(now));
}

}  // namespace waybill::postgres
