#include <vector>

#include "core/snowflake.h"
#include "log/sqlite/lapse.h"
#include "log/sqlite/verbs.h"

namespace waybill::sqlite {
namespace {

constexpr char kOpenAttempts[] =
    "SELECT msg_id, attempt, effect_begun, crash_count, owner FROM msg_log INDEXED BY msg_log_open_attempt "
    "WHERE owner IS NOT NULL AND owner <> ?1 ORDER BY next_try_time";

constexpr char kLeaseNode[] =
    "INSERT INTO node_lease (node_id, owner, until) VALUES (?1, ?2, ?3) "
    "ON CONFLICT (node_id) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE until <= ?4";

std::optional<int> lowest_free_node(Transaction& tx) {
  auto leases = tx.db.query("SELECT node_id, until FROM node_lease ORDER BY node_id");
  int candidate = 0;
  while (leases.next() && leases.small(0) == candidate && leases.time(1) > tx.now) ++candidate;
  return candidate <= kNodeIdMax ? std::optional(candidate) : std::nullopt;
}

}  // namespace

LapseAnswer apply(Transaction& tx, const LapseOwner& write) {
  std::vector<OpenAttempt> attempts;
  {
    auto open = tx.db.query(kOpenAttempts, to_string(write.successor));
    while (std::ssize(attempts) < write.limit && open.next()) {
      if (parse_owner(open.text(4)).instance != write.successor.instance) continue;
      attempts.push_back({MessageId{open.string(0)}, open.small(1), open.integer(2) != 0, open.small(3)});
    }
  }
  auto ended = lapse_all(tx, attempts, write.rule);
  return {static_cast<int>(attempts.size()), std::move(ended)};
}

NodeAnswer apply(Transaction& tx, const LeaseNode& write) {
  const std::string owner = to_string(write.owner);
  const WallTime until = tx.now + write.lease;
  {
    auto held = tx.db.query("UPDATE node_lease SET until = ?2 WHERE owner = ?1 RETURNING node_id", owner, until);
    if (held.next()) return {held.small(0)};
  }
  const auto free = lowest_free_node(tx);
  if (!free || tx.db.run(kLeaseNode, *free, owner, until, tx.now) == 0) return {};
  return {free};
}

QueueFactsAnswer apply(Transaction& tx, const ReportQueues& write) {
  const std::string owner = to_string(write.owner);
  tx.db.run("DELETE FROM queue_fact WHERE owner = ?1 OR at <= ?2", owner, tx.now - std::chrono::hours(24));
  for (const QueueFact& fact : write.facts) {
    tx.db.run(
        "INSERT INTO queue_fact (queue, owner, at, oldest_in_hand, newest_out, idle_since) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        fact.queue, owner, tx.now, fact.oldest_in_hand, fact.newest_out, fact.idle_since);
  }
  QueueFactsAnswer answer{.store_now = tx.now};
  auto facts = tx.db.query(
      "SELECT queue, owner, oldest_in_hand, newest_out, idle_since FROM queue_fact "
      "WHERE at > ?1 AND at <= ?2 ORDER BY queue, owner",
      tx.now - write.fresh, tx.now);
  while (facts.next()) {
    answer.facts.push_back({QueueName{facts.string(0)}, parse_owner(facts.text(1)), facts.optional_time(2),
                            facts.optional_time(3), facts.optional_time(4)});
  }
  return answer;
}

}  // namespace waybill::sqlite
