#include "core/snowflake.h"
#include "log/mariadb/mariadb_store.h"

namespace waybill::mariadb {
namespace {

constexpr Duration kKeyAge = std::chrono::hours(24);
constexpr Duration kFactAge = std::chrono::hours(24);

constexpr char kOld[] =
    "SELECT msg_id, status, lapse_count, unknown_count FROM msg_log FORCE INDEX (msg_log_place) WHERE place = 5 "
    "AND place_exchange IS NULL AND place_key IS NULL AND place_time < ? ORDER BY place_time LIMIT ? "
    "FOR UPDATE SKIP LOCKED";
constexpr char kPrune[] = "DELETE m FROM msg_log m FORCE INDEX (PRIMARY) WHERE m.msg_id IN (?)";
constexpr char kPruneEvents[] = "DELETE e FROM msg_event e FORCE INDEX (PRIMARY) WHERE e.msg_id IN (?)";
constexpr char kPruneRecipients[] = "DELETE r FROM mail_recipient r FORCE INDEX (PRIMARY) WHERE r.msg_id IN (?)";
// A key outlives its row until it is a day old, and then answers for it.
constexpr char kPruneKeys[] =
    "DELETE k FROM idempotency_key k FORCE INDEX (idempotency_key_of_row) WHERE k.msg_id IN (?) AND k.create_time < ?";
constexpr char kOrphanKeys[] =
    "UPDATE idempotency_key FORCE INDEX (idempotency_key_of_row) SET row_gone = 1, row_status = ? WHERE msg_id IN (?)";
constexpr char kOldOrphans[] =
    "SELECT endpoint, name FROM idempotency_key FORCE INDEX (idempotency_key_orphaned) WHERE orphaned < ? "
    "ORDER BY orphaned LIMIT ? FOR UPDATE SKIP LOCKED";
constexpr char kPruneOrphans[] =
    "DELETE k FROM idempotency_key k FORCE INDEX (PRIMARY) WHERE k.endpoint = ? AND k.name IN (?)";
constexpr char kChanges[] =
    "SELECT number, kind, amount FROM count_change ORDER BY number LIMIT 10000 FOR UPDATE SKIP LOCKED";
constexpr char kForgetChanges[] = "DELETE c FROM count_change c FORCE INDEX (PRIMARY) WHERE c.number IN (?)";
constexpr char kCount[] =
    "INSERT INTO kept_count (part, kind, amount) VALUES ? ON DUPLICATE KEY UPDATE amount = amount + VALUES(amount)";
constexpr char kOwnCommit[] =
    "INSERT INTO own_commit (part, number) VALUES (?, 1) ON DUPLICATE KEY UPDATE number = number + 1";

// Two instances must not find the same free id.
constexpr char kLockNodes[] = "SELECT only_row FROM log_identity WHERE only_row = 1 FOR UPDATE";
constexpr char kNodes[] = "SELECT node_id, owner, until FROM node_lease ORDER BY node_id";
constexpr char kLeaseNode[] =
    "INSERT INTO node_lease (node_id, owner, until) VALUES (?, ?, ?) "
    "ON DUPLICATE KEY UPDATE owner = VALUES(owner), until = VALUES(until)";

constexpr char kForgetOwn[] = "DELETE f FROM queue_fact f FORCE INDEX (queue_fact_owner) WHERE f.owner = ?";
constexpr char kForgetOld[] = "DELETE f FROM queue_fact f FORCE INDEX (queue_fact_at) WHERE f.at <= ?";
constexpr char kTellFacts[] =
    "INSERT INTO queue_fact (queue, owner, at, oldest_in_hand, newest_out, idle_since) VALUES ? "
    "ON DUPLICATE KEY UPDATE at = VALUES(at)";
constexpr char kReadFacts[] =
    "SELECT queue, owner, oldest_in_hand, newest_out, idle_since FROM queue_fact WHERE at > ? AND at <= ? "
    "ORDER BY queue, owner";

}  // namespace

CountAnswer MariadbStore::prune(const Prune& write, WallTime now) {
  db_.send(sql(kOld, now - write.age, write.limit));
  db_.send(sql(kOldOrphans, now - kKeyAge, write.limit));
  db_.send(kChanges);
  const auto results = db_.receive();
  if (failed()) return {};
  List ids;
  std::map<int, List> by_state;
  const Rows& old = results[0];
  for (int i = 0; i < old.size(); ++i) {
    ids.add(old.text(i, 0));
    by_state[old.small(i, 1)].add(old.text(i, 0));
    --ledger_.counts[old.small(i, 1)];
    ledger_.counts[kLapses] -= old.integer(i, 2);
    ledger_.counts[kUnknowns] -= old.integer(i, 3);
  }
  if (!ids.empty()) {
    db_.send(sql(kPrune, ids));
    db_.send(sql(kPruneEvents, ids));
    db_.send(sql(kPruneRecipients, ids));
    db_.send(sql(kPruneKeys, ids, now - kKeyAge));
  }
  for (const auto& [state, of_state] : by_state) db_.send(sql(kOrphanKeys, state, of_state));
  std::map<std::string_view, List> orphans;
  for (int i = 0; i < results[1].size(); ++i) orphans[results[1].text(i, 0)].add(results[1].text(i, 1));
  for (const auto& [endpoint, names] : orphans) db_.send(sql(kPruneOrphans, endpoint, names));
  List folded;
  for (int i = 0; i < results[2].size(); ++i) {
    folded.add(results[2].integer(i, 0));
    ledger_.counts[results[2].small(i, 1)] += results[2].integer(i, 2);
  }
  if (!folded.empty()) db_.send(sql(kForgetChanges, folded));
  ledger_.has_written = ledger_.has_written || !ids.empty() || !orphans.empty() || !folded.empty();
  db_.receive();
  return {old.size()};
}

void tell_end(Connection& connection, int part, const Ledger& ledger) {
  Tuples changes;
  for (const auto& [kind, amount] : ledger.counts) {
    if (amount != 0) changes.add(part, kind, amount);
  }
  if (!changes.empty()) connection.tell(sql(kCount, changes));
  if (ledger.has_read && !ledger.has_written) connection.tell(sql(kOwnCommit, part));
}

NodeAnswer MariadbStore::lease_node(const LeaseNode& write, WallTime now) {
  const std::string owner = to_string(write.owner);
  const WallTime until = now + write.lease;
  db_.send(kLockNodes);
  db_.send(kNodes);
  const auto results = db_.receive();
  if (failed()) return {};
  const Rows& nodes = results[1];
  std::optional<int> node;
  for (int i = 0; i < nodes.size(); ++i) {
    if (nodes.text(i, 1) == owner) node = nodes.small(i, 0);
  }
  if (!node) {
    int free = 0;
    for (int i = 0; i < nodes.size() && nodes.small(i, 0) == free && nodes.time(i, 2) > now; ++i) ++free;
    if (free > kNodeIdMax) return {};
    node = free;
  }
  ledger_.has_written = true;
  db_.ask(sql(kLeaseNode, *node, owner, until));
  return {node};
}

QueueFactsAnswer MariadbStore::report_queues(const ReportQueues& write, WallTime now) {
  const std::string owner = to_string(write.owner);
  Tuples facts;
  for (const QueueFact& fact : write.facts) {
    facts.add(fact.queue, owner, now, fact.oldest_in_hand, fact.newest_out, fact.idle_since);
  }
  db_.send(sql(kForgetOwn, owner));
  db_.send(sql(kForgetOld, now - kFactAge));
  if (!facts.empty()) db_.send(sql(kTellFacts, facts));
  ledger_.has_written = ledger_.has_written || !facts.empty();
  db_.send(sql(kReadFacts, now - write.fresh, now));
  const auto results = db_.receive();
  QueueFactsAnswer answer{.store_now = now};
  if (failed()) return answer;
  const Rows& known = results.back();
  for (int i = 0; i < known.size(); ++i) {
    answer.facts.push_back({QueueName{known.string(i, 0)}, parse_owner(known.text(i, 1)), known.optional_time(i, 2),
                            known.optional_time(i, 3), known.optional_time(i, 4)});
  }
  return answer;
}

}  // namespace waybill::mariadb
