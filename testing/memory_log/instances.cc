#include <utility>

#include "core/snowflake.h"
#include "testing/memory_log/batch.h"

namespace waybill {

Result<Answer> apply(const LapseOwner& write, Batch& batch) {
  std::vector<StoredRow*> orphaned;
  for (const auto& entry : batch.rows.attempts().entries()) {
    if (std::ssize(orphaned) == write.limit) break;
    const Owner& owner = *entry.row->owner;
    if (owner.instance == write.successor.instance && owner.boot != write.successor.boot) orphaned.push_back(entry.row);
  }
  auto ended = batch.lapse_all(orphaned, write.rule);
  return Answer(LapseAnswer{static_cast<int>(orphaned.size()), std::move(ended)});
}

Result<Answer> apply(const LeaseNode& write, Batch& batch) {
  auto& nodes = batch.rows.nodes;
  std::optional<int> free;
  for (int id = kNodeIdMax; id >= 0; --id) {
    const auto held = nodes.find(id);
    const bool is_held = held != nodes.end() && held->second.until > batch.now && !batch.drop.node_leased_twice;
    if (held != nodes.end() && held->second.owner == write.owner) {
      free = id;
      break;
    }
    if (!is_held) free = id;
  }
  if (free) nodes[*free] = {write.owner, batch.now + write.lease};
  return Answer(NodeAnswer{free});
}

Result<Answer> apply(const ReportQueues& write, Batch& batch) {
  auto& facts = batch.rows.facts;
  std::erase_if(facts, [&](const auto& entry) { return entry.first.first == write.owner; });
  for (QueueFact fact : write.facts) {
    fact.owner = write.owner;
    const std::pair key{write.owner, fact.queue};
    facts[key] = {std::move(fact), batch.now};
  }
  QueueFactsAnswer answer{.store_now = batch.now};
  for (const auto& [_, reported] : facts) {
    const bool of_the_past = reported.at <= batch.now;  // not of before a step back of the clock
    const bool fresh = (reported.at + write.fresh > batch.now && of_the_past) || batch.drop.queue_facts_never_stale;
    if (fresh) answer.facts.push_back(reported.fact);
  }
  return Answer(std::move(answer));
}

}  // namespace waybill
