// Section 2, finish: what becomes of an attempt that reported.
#include "tests/contract/log_harness.h"

namespace waybill::contract {
namespace {

using Kind = FinishAnswer::Kind;

void must_be_stale(LogHarness& h, const Finish& finish, Place place = Place::current()) {
  const std::string before = h.snapshot(finish.fence.id, place);
  check_equal(h.apply(finish, place).kind, Kind::kStale, "the answer", place);
  check_equal(h.snapshot(finish.fence.id, place), before, "the row after a stale outcome", place);
}

void check_promise_counts(LogHarness& h, const std::string& id, int lapses, int unknowns,
                          Place place = Place::current()) {
  check_equal(h.row(id, place).lapse_count, lapses, "lapse_count", place);
  check_equal(h.row(id, place).unknown_count, unknowns, "unknown_count", place);
}

}  // namespace

std::vector<LogCase> finish_cases() {
  return {
      {"ADoneMessageIsConsumedWithItsResult",
       [](LogHarness& h) {
         h.bring_to("m", State::kSent);
         const Fence fence = h.claim("m");
         h.advance(Duration{30});
         const FinishAnswer answer = h.finish(fence, Done{"file 1"});
         check(answer.status == State::kConsumed && !answer.possible_duplicate, "consumed, no duplicate");
         const Row row = h.row("m");
         check_equal(row.status, State::kConsumed, "the status");
         check_equal(row.result, std::string("file 1"), "result");
         check_equal(row.consume_time, h.now(), "consume_time");
         check_equal(row.next_try_time, std::optional<WallTime>(), "next_try_time");
         check(!row.owner, "nobody owns it");
         check_equal(h.events("m").size(), std::size_t{0}, "the number of events of a happy path");
       }},
      {"ARetryWaitsForItsDelayAndIsCounted",
       [](LogHarness& h) {
         h.bring_to("m", State::kSent);
         const FinishAnswer answer = h.finish(h.claim("m"), Retry{"mailbox busy", {}});
         check_equal(answer.status, State::kConsumeFailed, "the status answered");
         const Row row = h.row("m");
         check_equal(row.status, State::kConsumeFailed, "the status");
         check_equal(row.try_count, 1, "try_count");
         check_equal(row.next_try_time, h.now() + kDelay, "next_try_time");
         check_equal(row.last_error, std::string("mailbox busy"), "last_error");
         check(!row.owner, "nobody owns it");
         check_equal(h.count_events("m", kEventRetry), 1, "the events");
         check_promise_counts(h, "m", 0, 0);
       }},
      {"TriesUsedUpEndInDead",
       [](LogHarness& h) {
         h.append("m");
         for (int attempt = 1; attempt <= 3; ++attempt) {
           const FinishAnswer answer = h.finish(h.claim("m"), Retry{"busy", {}});
           check_equal(answer.status, attempt < 3 ? State::kConsumeFailed : State::kDead, "the status answered");
           h.advance(kDelay);
         }
         const Row row = h.row("m");
         check_equal(row.try_count, 3, "try_count");
         check_equal(row.status, State::kDead, "the status");
         check_equal(row.last_error, std::string("busy"), "last_error");
         check_equal(row.next_try_time, std::optional<WallTime>(), "next_try_time");
         check(h.apply(h.new_take()).rows.empty(), "a dead row is not driven");
       }},
      {"ARetryThatUsesUpNoTryIsDrivenAgainForEver",
       [](LogHarness& h) {
         h.append("m");
         const auto end = [&](int tries, const Retry& retry, Duration delay) {
           const Finish finish = h.new_finish(h.claim("m"), retry);
           check_equal(h.apply(finish).status, State::kConsumeFailed, "the status answered");
           const std::string once = h.snapshot(finish.fence.id);
           check_equal(h.apply(finish).kind, Kind::kRecorded, "the answer when it is run again");
           check_equal(h.snapshot(finish.fence.id), once, "the row when it is run again");
           const Row row = h.row("m");
           check_equal(row.status, State::kConsumeFailed, "the status");
           check_equal(row.try_count, tries, "try_count");
           check_equal(row.last_error, retry.error, "last_error");
           check_equal(row.next_try_time, h.now() + delay, "next_try_time");
           check(!row.owner, "nobody owns it");
           h.advance(delay);
         };
         end(0, Retry{"no relay", {}, false}, kDelay);
         end(1, Retry{"busy", {}}, kDelay);
         end(2, Retry{"busy", {}}, kDelay);
         for (int attempt = 0; attempt < 4; ++attempt) {
           end(2, Retry{"no relay", Duration{700}, false}, Duration{700});
         }
         check_equal(h.row("m").attempt, 7, "attempt");
         check_equal(h.count_events("m", kEventRetry), 7, "the events");
         check_promise_counts(h, "m", 0, 0);
         check_equal(h.finish(h.claim("m"), Retry{"busy", {}}).status, State::kDead, "the third try used up");
       }},
      {"ARetryThatUsesUpNoTryIsNotTheLastByAStricterPolicy",
       [](LogHarness& h) {
         h.append("m");
         h.finish(h.claim("m"), Retry{"busy", {}});
         h.advance(kDelay);
         Finish finish = h.new_finish(h.claim("m"), Retry{"no relay", {}, false});
         finish.max_tries = 1;
         check_equal(h.apply(finish).status, State::kConsumeFailed, "the status answered");
         check_equal(h.row("m").try_count, 1, "try_count");
         check_equal(h.row("m").next_try_time, h.now() + kDelay, "next_try_time");
       }},
      {"APermanentFailureIsDeadAtOnce",
       [](LogHarness& h) {
         h.append("m");
         check_equal(h.finish(h.claim("m"), Fail{"no such user"}).status, State::kDead, "the status answered");
         check_equal(h.row("m").last_error, std::string("no such user"), "last_error");
         check_equal(h.row("m").next_try_time, std::optional<WallTime>(), "next_try_time");
         check_equal(h.count_events("m", kEventFailed), 1, "the events");
       }},
      {"AnUnknownOutcomeIsRetriedAndCounted",
       [](LogHarness& h) {
         h.append("m");
         check_equal(h.finish(h.claim("m"), Unknown{"no answer after the dot"}).status, State::kOutcomeUnknown,
                     "answer");
         const Row row = h.row("m");
         check_equal(row.status, State::kOutcomeUnknown, "the status");
         check_equal(row.try_count, 1, "try_count");
         check_equal(row.next_try_time, h.now() + kDelay, "next_try_time");
         check_equal(row.last_error, std::string("no answer after the dot"), "last_error");
         check_equal(h.count_events("m", kEventUnknown), 1, "the events");
         check_promise_counts(h, "m", 0, 1);
       }},
      {"AnUnknownOutcomeIsHeldWherePolicySaysSo",
       [](LogHarness& h) {
         h.append("m");
         Finish finish = h.new_finish(h.claim("m"), Unknown{"no answer"});
         finish.unknown = UnknownPolicy::kHold;
         check_equal(h.apply(finish).kind, Kind::kRecorded, "the answer");
         check(h.row("m").on_hold(), "the row is held");
         check_promise_counts(h, "m", 0, 1);
         h.advance(std::chrono::hours(100));
         check(h.apply(h.new_take()).rows.empty(), "a held row is not driven");
       }},
      {"AnUnknownOutcomeThatUsesUpTheTriesIsHeld",
       [](LogHarness& h) {
         h.append("m");
         Finish finish = h.new_finish(h.claim("m"), Unknown{"no answer"});
         finish.max_tries = 1;
         check_equal(h.apply(finish).status, State::kOutcomeUnknown, "the status answered");
         check(h.row("m").on_hold(), "the row is held");
       }},
      {"OnlyTheOpenAttemptReportsAFailure",
       [](LogHarness& h) {
         h.append("m");
         const Fence first = h.claim_and_lapse("m");
         Claim claim = h.new_claim("m");
         claim.owner = kOtherWorker;
         const Fence second = h.claim(claim);
         must_be_stale(h, h.new_finish(first, Retry{"late", {}}));
         must_be_stale(h, h.new_finish(first, Fail{"late"}));
         must_be_stale(h, h.new_finish(first, Unknown{"late"}));
         Fence forged = second;
         forged.owner = kWorker;
         must_be_stale(h, h.new_finish(forged, Retry{"forged", {}}));
         must_be_stale(h, h.new_finish(forged, Done{"forged"}));
         forged = second;
         forged.attempt = 3;
         must_be_stale(h, h.new_finish(forged, Done{"forged"}));
         h.finish(second, Done{});
       }},
      {"AFailureReportedAfterTheLapseWasEndedIsStale",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim_and_lapse("m");
         only_row(h.apply(h.new_take()));
         must_be_stale(h, h.new_finish(fence, Retry{"late", {}}));
         must_be_stale(h, h.new_finish(fence, Fail{"late"}));
       }},
      {"AnOutcomeOfALapsedAttemptThatNobodyEndedCounts",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim_and_lapse("m");
         check_equal(h.finish(fence, Retry{"slow", {}}).status, State::kConsumeFailed, "the status answered");
         check_promise_counts(h, "m", 0, 0);
       }},
      {"AFinishRunAgainGivesTheSameAnswer",
       [](LogHarness& h) {
         const std::vector<HandlerOutcome> outcomes = {Done{"file"}, Retry{"busy", {}}, Fail{"never"}, Unknown{"?"}};
         for (const HandlerOutcome& outcome : outcomes) {
           const std::string id = "m" + std::to_string(outcome.index());
           h.append(id);
           const Finish finish = h.new_finish(h.claim(id), outcome);
           const FinishAnswer first = h.apply(finish);
           const std::string before = h.snapshot({id});
           const FinishAnswer second = h.apply(finish);
           check_equal(second.kind, Kind::kRecorded, "the second answer");
           check_equal(second.status, first.status, "the second status");
           check_equal(h.snapshot({id}), before, "the row after the second run");
         }
       }},
      {"AFinishOfAnUnknownIdSaysSo",
       [](LogHarness& h) {
         const Fence fence{{"nobody"}, kWorker, 1, h.fresh_token()};
         check_equal(h.apply(h.new_finish(fence, Done{})).kind, Kind::kUnknownId, "the answer to done");
         check_equal(h.apply(h.new_finish(fence, Retry{"", {}})).kind, Kind::kUnknownId, "the answer to retry");
       }},
      {"AFinishWritesTheTimesItsProcessKnows",
       [](LogHarness& h) {
         h.append("m");
         Finish finish = h.new_finish(h.claim("m"), Done{});
         finish.times = {h.now() + Duration{1}, h.now() + Duration{2}};
         h.apply(finish);
         check_equal(h.row("m").publish_time, finish.times.publish_time, "publish_time");
         check_equal(h.row("m").confirm_time, finish.times.confirm_time, "confirm_time");
       }},
  };
}

std::vector<LogCase> done_cases() {
  return {
      {"ATrueDoneAfterItsLapseIsNotThrownAway",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim_and_lapse("m");
         only_row(h.apply(h.new_take()));
         const FinishAnswer answer = h.finish(fence, Done{"file"});
         check(answer.status == State::kConsumed && !answer.possible_duplicate, "consumed, no newer attempt");
         check_equal(h.status("m"), State::kConsumed, "the status");
         check_equal(h.row("m").result, std::string("file"), "result");
         check_promise_counts(h, "m", 1, 0);
         check(h.apply(h.new_claim("m")).verdict == ClaimVerdict::kFinished, "the republished copy is refused");
       }},
      {"ATrueDoneAfterItsOwnUnknownOrRetryIsTaken",
       [](LogHarness& h) {
         const std::vector<HandlerOutcome> reports = {Unknown{"deadline passed"}, Retry{"deadline passed", {}}};
         for (const HandlerOutcome& report : reports) {
           const std::string id = "m" + std::to_string(report.index());
           h.append(id);
           const Fence fence = h.claim(id);
           h.finish(fence, report);
           check(!h.finish(fence, Done{"file"}).possible_duplicate, "no newer attempt exists");
           check_equal(h.status(id), State::kConsumed, "the status");
           check_equal(h.row(id).next_try_time, std::optional<WallTime>(), "next_try_time");
         }
       }},
      {"ATrueDoneOnHoldIsTaken",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         Finish finish = h.new_finish(fence, Unknown{"deadline passed"});
         finish.unknown = UnknownPolicy::kHold;
         h.apply(finish);
         h.finish(fence, Done{"file"});
         check_equal(h.status("m"), State::kConsumed, "the status");
       }},
      {"ADoneBesideANewerAttemptIsAPossibleDuplicate",
       [](LogHarness& h) {
         h.append("m");
         const Fence first = h.claim("m");
         h.finish(first, Retry{"deadline passed", {}});
         h.advance(kDelay);
         const Fence second = h.claim("m");
         const Finish late = h.new_finish(first, Done{"file 1"});
         const FinishAnswer answer = h.apply(late);
         check_equal(answer.kind, Kind::kRecorded, "the answer");
         check(answer.possible_duplicate, "it is a possible duplicate");
         check_equal(h.status("m"), State::kConsumed, "the status");
         check(!h.row("m").owner, "the newer attempt is ended");
         check_promise_counts(h, "m", 0, 1);
         check_equal(h.count_events("m", kEventPossibleDuplicate), 1, "the events");
         check_equal(h.apply(late).kind, Kind::kRecorded, "the answer to the second run");
         check_promise_counts(h, "m", 0, 1);
         check_equal(h.apply(h.new_finish(second, Done{"file 2"})).kind, Kind::kRecorded, "the newer attempt's done");
         must_be_stale(h, h.new_finish(second, Retry{"late", {}}));
         check_equal(h.status("m"), State::kConsumed, "the status");
       }},
      {"ADoneAfterTheNewerAttemptFinishedIsCountedToo",
       [](LogHarness& h) {
         h.append("m");
         const Fence first = h.claim("m");
         h.finish(first, Retry{"deadline passed", {}});
         h.advance(kDelay);
         h.finish(h.claim("m"), Done{"file 2"});
         check(h.finish(first, Done{"file 1"}).possible_duplicate, "two effects happened");
         check_equal(h.status("m"), State::kConsumed, "the status");
         check_promise_counts(h, "m", 0, 1);
       }},
      {"ADoneOnADeadRowIsNotedAndReplayNeedsAgain",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         h.finish(fence, Fail{"deadline passed"});
         const Finish late = h.new_finish(fence, Done{"file"});
         const FinishAnswer answer = h.apply(late);
         check_equal(answer.kind, Kind::kLateDone, "the answer");
         check_equal(answer.status, State::kDead, "the status answered");
         check_equal(h.status("m"), State::kDead, "the status");
         check_equal(h.row("m").result, std::string("file"), "result");
         check_equal(h.count_events("m", kEventLateDone), 1, "the events");
         check_equal(h.apply(late).kind, Kind::kLateDone, "the answer to the second run");
         h.must_refuse({"m"}, Replay{{"m"}, false, {}});
         h.must_apply(Replay{{"m"}, true, {}});
         check_equal(h.row("m").again_count, 1, "again_count");
       }},
      {"ADoneWithoutAResultStillNeedsAgain",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         h.finish(fence, Fail{"deadline passed"});
         check_equal(h.apply(h.new_finish(fence, Done{})).kind, Kind::kLateDone, "the answer");
         h.must_refuse({"m"}, Replay{{"m"}, false, {}});
       }},
      {"ADoneOnACancelledRowIsNotedAndReplayNeedsAgain",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         h.finish(fence, Retry{"deadline passed", {}});
         h.must_apply(Cancel{{"m"}});
         check_equal(h.apply(h.new_finish(fence, Done{"file"})).kind, Kind::kLateDone, "the answer");
         check_equal(h.status("m"), State::kCancelled, "the status");
         check_equal(h.row("m").result, std::string("file"), "result");
         h.must_refuse({"m"}, Replay{{"m"}, false, {}});
         h.must_apply(Replay{{"m"}, true, {}});
       }},
      {"ADoneFromBeforeAReplayIsStale",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         h.finish(fence, Fail{"never"});
         h.must_apply(Replay{{"m"}, false, {}});
         must_be_stale(h, h.new_finish(fence, Done{"file"}));
         const Fence second = h.claim("m");
         must_be_stale(h, h.new_finish(fence, Done{"file"}));
         h.finish(second, Done{});
       }},
  };
}

}  // namespace waybill::contract
