// Section 2, lapse: ending the attempt of a holder that never reported; and the copies of dead messages.
#include "core/headers.h"
#include "tests/contract/log_harness.h"

namespace waybill::contract {
namespace {

Fence claim_unbegun(LogHarness& h, const std::string& id) {
  Claim claim = h.new_claim(id);
  claim.effect_begun = false;
  return h.claim(claim);
}

LapseRule dead_letter_rule(int crash_limit = 5) {
  LapseRule rule;
  rule.crash_limit = crash_limit;
  rule.dead_letter = kDeadRoute;
  return rule;
}

}  // namespace

std::vector<LogCase> lapse_cases() {
  return {
      {"ATakeEndsALapsedAttemptAndDrivesItAgain",
       [](LogHarness& h) {
         h.bring_to("m", State::kSent);
         h.claim_and_lapse("m");
         const TakeAnswer answer = h.apply(h.new_take());
         check_equal(answer.lapsed, 1, "the lapses answered");
         check_equal(only_row(answer).crash_count, 1, "crash_count of the row taken");
         const Row row = h.row("m");
         check_equal(row.status, State::kSending, "the status");
         check(!row.owner, "nobody owns it");
         check(row.lapse_count == 1 && row.crash_count == 1, "the lapse is counted");
         check_equal(row.try_count, 0, "try_count: a lapse never uses it");
         check(row.publish_count > 1, "no earlier mark fits");
         check_equal(row.next_try_time, h.now() + kGrace, "next_try_time");
         check_equal(h.count_events("m", kEventLapsed), 1, "the events");
       }},
      {"AClaimEndsALapsedAttemptAndCountsIt",
       [](LogHarness& h) {
         h.bring_to("m", State::kSent);
         h.claim_and_lapse("m");
         Claim claim = h.new_claim("m");
         claim.owner = kOtherWorker;
         const ClaimAnswer answer = h.apply(claim);
         check_equal(answer.verdict, ClaimVerdict::kGranted, "the verdict");
         check_equal(answer.attempt, 2, "the attempt");
         check_equal(answer.crash_count, 1, "crash_count answered");
         const Row row = h.row("m");
         check(row.owner == kOtherWorker, "the claim has it");
         check(row.lapse_count == 1 && row.crash_count == 1, "the lapse is counted");
         check(row.publish_count > 1, "no earlier mark fits");
         check_equal(row.next_try_time, h.now() + kLease, "next_try_time");
         check_equal(h.count_events("m", kEventLapsed), 1, "the events");
       }},
      {"AClaimOfTheSameProcessCountsItsOwnLapse",
       [](LogHarness& h) {
         h.append("m");
         h.claim_and_lapse("m");
         h.claim("m");
         check_equal(h.row("m").lapse_count, 1, "lapse_count");
       }},
      {"ALateMarkDoesNotFitALapsedRow",
       [](LogHarness& h) {
         h.append("m");
         h.claim_and_lapse("m");
         h.claim("m");
         h.must_refuse({"m"}, MarkSent{{"m"}, 1, h.now()});
         h.must_refuse({"m"}, MarkFailed{{"m"}, 1, kBackoff, "late", std::string(kEventInDoubt)});
       }},
      {"AnAttemptWhoseEffectNeverBeganIsOnlyACrash",
       [](LogHarness& h) {
         h.append("m");
         claim_unbegun(h, "m");
         h.advance(kLease);
         check_equal(h.apply(h.new_take()).lapsed, 1, "the lapses answered");
         check_equal(h.row("m").lapse_count, 0, "lapse_count");
         check_equal(h.row("m").crash_count, 1, "crash_count");
         check_equal(h.count_events("m", kEventLapsed), 1, "the events");
       }},
      {"AnEffectBegunLaterIsCountedByItsLapse",
       [](LogHarness& h) {
         h.append("m");
         h.must_apply(BeginEffect{claim_unbegun(h, "m")});
         h.advance(kLease);
         h.claim("m");
         check_equal(h.row("m").lapse_count, 1, "lapse_count");
       }},
      {"NothingLapsesWhileTheRuleForbidsIt",
       [](LogHarness& h) {
         h.append("m");
         h.claim_and_lapse("m");
         const std::string before = h.snapshot({"m"});
         Take take = h.new_take();
         take.lapse.allowed = false;
         const TakeAnswer answer = h.apply(take);
         check(answer.lapsed == 0 && answer.rows.empty(), "the take leaves it");
         Claim claim = h.new_claim("m");
         claim.lapse.allowed = false;
         check_equal(h.apply(claim).verdict, ClaimVerdict::kBusy, "the verdict");
         check_equal(h.snapshot({"m"}), before, "the row");
       }},
      {"AClockStepLapsesNothing",
       [](LogHarness& h) {
         h.append("m");
         h.claim_and_lapse("m");
         const std::string before = h.snapshot({"m"});
         for (const Duration difference : {Duration{1'001}, Duration{-1'001}, Duration{3'600'000}}) {
           Take take = h.new_take();
           take.lapse.expected_now = h.now() + difference;
           check(h.apply(take).lapsed == 0, "the take leaves it");
           Claim claim = h.new_claim("m");
           claim.lapse.expected_now = h.now() + difference;
           check_equal(h.apply(claim).verdict, ClaimVerdict::kBusy, "the verdict");
         }
         check_equal(h.snapshot({"m"}), before, "the row");
         Take take = h.new_take();
         take.lapse.expected_now = h.now() + Duration{1'000};
         check_equal(h.apply(take).lapsed, 1, "the lapses at a second's difference");
       }},
      {"AClockStepDoesNotHinderTheDueRows",
       [](LogHarness& h) {
         h.append("m");
         h.advance(kGrace);
         Take take = h.new_take();
         take.lapse.expected_now = h.now() - std::chrono::hours(1);
         only_row(h.apply(take));
       }},
      {"TheLastCrashEndsInDead",
       [](LogHarness& h) {
         h.append("m");
         for (int crash = 1; crash < 5; ++crash) {
           h.claim_and_lapse("m");
           only_row(h.apply(h.new_take()));
         }
         h.claim_and_lapse("m");
         const TakeAnswer answer = h.apply(h.new_take());
         check(answer.rows.empty() && answer.lapsed == 1, "the fifth lapse is not driven again");
         const Row row = h.row("m");
         check_equal(row.status, State::kDead, "the status");
         check_equal(row.last_error, std::string("attempt never finished"), "last_error");
         check(row.crash_count == 5 && row.lapse_count == 5, "every lapse is counted");
         check_equal(row.next_try_time, std::optional<WallTime>(), "next_try_time");
         h.must_apply(Replay{{"m"}, false, {}});
         check_equal(h.row("m").crash_count, 0, "crash_count after a replay");
         check_equal(h.row("m").lapse_count, 5, "lapse_count, which is never lowered");
       }},
      {"AClaimThatMeetsTheLastCrashAnswersDead",
       [](LogHarness& h) {
         h.append("m");
         h.claim_and_lapse("m");
         Claim claim = h.new_claim("m");
         claim.lapse.crash_limit = 1;
         check_equal(h.apply(claim).verdict, ClaimVerdict::kDead, "the verdict");
         check_equal(h.status("m"), State::kDead, "the status");
       }},
      {"ACrashLimitOfZeroNeverEndsInDead",
       [](LogHarness& h) {
         h.append("m");
         for (int crash = 1; crash <= 7; ++crash) {
           h.claim_and_lapse("m");
           Take take = h.new_take();
           take.lapse.crash_limit = 0;
           only_row(h.apply(take));
         }
         check_equal(h.row("m").crash_count, 7, "crash_count");
       }},
      {"ALapseIsHeldWherePolicySaysSo",
       [](LogHarness& h) {
         h.append("taken");
         h.append("claimed");
         h.claim("taken");
         h.claim_and_lapse("claimed");
         Claim claim = h.new_claim("claimed");
         claim.lapse.unknown = UnknownPolicy::kHold;
         check_equal(h.apply(claim).verdict, ClaimVerdict::kOnHold, "the verdict");
         Take take = h.new_take();
         take.lapse.unknown = UnknownPolicy::kHold;
         check(h.apply(take).rows.empty(), "nothing is driven again");
         for (const char* id : {"taken", "claimed"}) {
           check(h.row(id).on_hold(), "the row is held");
           check_equal(h.row(id).lapse_count, 1, "lapse_count");
         }
       }},
      {"ALapseBeforeTheEffectIsNeverHeld",
       [](LogHarness& h) {
         h.append("m");
         claim_unbegun(h, "m");
         h.advance(kLease);
         Take take = h.new_take();
         take.lapse.unknown = UnknownPolicy::kHold;
         only_row(h.apply(take));
       }},
      {"EveryOpenStateLapsesAlike",
       [](LogHarness& h) {
         for (const State state :
              {State::kSending, State::kSent, State::kSendFailed, State::kConsumeFailed, State::kOutcomeUnknown}) {
           const std::string id(to_string(state));
           h.bring_to(id, state);
           h.advance(kDelay);
           h.claim_and_lapse(id);
           check_equal(only_row(h.apply(h.new_take())).message.id.value, id, "the row taken");
           check_equal(h.status(id), State::kSending, "the status");
           h.finish(h.claim(id), Done{});
         }
       }},
      {"AttemptsOfAFormerBootLapseAtOnce",
       [](LogHarness& h) {
         for (const char* id : {"former", "unbegun", "ours", "other"}) h.append(id);
         h.claim("former");
         claim_unbegun(h, "unbegun");
         Claim ours = h.new_claim("ours");
         ours.owner = {kWorker.instance, {99}};
         h.claim(ours);
         Claim other = h.new_claim("other");
         other.owner = {kWorker.instance + "x", {11}};
         h.claim(other);
         check_equal(h.apply(LapseOwner{{kWorker.instance, {99}}, 10, {}}).rows, 2, "the attempts ended");
         check(!h.row("former").owner && !h.row("unbegun").owner, "the former boot's are ended");
         check(h.row("ours").owner && h.row("other").owner, "the others stand");
         check_equal(h.row("former").lapse_count, 1, "lapse_count");
         check_equal(h.row("unbegun").lapse_count, 0, "lapse_count where no effect began");
         check_equal(h.row("former").next_try_time, h.now(), "next_try_time");
         check_equal(h.status("former"), State::kSending, "the status");
       }},
      {"AttemptsOfAFormerBootLapseInBatchesAndByTheRule",
       [](LogHarness& h) {
         for (const char* id : {"a", "b", "c"}) {
           h.append(id);
           h.claim(id);
         }
         LapseOwner lapse{{kWorker.instance, {99}}, 2, {}};
         lapse.rule.allowed = false;
         lapse.rule.expected_now = h.now() + std::chrono::hours(1);
         lapse.rule.unknown = UnknownPolicy::kHold;
         check_equal(h.apply(lapse).rows, 2, "the first batch: the proof is enough");
         lapse.rule.crash_limit = 1;
         check_equal(h.apply(lapse).rows, 1, "the second batch");
         check_equal(h.apply(lapse).rows, 0, "nothing is left");
         check_equal(h.list(State::kDead).size(), std::size_t{1}, "the rows at the crash limit");
         check_equal(h.list(State::kOutcomeUnknown).size(), std::size_t{2}, "the rows held");
       }},
  };
}

std::vector<LogCase> told_lapse_cases() {
  return {
      {"ATakeTellsWhichRowsItsLapsesEnded",
       [](LogHarness& h) {
         h.append("first");
         h.claim_and_lapse("first");
         only_row(h.apply(h.new_take()));
         h.append("again");
         h.claim("again");
         h.claim_and_lapse("first");
         Take take = h.new_take();
         take.lapse.crash_limit = 2;
         TakeAnswer answer = h.apply(take);
         check_equal(answer.lapsed, 2, "the lapses");
         check(answer.ended == std::vector<LapsedRow>{{{"first"}, State::kDead}}, "the dead one is told, and no other");
         h.claim_and_lapse("again");
         take.lapse.crash_limit = 0;
         take.lapse.unknown = UnknownPolicy::kHold;
         answer = h.apply(take);
         check(answer.ended == std::vector<LapsedRow>{{{"again"}, State::kOutcomeUnknown}}, "the held one is told");
         check(h.apply(take).ended.empty(), "each is told once");
       }},
      {"AClaimTellsOfTheLapseThatItFound",
       [](LogHarness& h) {
         h.append("m");
         check(!h.apply(h.new_claim("m")).lapsed, "nothing lapsed before the first claim");
         h.advance(kLease);
         Claim claim = h.new_claim("m");
         check(h.apply(claim).lapsed == LapsedRow{{"m"}, State::kSending}, "the row was driven again, and granted");
         h.advance(kLease);
         claim = h.new_claim("m");
         claim.lapse.crash_limit = 2;
         const ClaimAnswer answer = h.apply(claim);
         check_equal(answer.verdict, ClaimVerdict::kDead, "the verdict");
         check(answer.lapsed == LapsedRow{{"m"}, State::kDead}, "the row died of it");
         check(!h.apply(claim).lapsed, "it is told once");
         h.append("held");
         h.claim_and_lapse("held");
         claim = h.new_claim("held");
         claim.lapse.unknown = UnknownPolicy::kHold;
         check(h.apply(claim).lapsed == LapsedRow{{"held"}, State::kOutcomeUnknown}, "the row is held");
       }},
      {"TheEndOfAFormerBootTellsWhichRowsItEnded",
       [](LogHarness& h) {
         for (const char* id : {"a", "b"}) {
           h.append(id);
           h.claim(id);
         }
         LapseOwner lapse{{kWorker.instance, {99}}, 1, {}};
         lapse.rule.crash_limit = 1;
         LapseAnswer answer = h.apply(lapse);
         check(answer.rows == 1 && answer.ended.size() == 1, "one a batch");
         check_equal(answer.ended.front().status, State::kDead, "its status");
         lapse.rule.crash_limit = 0;
         answer = h.apply(lapse);
         check(answer.rows == 1 && answer.ended.empty(), "the other one is driven again");
       }},
  };
}

std::vector<LogCase> dead_letter_cases() {
  return {
      {"ADeadMessageLeavesAnExternalCopy",
       [](LogHarness& h) {
         Append write = h.new_append("m");
         write.message.headers = {{"tenant", "7"}};
         write.message.retry = RetryPolicy{};
         h.apply(write);
         Finish finish = h.new_finish(h.claim("m"), Fail{"no such user"});
         finish.dead_letter = kDeadRoute;
         h.apply(finish);
         const auto copies = h.dead_letter_copies("m");
         check_equal(copies.size(), std::size_t{1}, "the number of copies");
         const Row copy = h.row(copies[0].message.id.value);
         check(copy.message.id.value.starts_with(kReservedIdPrefix), "its id is reserved");
         check(copy.message.route == kDeadRoute, "its route is the dead letters'");
         check(copy.queue == QueueName{}, "it is external");
         check_equal(copy.message.body.bytes(), std::string("body of m"), "the body");
         check(copy.message.headers.front() == write.message.headers.front(), "the message's headers are kept");
         check(!copy.message.retry, "nobody here tries a copy again");
         check_equal(copy.status, State::kSending, "the status");
         check_equal(copy.next_try_time, h.now(), "next_try_time");
         const TakenRow taken = only_row(h.apply(h.new_take()));
         check(taken.message.id == copy.message.id && taken.message.route == kDeadRoute, "the copy is published");
       }},
      {"EveryWayToDeadOfAConsumedRowLeavesACopy",
       [](LogHarness& h) {
         for (const char* id : {"failed", "used-up", "crashed"}) h.append(id);
         Finish fail = h.new_finish(h.claim("failed"), Fail{"never"});
         Finish retry = h.new_finish(h.claim("used-up"), Retry{"busy", {}});
         retry.max_tries = 1;
         fail.dead_letter = retry.dead_letter = kDeadRoute;
         h.commit({fail, retry});
         h.claim_and_lapse("crashed");
         Take take = h.new_take();
         take.lapse = dead_letter_rule(1);
         h.apply(take);
         for (const char* id : {"failed", "used-up", "crashed"}) {
           check_equal(h.status(id), State::kDead, "the status");
           check_equal(h.dead_letter_copies(id).size(), std::size_t{1}, "the number of copies of " + std::string(id));
         }
       }},
      {"AClaimThatEndsInDeadLeavesACopy",
       [](LogHarness& h) {
         h.append("m");
         h.claim_and_lapse("m");
         Claim claim = h.new_claim("m");
         claim.lapse = dead_letter_rule(1);
         check_equal(h.apply(claim).verdict, ClaimVerdict::kDead, "the verdict");
         check_equal(h.dead_letter_copies("m").size(), std::size_t{1}, "the number of copies");
       }},
      {"WithoutADeadLetterRouteTheRowIsTheDeadLetter",
       [](LogHarness& h) {
         h.bring_to("m", State::kDead);
         check_equal(h.list().size(), std::size_t{1}, "the number of rows");
       }},
      {"ARefusedRowLeavesNoCopy",
       [](LogHarness& h) {
         h.append("m");
         h.must_apply(Refuse{{"m"}, "too large"});
         check_equal(h.list().size(), std::size_t{1}, "the number of rows");
       }},
      {"AFinishRunAgainLeavesOneCopy",
       [](LogHarness& h) {
         h.append("m");
         Finish finish = h.new_finish(h.claim("m"), Fail{"never"});
         finish.dead_letter = kDeadRoute;
         h.apply(finish);
         h.apply(finish);
         check_equal(h.dead_letter_copies("m").size(), std::size_t{1}, "the number of copies");
       }},
      {"EachDeathLeavesItsOwnCopy",
       [](LogHarness& h) {
         h.append("m");
         for (int death = 1; death <= 2; ++death) {
           Finish finish = h.new_finish(h.claim("m"), Fail{"never"});
           finish.dead_letter = kDeadRoute;
           h.apply(finish);
           check_equal(h.dead_letter_copies("m").size(), static_cast<std::size_t>(death), "the number of copies");
           h.must_apply(Replay{{"m"}, false, {}});
         }
       }},
      {"ALongIdHasACopyToo",
       [](LogHarness& h) {
         std::string id;
         for (int i = 0; i < 85; ++i) id += "\xE6\x88\x90";
         h.append(id);
         Finish finish = h.new_finish(h.claim(id), Fail{"never"});
         finish.dead_letter = kDeadRoute;
         check_equal(h.apply(finish).kind, FinishAnswer::Kind::kRecorded, "the answer");
         check_equal(h.dead_letter_copies(id).size(), std::size_t{1}, "the number of copies");
       }},
      {"AClaimThatMeetsACopyAnswersDead",
       [](LogHarness& h) {
         h.append("m");
         Finish finish = h.new_finish(h.claim("m"), Fail{"never"});
         finish.dead_letter = kDeadRoute;
         h.apply(finish);
         const std::string id = h.dead_letter_copies("m").at(0).message.id.value;
         check_equal(h.apply(h.new_claim(id)).verdict, ClaimVerdict::kDead, "the verdict before its publish");
         only_row(h.apply(h.new_take()));
         h.mark_sent(id);
         const std::string before = h.snapshot({id});
         check_equal(h.apply(h.new_claim(id)).verdict, ClaimVerdict::kDead, "the verdict after its publish");
         check_equal(h.snapshot({id}), before, "the copy");
       }},
  };
}

}  // namespace waybill::contract
