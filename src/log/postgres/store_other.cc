#include "core/snowflake.h"
#include "log/postgres/postgres_store.h"

namespace waybill::postgres {
namespace {

constexpr Duration kKeyAge = std::chrono::hours(24);
constexpr Duration kFactAge = std::chrono::hours(24);

constexpr Statement kPrune{
    "prune",
    "WITH old AS MATERIALIZED (SELECT msg_id FROM msg_log "
    "WHERE (status = 3 OR status = 7 OR (status = 1 AND owner IS NULL AND queue = '')) AND update_time < $1 "
    "ORDER BY update_time LIMIT $2 FOR UPDATE SKIP LOCKED) "
    "DELETE FROM msg_log m USING old WHERE m.msg_id = old.msg_id RETURNING m.msg_id, m.status"};
constexpr Statement kPruneEvents{"prune_events",
                                 "DELETE FROM msg_event e USING unnest($1::text[]) AS w (id) WHERE e.msg_id = w.id"};
constexpr Statement kPruneRecipients{
    "prune_recipients", "DELETE FROM mail_recipient r USING unnest($1::text[]) AS w (id) WHERE r.msg_id = w.id"};
// A key outlives its row until it is a day old, and then answers for it.
constexpr Statement kPruneKeys{"prune_keys",
                               "DELETE FROM idempotency_key k USING unnest($1::text[]) AS w (id) "
                               "WHERE k.msg_id = w.id AND k.create_time < $2"};
constexpr Statement kOrphanKeys{"orphan_keys",
                                "UPDATE idempotency_key k SET row_gone = true, row_status = w.status "
                                "FROM unnest($1::text[], $2::smallint[]) AS w (id, status) WHERE k.msg_id = w.id"};
constexpr Statement kPruneOrphans{
    "prune_orphans",
    "WITH old AS MATERIALIZED (SELECT endpoint, key FROM idempotency_key WHERE row_gone AND create_time < $1 "
    "ORDER BY create_time LIMIT $2 FOR UPDATE SKIP LOCKED) "
    "DELETE FROM idempotency_key k USING old WHERE k.endpoint = old.endpoint AND k.key = old.key"};
constexpr Statement kFoldChanges{
    "fold_changes",
    "WITH folded AS MATERIALIZED (DELETE FROM finished_change WHERE ctid IN "
    "(SELECT ctid FROM finished_change LIMIT 10000 FOR UPDATE SKIP LOCKED) RETURNING status, rows) "
    "SELECT status, sum(rows)::bigint FROM folded GROUP BY status"};

// Two instances must not find the same free id.
constexpr Statement kLockNodes{"lock_nodes", "SELECT pg_advisory_xact_lock(6150173812543029302)"};
constexpr Statement kRenewNode{"renew_node", "UPDATE node_lease SET until = $2 WHERE owner = $1 RETURNING node_id"};
constexpr Statement kNodes{"nodes", "SELECT node_id, until FROM node_lease ORDER BY node_id"};
constexpr Statement kLeaseNode{"lease_node",
                               "INSERT INTO node_lease (node_id, owner, until) VALUES ($1, $2, $3) "
                               "ON CONFLICT (node_id) DO UPDATE SET owner = excluded.owner, until = excluded.until"};

constexpr Statement kForgetFacts{"forget_facts", "DELETE FROM queue_fact WHERE owner = $1 OR at <= $2"};
constexpr Statement kTellFacts{
    "tell_facts",
    "INSERT INTO queue_fact (queue, owner, at, oldest_in_hand, newest_out, idle_since) "
    "SELECT w.queue, $1::text, $2::timestamp, w.oldest, w.newest, w.idle "
    "FROM unnest($3::text[], $4::timestamp[], $5::timestamp[], $6::timestamp[]) AS w (queue, oldest, newest, idle) "
    "ON CONFLICT DO NOTHING"};
constexpr Statement kReadFacts{"read_facts",
                               "SELECT queue, owner, oldest_in_hand, newest_out, idle_since FROM queue_fact "
                               "WHERE at > $1 AND at <= $2 ORDER BY queue, owner"};

}  // namespace

CountAnswer PostgresStore::prune(const Prune& write, WallTime now) {
  const Rows gone = db_.ask(kPrune, Params().add(now - write.age).add(std::int64_t{write.limit}));
  if (failed()) return {};
  Array ids(Type::kText);
  Array states(Type::kSmall);
  for (int i = 0; i < gone.size(); ++i) {
    ids.add(gone.text(i, 0));
    states.add(gone.small(i, 1));
    --finished_[static_cast<State>(gone.small(i, 1))];
  }
  if (ids.size() > 0) {
    db_.send(kPruneEvents, Params().add(ids));
    db_.send(kPruneRecipients, Params().add(ids));
    db_.send(kPruneKeys, Params().add(ids).add(now - kKeyAge));
    db_.send(kOrphanKeys, Params().add(ids).add(states));
  }
  db_.send(kPruneOrphans, Params().add(now - kKeyAge).add(std::int64_t{write.limit}));
  db_.receive();
  const Rows folded = db_.ask(kFoldChanges);
  for (int i = 0; i < folded.size(); ++i) finished_[static_cast<State>(folded.small(i, 0))] += folded.integer(i, 1);
  return {gone.size()};
}

NodeAnswer PostgresStore::lease_node(const LeaseNode& write, WallTime now) {
  const std::string owner = to_string(write.owner);
  const WallTime until = now + write.lease;
  db_.send(kLockNodes);
  db_.send(kRenewNode, Params().add(owner).add(until));
  db_.send(kNodes);
  const auto results = db_.receive();
  if (failed()) return {};
  if (results[1].size() > 0) return {results[1].small(0, 0)};
  const Rows& nodes = results[2];
  int free = 0;
  for (int i = 0; i < nodes.size() && nodes.small(i, 0) == free && nodes.time(i, 1) > now; ++i) ++free;
  if (free > kNodeIdMax) return {};
  db_.ask(kLeaseNode, Params().add(free).add(owner).add(until));
  return {free};
}

QueueFactsAnswer PostgresStore::report_queues(const ReportQueues& write, WallTime now) {
  const std::string owner = to_string(write.owner);
  Array queues(Type::kText);
  Array oldest(Type::kTimestamp);
  Array newest(Type::kTimestamp);
  Array idle(Type::kTimestamp);
  for (const QueueFact& fact : write.facts) {
    queues.add(fact.queue);
    oldest.add(fact.oldest_in_hand);
    newest.add(fact.newest_out);
    idle.add(fact.idle_since);
  }
  db_.send(kForgetFacts, Params().add(owner).add(now - kFactAge));
  db_.send(kTellFacts, Params().add(owner).add(now).add(queues).add(oldest).add(newest).add(idle));
  db_.send(kReadFacts, Params().add(now - write.fresh).add(now));
  const auto results = db_.receive();
  QueueFactsAnswer answer{.store_now = now};
  if (failed()) return answer;
  const Rows& facts = results[2];
  for (int i = 0; i < facts.size(); ++i) {
    answer.facts.push_back({QueueName{facts.string(i, 0)}, parse_owner(facts.text(i, 1)), facts.optional_time(i, 2),
                            facts.optional_time(i, 3), facts.optional_time(i, 4)});
  }
  return answer;
}

}  // namespace waybill::postgres
