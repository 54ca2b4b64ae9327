// Section 2, what people do: cancel, reschedule, hold, resolve, replay; and prune.
#include <algorithm>

#include "tests/contract/log_harness.h"

namespace waybill::contract {
namespace {

constexpr Duration kWeek = std::chrono::hours(24 * 7);

void hold(LogHarness& h, const std::string& id, Place place = Place::current()) {
  h.append(id, place);
  h.must_apply(Hold{{id}, "look at it"}, place);
}

}  // namespace

std::vector<LogCase> people_cases() {
  return {
      {"EveryOpenRowWithoutAnAttemptIsCancelled",
       [](LogHarness& h) {
         for (const State state :
              {State::kSending, State::kSent, State::kSendFailed, State::kConsumeFailed, State::kOutcomeUnknown}) {
           const std::string id(to_string(state));
           h.bring_to(id, state);
           h.must_apply(Cancel{{id}});
           check_equal(h.status(id), State::kCancelled, "the status");
           check_equal(h.row(id).next_try_time, std::optional<WallTime>(), "next_try_time");
           check_equal(h.count_events(id, kEventCancelled), 1, "the events");
         }
         hold(h, "held");
         h.must_apply(Cancel{{"held"}});
         h.advance(std::chrono::hours(1));
         check(h.apply(h.new_take()).rows.empty(), "none is driven again");
       }},
      {"AnOpenAttemptIsTooLateToCancel",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         h.must_refuse({"m"}, Cancel{{"m"}});
         check(h.apply(Cancel{{"m"}}).attempt_open, "the answer says why");
         h.advance(kLease);
         h.must_refuse({"m"}, Cancel{{"m"}});
         h.finish(fence, Done{});
         h.must_refuse({"m"}, Cancel{{"m"}});
       }},
      {"FinalRowsAreNotCancelled",
       [](LogHarness& h) {
         h.bring_to("dead", State::kDead);
         h.bring_to("consumed", State::kConsumed);
         h.must_refuse({"dead"}, Cancel{{"dead"}});
         h.must_refuse({"consumed"}, Cancel{{"consumed"}});
         check_equal(h.apply(Cancel{{"nobody"}}).kind, VerbAnswer::Kind::kUnknownId, "an unknown id");
       }},
      {"AnExternalRowIsCancelledOnlyBeforeAPublisherHadIt",
       [](LogHarness& h) {
         Append waiting = h.new_external_append("waiting");
         waiting.publish_now = false;
         h.apply(waiting);
         h.must_apply(Cancel{{"waiting"}});
         h.append_external("sending");
         h.must_refuse({"sending"}, Cancel{{"sending"}});
         h.mark_failed("sending");
         h.must_refuse({"sending"}, Cancel{{"sending"}});
         h.append_external("sent");
         h.mark_sent("sent");
         h.must_refuse({"sent"}, Cancel{{"sent"}});
       }},
      {"ACancelRunAgainGivesTheSameAnswer",
       [](LogHarness& h) {
         h.bring_to("m", State::kCancelled);
         const std::string before = h.snapshot({"m"});
         h.must_apply(Cancel{{"m"}});
         check_equal(h.snapshot({"m"}), before, "the row after the second run");
       }},
      {"ARescheduledRowWaitsForItsTime",
       [](LogHarness& h) {
         for (const State state : {State::kSending, State::kSent, State::kSendFailed, State::kConsumeFailed}) {
           const std::string id(to_string(state));
           h.bring_to(id, state);
           const WallTime then = h.now() + std::chrono::hours(1);
           h.must_apply(Reschedule{{id}, then});
           const Row row = h.row(id);
           check_equal(row.status, State::kSending, "the status");
           check_equal(row.next_try_time, then, "next_try_time");
           check_equal(row.message.not_before, then, "not_before");
           check(row.publish_count > 1, "no earlier mark fits");
           check_equal(h.count_events(id, kEventRescheduled), 1, "the events");
           h.must_refuse({id}, MarkSent{{id}, 1, h.now()});
         }
         check(h.apply(h.new_take()).rows.empty(), "none is due before");
         h.advance(std::chrono::hours(1));
         check_equal(h.apply(h.new_take()).rows.size(), std::size_t{4}, "the rows due then");
       }},
      {"ReschedulingARowThatWasNeverPublishedIsNoPublish",
       [](LogHarness& h) {
         h.append_foreign("foreign");
         Append waiting = h.new_append("waiting");
         waiting.publish_now = false;
         h.apply(waiting);
         for (const char* id : {"foreign", "waiting"}) {
           h.must_apply(Reschedule{{id}, h.now() + kDelay});
           check_equal(h.row(id).publish_count, std::int64_t{0}, "publish_count");
           h.must_refuse({id}, MarkSent{{id}, 0, h.now()});
         }
         h.advance(kDelay);
         const TakeAnswer taken = h.apply(h.new_take());
         check_equal(taken.rows.size(), std::size_t{2}, "the rows taken at their time");
         for (const TakenRow& row : taken.rows) check_equal(row.publish_number, 1, "the publish number");
       }},
      {"AnExternalRowThatWasOnlyRescheduledIsCancelled",
       [](LogHarness& h) {
         Append waiting = h.new_external_append("waiting");
         waiting.publish_now = false;
         h.apply(waiting);
         h.must_apply(Reschedule{{"waiting"}, h.now() + kDelay});
         h.must_apply(Cancel{{"waiting"}});
         h.must_apply(Replay{{"waiting"}, false, {}});
         check_equal(h.row("waiting").publish_count, std::int64_t{0}, "publish_count");
         h.must_apply(Cancel{{"waiting"}});
         h.append_external("published");
         h.mark_failed("published");
         h.must_apply(Reschedule{{"published"}, h.now() + kDelay});
         check_equal(h.row("published").publish_count, std::int64_t{2}, "publish_count");
         h.must_refuse({"published"}, Cancel{{"published"}});
       }},
      {"AnExternalRowRescheduledBeforeItsFirstPublishIsNoPossibleDuplicate",
       [](LogHarness& h) {
         Append waiting = h.new_external_append("waiting");
         waiting.publish_now = false;
         h.apply(waiting);
         h.must_apply(Reschedule{{"waiting"}, h.now()});
         check(!only_row(h.apply(h.new_take())).after_doubt, "nothing was published before");
       }},
      {"AttemptsHeldAndFinalRowsAreNotRescheduled",
       [](LogHarness& h) {
         const WallTime then = h.now() + std::chrono::hours(1);
         h.append("claimed");
         h.claim("claimed");
         hold(h, "held");
         h.bring_to("unknown", State::kOutcomeUnknown);
         h.bring_to("dead", State::kDead);
         h.bring_to("consumed", State::kConsumed);
         h.bring_to("cancelled", State::kCancelled);
         for (const char* id : {"claimed", "held", "unknown", "dead", "consumed", "cancelled"}) {
           h.must_refuse({id}, Reschedule{{id}, then});
         }
       }},
      {"ARowIsRescheduledBackToNow",
       [](LogHarness& h) {
         h.append("m");
         h.must_apply(Reschedule{{"m"}, h.now() + std::chrono::hours(1)});
         h.must_apply(Reschedule{{"m"}, h.now()});
         only_row(h.apply(h.new_take()));
       }},
      {"AHeldRowWaitsForAPerson",
       [](LogHarness& h) {
         for (const State state :
              {State::kSending, State::kSent, State::kSendFailed, State::kConsumeFailed, State::kOutcomeUnknown}) {
           const std::string id(to_string(state));
           h.bring_to(id, state);
           h.must_apply(Hold{{id}, "restored log"});
           check(h.row(id).on_hold(), "the row is held");
           check_equal(h.count_events(id, kEventHeld), 1, "the events");
           h.must_apply(Hold{{id}, "restored log"});
         }
         h.advance(std::chrono::hours(1'000));
         Take take = h.new_take();
         take.sweep = Sweep{};
         check(h.apply(take).rows.empty(), "none is driven");
       }},
      {"AttemptsAndFinalRowsAreNotHeld",
       [](LogHarness& h) {
         h.append("claimed");
         h.claim("claimed");
         h.bring_to("dead", State::kDead);
         h.bring_to("consumed", State::kConsumed);
         h.bring_to("cancelled", State::kCancelled);
         for (const char* id : {"claimed", "dead", "consumed", "cancelled"}) h.must_refuse({id}, Hold{{id}, "why"});
       }},
      {"AMarkNeverWakesAHeldRow",
       [](LogHarness& h) {
         hold(h, "m");
         h.must_refuse({"m"}, MarkSent{{"m"}, 1, h.now()});
         h.must_refuse({"m"}, MarkFailed{{"m"}, 1, kBackoff, "late", std::string(kEventInDoubt)});
       }},
      {"AnUnknownOutcomeResolvedAsDoneIsConsumed",
       [](LogHarness& h) {
         hold(h, "held");
         h.bring_to("retried", State::kOutcomeUnknown);
         for (const char* id : {"held", "retried"}) {
           const Resolve resolve{{id}, true};
           h.must_apply(resolve);
           check_equal(h.status(id), State::kConsumed, "the status");
           check_equal(h.row(id).next_try_time, std::optional<WallTime>(), "next_try_time");
           check_equal(h.count_events(id, kEventResolved), 1, "the events");
           h.must_apply(resolve);
         }
       }},
      {"AnUnknownOutcomeResolvedAsNotDoneIsDrivenAgain",
       [](LogHarness& h) {
         h.append("m");
         Finish finish = h.new_finish(h.claim("m"), Unknown{"no answer"});
         finish.unknown = UnknownPolicy::kHold;
         h.apply(finish);
         const Resolve resolve{{"m"}, false};
         h.must_apply(resolve);
         const Row row = h.row("m");
         check_equal(row.status, State::kSending, "the status");
         check_equal(row.try_count, 0, "try_count");
         check_equal(row.replay_attempt, 1, "replay_attempt");
         check_equal(row.unknown_count, 1, "unknown_count, which is never lowered");
         check_equal(row.again_count, 0, "again_count");
         check(row.publish_count > 1, "no earlier mark fits");
         h.must_apply(resolve);
         only_row(h.apply(h.new_take()));
       }},
      {"OnlyUnknownOutcomesAreResolved",
       [](LogHarness& h) {
         for (const State state : kAllStates) {
           if (state == State::kOutcomeUnknown) continue;
           const std::string id(to_string(state));
           h.bring_to(id, state);
           h.must_refuse({id}, Resolve{{id}, false});
           if (state != State::kConsumed) h.must_refuse({id}, Resolve{{id}, true});
         }
         h.append("claimed");
         h.finish(h.claim("claimed"), Unknown{"no answer"});
         h.advance(kDelay);
         h.claim("claimed");
         h.must_refuse({"claimed"}, Resolve{{"claimed"}, true});
         check_equal(h.apply(Resolve{{"nobody"}, true}).kind, VerbAnswer::Kind::kUnknownId, "an unknown id");
       }},
  };
}

std::vector<LogCase> replay_cases() {
  return {
      {"AReplayStartsFromZeroTries",
       [](LogHarness& h) {
         h.append("m");
         h.finish(h.claim("m"), Retry{"busy", {}});
         h.advance(kDelay);
         h.finish(h.claim("m"), Fail{"no such user"});
         const Replay replay{{"m"}, false, {}};
         h.must_apply(replay);
         const Row row = h.row("m");
         check_equal(row.status, State::kSending, "the status");
         check_equal(row.try_count, 0, "try_count");
         check_equal(row.crash_count, 0, "crash_count");
         check_equal(row.attempt, 2, "attempt, which is never lowered");
         check_equal(row.replay_attempt, 2, "replay_attempt");
         check_equal(row.next_try_time, h.now(), "next_try_time");
         check_equal(row.again_count, 0, "again_count");
         check_equal(h.count_events("m", kEventReplayed), 1, "the events");
         h.must_apply(replay);
         check_equal(h.row("m").publish_count, row.publish_count, "publish_count after the second run");
         only_row(h.apply(h.new_take()));
         check_equal(h.claim("m").attempt, 3, "the next attempt");
       }},
      {"ALateMarkDoesNotFitAReplayedRow",
       [](LogHarness& h) {
         h.bring_to("m", State::kDead);
         h.must_apply(Replay{{"m"}, false, {}});
         h.must_refuse({"m"}, MarkSent{{"m"}, 1, h.now()});
         h.must_refuse({"m"}, MarkFailed{{"m"}, 1, kBackoff, "late", std::string(kEventInDoubt)});
         only_row(h.apply(h.new_take()));
       }},
      {"DeadCancelledAndUnknownRowsAreReplayed",
       [](LogHarness& h) {
         for (const State state : {State::kDead, State::kCancelled, State::kOutcomeUnknown}) {
           const std::string id(to_string(state));
           h.bring_to(id, state);
           h.must_apply(Replay{{id}, false, {}});
           check_equal(h.status(id), State::kSending, "the status");
         }
         hold(h, "held");
         h.must_apply(Replay{{"held"}, false, {}});
         check_equal(h.apply(h.new_take()).rows.size(), std::size_t{4}, "the rows driven again");
       }},
      {"AConsumedRowIsReplayedOnlyAgain",
       [](LogHarness& h) {
         h.bring_to("m", State::kConsumed);
         h.must_refuse({"m"}, Replay{{"m"}, false, {}});
         h.must_apply(Replay{{"m"}, true, {}});
         check_equal(h.status("m"), State::kSending, "the status");
         check_equal(h.row("m").again_count, 1, "again_count");
         only_row(h.apply(h.new_take()));
         h.finish(h.claim("m"), Done{});
         h.must_refuse({"m"}, Replay{{"m"}, false, {}});
         h.must_apply(Replay{{"m"}, true, {}});
         check_equal(h.row("m").again_count, 2, "again_count");
       }},
      {"OpenRowsAreNotReplayed",
       [](LogHarness& h) {
         for (const State state : {State::kSending, State::kSent, State::kSendFailed, State::kConsumeFailed}) {
           const std::string id(to_string(state));
           h.bring_to(id, state);
           h.must_refuse({id}, Replay{{id}, false, {}});
           h.must_refuse({id}, Replay{{id}, true, {}});
         }
         check_equal(h.apply(Replay{{"nobody"}, false, {}}).kind, VerbAnswer::Kind::kUnknownId, "an unknown id");
       }},
      {"OpenAttemptsAreNotReplayed",
       [](LogHarness& h) {
         h.append("m");
         h.finish(h.claim("m"), Unknown{"no answer"});
         h.advance(kDelay);
         h.claim("m");
         h.must_refuse({"m"}, Replay{{"m"}, true, {}});
         h.advance(kLease);
         h.must_refuse({"m"}, Replay{{"m"}, true, {}});
       }},
      {"ReplaysAreSpreadOverTime",
       [](LogHarness& h) {
         h.bring_to("m", State::kDead);
         h.must_apply(Replay{{"m"}, false, Duration{5'000}});
         check_equal(h.row("m").next_try_time, h.now() + Duration{5'000}, "next_try_time");
         h.advance(Duration{4'999});
         check(h.apply(h.new_take()).rows.empty(), "it is not due before");
         h.advance(Duration{1});
         only_row(h.apply(h.new_take()));
       }},
      {"AReplaySpreadFarAheadIsNotPulledForward",
       [](LogHarness& h) {
         h.bring_to("m", State::kDead);
         const WallTime then = h.now() + std::chrono::hours(1);
         h.must_apply(Replay{{"m"}, false, std::chrono::hours(1)});
         check_equal(h.row("m").message.not_before, std::optional(then), "not_before, which explains the time");
         Take take = h.new_take();
         take.sweep = Sweep{};
         check(h.apply(take).rows.empty(), "a sweep leaves it");
         check_equal(h.row("m").next_try_time, std::optional(then), "next_try_time");
         h.advance(std::chrono::hours(1));
         only_row(h.apply(take));
         check_equal(h.row("m").message.not_before, std::optional<WallTime>(), "not_before once it has passed");
         h.bring_to("at once", State::kDead);
         h.must_apply(Replay{{"at once"}});
         check_equal(h.row("at once").message.not_before, std::optional<WallTime>(), "not_before without a spread");
       }},
      {"AReplaySpreadOverTimeKeepsALaterSchedule",
       [](LogHarness& h) {
         Append write = h.new_append("m");
         write.message.not_before = h.now() + std::chrono::hours(2);
         h.apply(write);
         h.must_apply(Cancel{{"m"}});
         h.must_apply(Replay{{"m"}, false, std::chrono::hours(1)});
         check_equal(h.row("m").message.not_before, write.message.not_before, "not_before");
         check_equal(h.row("m").next_try_time, write.message.not_before, "next_try_time");
       }},
      {"AReplayedRowMayUseUpItsTriesAnew",
       [](LogHarness& h) {
         h.append("m");
         for (int attempt = 1; attempt <= 6; ++attempt) {
           h.finish(h.claim("m"), Retry{"busy", {}});
           check_equal(h.status("m"), attempt % 3 == 0 ? State::kDead : State::kConsumeFailed, "the status");
           if (attempt == 3) h.must_apply(Replay{{"m"}, false, {}});
           h.advance(kDelay);
         }
         check_equal(h.row("m").attempt, 6, "attempt");
       }},
  };
}

std::vector<LogCase> prune_cases() {
  return {
      {"OldFinishedRowsGoWithTheirEvents",
       [](LogHarness& h) {
         h.bring_to("consumed", State::kConsumed);
         h.bring_to("cancelled", State::kCancelled);
         h.append_external("external");
         h.mark_sent("external");
         h.advance(kWeek + Duration{1});
         check_equal(h.apply(Prune{}).rows, 3, "the rows pruned");
         for (const char* id : {"consumed", "cancelled", "external"}) {
           check(!h.exists(id), "the row is gone");
           check(h.events(id).empty(), "its events are gone");
         }
         check(h.list().empty(), "nothing is left");
         check_equal(h.apply(h.new_claim("consumed")).verdict, ClaimVerdict::kUnknownId, "the verdict on a claim");
       }},
      {"YoungRowsStay",
       [](LogHarness& h) {
         h.bring_to("m", State::kConsumed);
         h.advance(kWeek - Duration{1});
         check_equal(h.apply(Prune{}).rows, 0, "the rows pruned");
         check(h.exists("m"), "the row is there");
       }},
      {"TheAgeCountsFromTheLastChange",
       [](LogHarness& h) {
         h.bring_to("m", State::kSent);
         h.advance(kWeek);
         h.finish(h.claim("m"), Done{});
         h.advance(Duration{1'000});
         check_equal(h.apply(Prune{}).rows, 0, "the rows pruned");
       }},
      {"DeadAndOpenRowsAreNeverPruned",
       [](LogHarness& h) {
         for (const State state : kAllStates) {
           const std::string id(to_string(state));
           if (state != State::kConsumed && state != State::kCancelled) h.bring_to(id, state);
         }
         hold(h, "held");
         h.append("claimed");
         h.claim("claimed");
         h.append_external("external");
         const std::size_t before = h.list().size();
         h.advance(kWeek * 10);
         check_equal(h.apply(Prune{}).rows, 0, "the rows pruned");
         check_equal(h.list().size(), before, "the number of rows");
       }},
      {"PruneIsBounded",
       [](LogHarness& h) {
         for (int i = 0; i < 5; ++i) h.bring_to("m" + std::to_string(i), State::kConsumed);
         h.advance(kWeek + Duration{1});
         check_equal(h.apply(Prune{kWeek, 3}).rows, 3, "the rows of the first batch");
         check_equal(h.apply(Prune{kWeek, 3}).rows, 2, "the rows of the second");
       }},
      {"APrunedIdIsNewAgain",
       [](LogHarness& h) {
         h.bring_to("m", State::kCancelled);
         h.advance(kWeek + Duration{1});
         h.apply(Prune{});
         h.append("m");
         check_equal(h.status("m"), State::kSending, "the status");
         check(h.events("m").empty(), "its history is empty");
       }},
  };
}

}  // namespace waybill::contract
