// What instances share through the log: node ids and queue facts (sections 5 and 6).
#include <algorithm>
#include <set>

#include "core/snowflake.h"
#include "tests/contract/log_harness.h"

namespace waybill::contract {
namespace {

Owner owner_number(int number) { return {"node-" + std::to_string(number), {1}}; }

std::vector<QueueFact> facts_of(const QueueFactsAnswer& answer, const Owner& owner) {
  std::vector<QueueFact> facts;
  std::ranges::copy_if(answer.facts, std::back_inserter(facts), [&](const QueueFact& f) { return f.owner == owner; });
  return facts;
}

}  // namespace

std::vector<LogCase> instance_cases() {
  return {
      {"EachInstanceLeasesTheLowestFreeNodeId",
       [](LogHarness& h) {
         for (int number = 0; number < 3; ++number) {
           check_equal(h.apply(LeaseNode{owner_number(number)}).node_id, number, "the node id");
         }
       }},
      {"ANodeLeaseIsRenewedByItsOwner",
       [](LogHarness& h) {
         const LeaseNode first{kWorker, Duration{60'000}};
         h.apply(LeaseNode{kOtherWorker, Duration{60'000}});
         check_equal(h.apply(first).node_id, 1, "the node id");
         for (int renewal = 0; renewal < 3; ++renewal) {
           h.advance(Duration{40'000});
           check_equal(h.apply(first).node_id, 1, "the node id renewed");
         }
       }},
      {"ARunOutNodeIdIsFreeAgain",
       [](LogHarness& h) {
         h.apply(LeaseNode{kWorker, Duration{60'000}});
         h.advance(Duration{59'999});
         check_equal(h.apply(LeaseNode{kOtherWorker, Duration{60'000}}).node_id, 1, "the node id while it is held");
         h.advance(Duration{1});
         check_equal(h.apply(LeaseNode{owner_number(3), Duration{60'000}}).node_id, 0, "the node id once it ran out");
         const auto late = h.apply(LeaseNode{kWorker, Duration{60'000}}).node_id;
         check(late && *late != 0, "the former holder does not share it");
       }},
      {"AnotherBootIsAnotherHolder",
       [](LogHarness& h) {
         h.apply(LeaseNode{{"node-a", {1}}});
         check_equal(h.apply(LeaseNode{{"node-a", {2}}}).node_id, 1, "the node id of the next boot");
       }},
      {"WhenAllNodeIdsAreHeldThereIsNone",
       [](LogHarness& h) {
         std::vector<Write> leases;
         for (int number = 0; number <= kNodeIdMax; ++number) leases.emplace_back(LeaseNode{owner_number(number)});
         std::set<int> ids;
         for (const Answer& answer : h.commit(leases)) ids.insert(std::get<NodeAnswer>(answer).node_id.value_or(-1));
         check_equal(ids.size(), std::size_t{1'024}, "the number of different ids");
         check(!ids.contains(-1), "each instance has one");
         check_equal(h.apply(LeaseNode{owner_number(5'000)}).node_id, std::optional<int>(), "the id of one more");
       }},
      {"QueueFactsAreSharedAndReplaced",
       [](LogHarness& h) {
         const QueueFact mail{kMailQueue, kWorker, h.now(), h.now() + Duration{1}, h.now() + Duration{2}};
         const QueueFact sms{kSmsQueue, kWorker, std::nullopt, std::nullopt, std::nullopt};
         h.apply(ReportQueues{kWorker, {mail, sms}, Duration{15'000}});
         const QueueFactsAnswer seen = h.apply(ReportQueues{kOtherWorker, {}, Duration{15'000}});
         check_equal(seen.store_now, h.now(), "the time answered");
         auto facts = facts_of(seen, kWorker);
         check_equal(facts.size(), std::size_t{2}, "the number of facts");
         check(std::ranges::find(facts, mail) != facts.end(), "all times come back");
         check(std::ranges::find(facts, sms) != facts.end(), "absent times stay absent");
         facts = facts_of(h.apply(ReportQueues{kWorker, {sms}, Duration{15'000}}), kWorker);
         check_equal(facts.size(), std::size_t{1}, "the number of facts after a new report");
         check(facts[0] == sms, "the new report replaces the old one");
       }},
      {"StaleQueueFactsAreNotRead",
       [](LogHarness& h) {
         h.apply(ReportQueues{kWorker, {{kMailQueue, kWorker, {}, {}, {}}}, Duration{15'000}});
         h.advance(Duration{14'999});
         check_equal(h.apply(ReportQueues{kOtherWorker, {}, Duration{15'000}}).facts.size(), std::size_t{1}, "fresh");
         h.advance(Duration{2});
         check_equal(h.apply(ReportQueues{kOtherWorker, {}, Duration{15'000}}).facts.size(), std::size_t{0}, "stale");
       }},
  };
}

}  // namespace waybill::contract
