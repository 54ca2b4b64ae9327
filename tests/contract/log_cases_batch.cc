// One commit with many writes, and the history.
#include <algorithm>

#include "tests/contract/log_harness.h"

namespace waybill::contract {
namespace {

MarkFailed failed_publish(const std::string& id, std::int64_t number, const std::string& error) {
  return {{id}, number, kBackoff, error, std::string(kEventReturned)};
}

// Fails the publish of a row `count` times, with the error that `error_of` names.
template <class ErrorOf>
void fail_publishes(LogHarness& h, const std::string& id, int count, const ErrorOf& error_of) {
  for (int i = 0; i < count; ++i) {
    const TakenRow taken = only_row(h.apply(h.new_take()));
    h.must_apply(failed_publish(id, taken.publish_number, error_of(i)));
    h.advance(kBackoff);
  }
}

void append_due(LogHarness& h, const std::string& id) {
  Append write = h.new_append(id);
  write.publish_now = false;
  h.apply(write);
}

}  // namespace

std::vector<LogCase> batch_cases() {
  return {
      {"AnEmptyCommitSucceeds", [](LogHarness& h) { check(h.commit({}).empty(), "there are no answers"); }},
      {"AnswersComeInTheOrderOfTheWrites",
       [](LogHarness& h) {
         std::vector<Write> writes;
         for (int i = 0; i < 300; ++i) writes.emplace_back(h.new_append("m" + std::to_string(i)));
         const auto answers = h.commit(writes);
         for (int i = 0; i < 300; ++i) {
           const auto& answer = std::get<AppendAnswer>(answers[static_cast<std::size_t>(i)]);
           check_equal(answer.id.value, "m" + std::to_string(i), "the id answered");
         }
         check_equal(h.list().size(), std::size_t{300}, "the number of rows");
       }},
      {"WritesApplyInTheirOrder",
       [](LogHarness& h) {
         const Append append = h.new_append("m");
         const Claim claim = h.new_claim("m");
         const Fence fence{{"m"}, claim.owner, 1, claim.token};
         const auto answers = h.commit({append, MarkSent{{"m"}, 1, h.now()}, claim, BeginEffect{fence},
                                        Renew{fence, kLease}, h.new_finish(fence, Done{"file"}), Cancel{{"m"}}});
         check(std::get<VerbAnswer>(answers[1]).applied(), "the mark applies");
         check_equal(std::get<ClaimAnswer>(answers[2]).attempt, 1, "the attempt");
         check(std::get<VerbAnswer>(answers[3]).applied() && std::get<VerbAnswer>(answers[4]).applied(),
               "the attempt's writes apply");
         check_equal(std::get<FinishAnswer>(answers[5]).kind, FinishAnswer::Kind::kRecorded, "the answer to finish");
         check_equal(std::get<VerbAnswer>(answers[6]).kind, VerbAnswer::Kind::kRefused, "the answer to cancel");
         check_equal(h.status("m"), State::kConsumed, "the status");
       }},
      {"AMixedBatchAnswersEachWriteByItself",
       [](LogHarness& h) {
         h.bring_to("sent", State::kSent);
         h.bring_to("dead", State::kDead);
         h.append("open");
         const auto answers =
             h.commit({h.new_claim("sent"), h.new_claim("dead"), h.new_claim("nobody"), h.new_mark_sent("open"),
                       Replay{{"dead"}, false, {}}, h.new_take(), LeaseNode{kWorker}, h.new_append("new"), Prune{}});
         check_equal(std::get<ClaimAnswer>(answers[0]).verdict, ClaimVerdict::kGranted, "the first verdict");
         check_equal(std::get<ClaimAnswer>(answers[1]).verdict, ClaimVerdict::kDead, "the second verdict");
         check_equal(std::get<ClaimAnswer>(answers[2]).verdict, ClaimVerdict::kUnknownId, "the third verdict");
         check(std::get<VerbAnswer>(answers[3]).applied(), "the mark applies");
         check(std::get<VerbAnswer>(answers[4]).applied(), "the replay applies");
         check_equal(only_row(std::get<TakeAnswer>(answers[5])).message.id.value, std::string("dead"), "the row taken");
         check_equal(std::get<NodeAnswer>(answers[6]).node_id, 0, "the node id");
         check_equal(std::get<AppendAnswer>(answers[7]).kind, AppendAnswer::Kind::kAccepted, "the answer to append");
         check_equal(std::get<CountAnswer>(answers[8]).rows, 0, "the rows pruned");
       }},
      {"TwoClaimsOfOneRowInOneCommitGiveOneAttempt",
       [](LogHarness& h) {
         h.append("m");
         Claim other = h.new_claim("m");
         other.owner = kOtherWorker;
         const auto answers = h.commit({h.new_claim("m"), other});
         check_equal(std::get<ClaimAnswer>(answers[0]).verdict, ClaimVerdict::kGranted, "the first verdict");
         check_equal(std::get<ClaimAnswer>(answers[1]).verdict, ClaimVerdict::kBusy, "the second verdict");
         check_equal(h.row("m").attempt, 1, "attempt");
       }},
      {"AFailingWriteLeavesItsNeighboursInAMixedBatch",
       [](LogHarness& h) {
         h.append("m");
         const std::vector<Write> writes = {h.new_claim("m"), h.new_append(std::string("\xFF\xFE")),
                                            h.new_append("after")};
         const auto committed = h.log().commit(writes);
         check(committed.ok(), "the commit succeeds");
         check(committed.value().answers.at(0).ok() && committed.value().answers.at(2).ok(), "neighbours are answered");
         check(!committed.value().answers.at(1).ok(), "an id that is not UTF-8 has an error");
         check(h.row("m").owner.has_value() && h.exists("after"), "neighbours are committed");
       }},
      {"TheStoreClockIsTheHandSetOne",
       [](LogHarness& h) {
         const auto now = h.log().now();
         check(now.ok() && now.value() == h.now(), "now is the clock's time");
         const auto committed = h.log().commit({});
         check(committed.ok() && committed.value().store_now == h.now(), "store_now is the clock's time");
       }},
      {"TheLogHasAnIdentity",
       [](LogHarness& h) {
         const std::string identity = h.log().identity();
         check(!identity.empty() && identity == h.log().identity(), "it is drawn once");
       }},
      {"TimesOfARowFollowItsChanges",
       [](LogHarness& h) {
         const WallTime created = h.now();
         h.append("m");
         check_equal(h.row("m").create_time, created, "create_time");
         check_equal(h.row("m").update_time, created, "update_time");
         h.advance(Duration{10});
         h.mark_sent("m");
         check_equal(h.row("m").create_time, created, "create_time");
         check_equal(h.row("m").update_time, h.now(), "update_time");
         h.advance(Duration{10});
         check_equal(h.apply(MarkSent{{"m"}, 9, h.now()}).kind, VerbAnswer::Kind::kRefused, "the answer");
         check_equal(h.row("m").update_time, h.now() - Duration{10}, "update_time after a refusal");
       }},
      {"EqualFailuresAreFoldedIntoOneEvent",
       [](LogHarness& h) {
         append_due(h, "m");
         fail_publishes(h, "m", 4, [](int i) { return i < 3 ? "312 NO_ROUTE" : "another error"; });
         const auto events = h.events("m");
         check_equal(events.size(), std::size_t{2}, "the number of events");
         check_equal(events[0].count, 3, "the count of the first");
         check_equal(events[0].detail, std::string("312 NO_ROUTE"), "the detail of the first");
         check_equal(events[1].count, 1, "the count of the second");
         check_equal(events[1].detail, std::string("another error"), "the detail of the second");
       }},
      {"AnEventSaysWhenAndInWhichAttempt",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         h.advance(Duration{77});
         h.finish(fence, Retry{"busy", {}});
         const auto events = h.events("m");
         check_equal(events.size(), std::size_t{1}, "the number of events");
         check_equal(events[0].at, h.now(), "the time");
         check_equal(events[0].attempt, 1, "the attempt");
         check_equal(events[0].detail, std::string("busy"), "the detail");
       }},
      {"ARowKeepsAtMostFiftyEvents",
       [](LogHarness& h) {
         append_due(h, "m");
         fail_publishes(h, "m", 60, [](int i) { return "error " + std::to_string(i); });
         const auto events = h.events("m");
         check(events.size() <= 50, "at most 50 are kept");
         check_equal(events.back().detail, std::string("error 59"), "the newest event");
       }},
  };
}

}  // namespace waybill::contract
