// Section 2, claim and what an open attempt may do: renew, begin_effect, release, adopt, park.
#include "tests/contract/log_harness.h"

namespace waybill::contract {
namespace {

void check_verdict(LogHarness& h, const Claim& claim, ClaimVerdict expected, Place place = Place::current()) {
  const std::string before = h.snapshot(claim.id, place);
  check_equal(std::string(to_string(h.apply(claim, place).verdict)), std::string(to_string(expected)), "the verdict",
              place);
  check_equal(h.snapshot(claim.id, place), before, "the row after a refusal", place);
}

Claim marking_claim(LogHarness& h, const std::string& id) {
  Claim claim = h.new_claim(id);
  claim.effect_begun = false;
  return claim;
}

Adopt new_adopt(LogHarness& h, const std::string& id) {
  Adopt adopt;
  adopt.message = h.message(id);
  adopt.message.route = {"stranger.exchange", "stranger.key"};
  adopt.digest = digest_of(adopt.message.body.bytes());
  adopt.claim = h.new_claim(id);
  adopt.claim.digest = adopt.digest;
  return adopt;
}

}  // namespace

std::vector<LogCase> claim_cases() {
  return {
      {"AClaimOpensAnAttemptAndKeepsTheState",
       [](LogHarness& h) {
         h.bring_to("m", State::kSent);
         h.advance(Duration{5});
         const ClaimAnswer answer = h.apply(h.new_claim("m"));
         check_equal(answer.verdict, ClaimVerdict::kGranted, "the verdict");
         check_equal(answer.attempt, 1, "the attempt");
         check_equal(answer.publish_number, 1, "the publish number");
         check(answer.try_count == 0 && answer.crash_count == 0, "nothing failed before");
         check(!answer.body, "the body was not wanted");
         check_equal(answer.store_now, h.now(), "the time answered");
         const Row row = h.row("m");
         check_equal(row.status, State::kSent, "the status");
         check(row.owner == kWorker && row.effect_begun, "owner and effect are the claim's");
         check_equal(row.attempt, 1, "attempt");
         check_equal(row.next_try_time, h.now() + kLease, "next_try_time");
         check_equal(row.claim_time, h.now(), "claim_time");
       }},
      {"OpenRowsAreClaimedWhateverTheirPublishSays",
       [](LogHarness& h) {
         for (const State state : {State::kSending, State::kSent, State::kSendFailed}) {
           const std::string id(to_string(state));
           h.bring_to(id, state);
           h.claim(id);
           check_equal(h.status(id), state, "the status");
         }
       }},
      {"FailedRowsAreClaimedOnlyWhenDue",
       [](LogHarness& h) {
         h.bring_to("failed", State::kConsumeFailed);
         h.bring_to("unknown", State::kOutcomeUnknown);
         h.advance(kDelay - Duration{1});
         check_verdict(h, h.new_claim("failed"), ClaimVerdict::kNotDue);
         check_verdict(h, h.new_claim("unknown"), ClaimVerdict::kNotDue);
         h.advance(Duration{1});
         check_equal(h.claim("failed").attempt, 2, "the attempt");
         check_equal(h.claim("unknown").attempt, 2, "the attempt");
         check_equal(h.status("failed"), State::kConsumeFailed, "the status");
       }},
      {"ScheduledRowsAreNotClaimedBefore",
       [](LogHarness& h) {
         h.bring_to("m", State::kSent);
         h.must_apply(Reschedule{{"m"}, h.now() + Duration{5'000}});
         h.advance(Duration{4'999});
         check_verdict(h, h.new_claim("m"), ClaimVerdict::kNotDue);
         h.advance(Duration{1});
         h.claim("m");
       }},
      {"RefusedClaimsSayWhy",
       [](LogHarness& h) {
         h.bring_to("consumed", State::kConsumed);
         h.bring_to("cancelled", State::kCancelled);
         h.bring_to("dead", State::kDead);
         h.append("held");
         h.must_apply(Hold{{"held"}, "look at it"});
         check_verdict(h, h.new_claim("consumed"), ClaimVerdict::kFinished);
         check_verdict(h, h.new_claim("cancelled"), ClaimVerdict::kCancelled);
         check_verdict(h, h.new_claim("dead"), ClaimVerdict::kDead);
         check_verdict(h, h.new_claim("held"), ClaimVerdict::kOnHold);
         check_verdict(h, h.new_claim("nobody"), ClaimVerdict::kUnknownId);
         check(!h.exists("nobody"), "a claim makes no row");
       }},
      {"AnOpenAttemptIsBusyForOthersAndForItsOwnProcess",
       [](LogHarness& h) {
         h.append("m");
         h.claim("m");
         check_verdict(h, h.new_claim("m"), ClaimVerdict::kBusy);
         Claim other = h.new_claim("m");
         other.owner = kOtherWorker;
         check_verdict(h, other, ClaimVerdict::kBusy);
         h.advance(kLease - Duration{1});
         check_verdict(h, other, ClaimVerdict::kBusy);
       }},
      {"AnotherBodyUnderAKnownIdIsAnotherMessage",
       [](LogHarness& h) {
         h.append("m");
         Claim claim = h.new_claim("m");
         claim.digest = digest_of("something else");
         check_verdict(h, claim, ClaimVerdict::kAnotherMessage);
         claim.digest = digest_of("body of m");
         h.claim(claim);
         h.bring_to("done", State::kConsumed);
         Claim late = h.new_claim("done");
         late.digest = digest_of("something else");
         check_verdict(h, late, ClaimVerdict::kAnotherMessage);
       }},
      {"AClaimWithoutADigestTakesTheRowAsItIs",
       [](LogHarness& h) {
         h.append("m");
         h.claim("m");
         check(h.row("m").digest == digest_of("body of m"), "the digest stays");
       }},
      {"AClaimRunAgainGetsTheSameAttemptAndAWholeLease",
       [](LogHarness& h) {
         h.append("m");
         const Claim claim = h.new_claim("m");
         const ClaimAnswer first = h.apply(claim);
         h.advance(Duration{10'000});
         const ClaimAnswer second = h.apply(claim);
         check_equal(second.verdict, ClaimVerdict::kGranted, "the second verdict");
         check_equal(second.attempt, first.attempt, "the second attempt");
         check_equal(h.row("m").attempt, 1, "attempt");
         // The worker measures its lease from the run that was answered.
         check_equal(h.row("m").next_try_time, h.now() + kLease, "next_try_time");
       }},
      {"AClaimRunAgainAfterItsAttemptEndedIsANewOne",
       [](LogHarness& h) {
         h.append("m");
         const Claim claim = h.new_claim("m");
         h.finish(h.claim(claim), Done{});
         check_verdict(h, claim, ClaimVerdict::kFinished);
       }},
      {"AClaimGivesTheBodyThatTheDeliveryLacked",
       [](LogHarness& h) {
         h.append("m");
         Claim claim = h.new_claim("m");
         claim.want_body = true;
         const ClaimAnswer answer = h.apply(claim);
         check(answer.body && answer.body->bytes() == "body of m", "the body is answered");
       }},
      {"AClaimAnswersWhatTheRowKnowsOfItsPast",
       [](LogHarness& h) {
         Append write = h.new_append("m");
         write.message.retry = RetryPolicy{9, FixedDelay{Duration{1}}};
         h.apply(write);
         h.finish(h.claim("m"), Retry{"busy", {}});
         h.advance(kDelay);
         h.claim_and_lapse("m");
         const ClaimAnswer answer = h.apply(h.new_claim("m"));
         check_equal(answer.attempt, 3, "the attempt");
         check_equal(answer.try_count, 1, "the failed attempts");
         check_equal(answer.crash_count, 1, "the lapses");
         check(answer.retry == write.message.retry, "the retry policy is the message's");
       }},
      {"AClaimWritesTheTimesItsProcessKnows",
       [](LogHarness& h) {
         h.append("m");
         Claim claim = h.new_claim("m");
         claim.times = {h.now() + Duration{1}, h.now() + Duration{2}};
         h.claim(claim);
         check_equal(h.row("m").publish_time, claim.times.publish_time, "publish_time");
         check_equal(h.row("m").confirm_time, claim.times.confirm_time, "confirm_time");
       }},
      {"AClaimForgetsAScheduleThatHasPassed",
       [](LogHarness& h) {
         // Or a clock that steps back after the claim would bring it up again, and the next copy would be refused.
         Append write = h.new_append("m");
         write.message.not_before = h.now() + kDelay;
         h.apply(write);
         h.advance(kDelay);
         h.claim("m");
         check_equal(h.row("m").message.not_before, std::optional<WallTime>(), "not_before");
       }},
      {"TheCopyOfAnExternalRowIsHandledOnceItsRouteIsConsumed",
       [](LogHarness& h) {
         h.append_external("m");
         h.mark_sent("m");
         h.finish(h.claim("m"), Done{"file"});
         check_equal(h.status("m"), State::kConsumed, "the status");
       }},
  };
}

std::vector<LogCase> attempt_cases() {
  return {
      {"ARenewalMovesTheEndOfTheLease",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         h.advance(Duration{5'000});
         h.must_apply(Renew{fence, kLease});
         check_equal(h.row("m").next_try_time, h.now() + kLease, "next_try_time");
         check_equal(h.row("m").attempt, 1, "attempt");
       }},
      {"ARenewalRevivesALapsedAttemptThatNobodyEnded",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim_and_lapse("m");
         h.advance(std::chrono::hours(1));
         h.must_apply(Renew{fence, kLease});
         check(h.apply(h.new_take()).lapsed == 0, "it does not lapse any more");
         check_equal(h.row("m").lapse_count, 0, "lapse_count");
         h.finish(fence, Done{});
       }},
      {"ARenewalOfAnEndedAttemptIsRefused",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim_and_lapse("m");
         only_row(h.apply(h.new_take()));
         h.must_refuse({"m"}, Renew{fence, kLease});
         h.claim("m");
         h.must_refuse({"m"}, Renew{fence, kLease});
       }},
      {"ARenewalNeedsOwnerAndAttempt",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         Fence other = fence;
         other.owner = kOtherWorker;
         h.must_refuse({"m"}, Renew{other, kLease});
         other.owner = {kWorker.instance, {99}};
         h.must_refuse({"m"}, Renew{other, kLease});
         other = fence;
         other.attempt = 2;
         h.must_refuse({"m"}, Renew{other, kLease});
         check_equal(h.apply(Renew{{{"nobody"}, kWorker, 1, {}}, kLease}).kind, VerbAnswer::Kind::kUnknownId, "no row");
       }},
      {"ThePointOfNoReturnIsRecorded",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim(marking_claim(h, "m"));
         check(!h.row("m").effect_begun, "the effect has not begun with the claim");
         h.must_apply(BeginEffect{fence});
         check(h.row("m").effect_begun, "the effect has begun");
         h.must_apply(BeginEffect{fence});
       }},
      {"AnEffectBeginsOnlyUnderItsOwnAttempt",
       [](LogHarness& h) {
         h.append("m");
         const Fence first = h.claim(marking_claim(h, "m"));
         Fence other = first;
         other.owner = kOtherWorker;
         h.must_refuse({"m"}, BeginEffect{other});
         h.advance(kLease);
         Claim claim = marking_claim(h, "m");
         claim.owner = kOtherWorker;
         h.claim(claim);
         h.must_refuse({"m"}, BeginEffect{first});
         check(!h.row("m").effect_begun, "the new attempt's effect has not begun");
       }},
      {"EachClaimSetsTheBeginningOfTheEffectAnew",
       [](LogHarness& h) {
         h.append("m");
         h.finish(h.claim("m"), Retry{"busy", {}});
         h.advance(kDelay);
         h.claim(marking_claim(h, "m"));
         check(!h.row("m").effect_begun, "the second attempt's effect has not begun");
       }},
      {"AReleasedAttemptIsDueNowAndNothingIsCounted",
       [](LogHarness& h) {
         h.bring_to("m", State::kSent);
         const Fence fence = h.claim(marking_claim(h, "m"));
         h.advance(Duration{10});
         h.must_apply(Release{fence});
         const Row row = h.row("m");
         check_equal(row.status, State::kSending, "the status");
         check_equal(row.next_try_time, h.now(), "next_try_time");
         check(!row.owner, "nobody owns it");
         check(row.try_count == 0 && row.lapse_count == 0 && row.crash_count == 0 && row.unknown_count == 0,
               "nothing is counted");
         check_equal(row.attempt, 1, "attempt is never lowered");
         check(row.publish_count > 1, "no earlier mark fits");
         h.must_refuse({"m"}, MarkFailed{{"m"}, 1, kBackoff, "late", std::string(kEventInDoubt)});
       }},
      {"ALateConfirmDoesNotStrandAReleasedRow",
       [](LogHarness& h) {
         h.append("m");
         h.must_apply(Release{h.claim(marking_claim(h, "m"))});
         h.must_refuse({"m"}, MarkSent{{"m"}, 1, h.now()});
         only_row(h.apply(h.new_take()));
       }},
      {"AnAttemptWhoseEffectBeganIsNotReleased",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         h.must_refuse({"m"}, Release{fence});
         h.append("marked");
         const Fence marked = h.claim(marking_claim(h, "marked"));
         h.must_apply(BeginEffect{marked});
         h.must_refuse({"marked"}, Release{marked});
       }},
      {"AnAttemptWhoseHandlerWasNeverCalledIsReleasedWhateverItsClaimSaid",
       [](LogHarness& h) {
         h.append("m");
         const Release release{h.claim("m"), /*never_started=*/true};
         h.must_apply(release);
         const Row row = h.row("m");
         check(!row.owner && row.status == State::kSending, "it is free");
         check(row.lapse_count == 0 && row.crash_count == 0, "nothing is counted");
         h.must_apply(release);
         const Claim again = h.new_claim("m");
         check_equal(h.apply(again).attempt, 2, "the next attempt");
         h.must_refuse({"m"}, release);
       }},
      {"ReleaseNeedsOwnerAndAttempt",
       [](LogHarness& h) {
         h.append("m");
         Fence other = h.claim(marking_claim(h, "m"));
         other.owner = kOtherWorker;
         h.must_refuse({"m"}, Release{other});
         other.owner = kWorker;
         other.attempt = 2;
         h.must_refuse({"m"}, Release{other});
       }},
      {"AReleaseRunAgainGivesTheSameAnswer",
       [](LogHarness& h) {
         h.append("m");
         const Release release{h.claim(marking_claim(h, "m"))};
         h.must_apply(release);
         const std::string before = h.snapshot({"m"});
         h.must_apply(release);
         check_equal(h.snapshot({"m"}), before, "the row after the second run");
       }},
      {"AScheduledRowThatWasCancelledAnswersCancelled",
       [](LogHarness& h) {
         h.append("m");
         h.must_apply(Reschedule{{"m"}, h.now() + kDelay});
         h.must_apply(Cancel{{"m"}});
         check_equal(h.apply(h.new_claim("m")).verdict, ClaimVerdict::kCancelled, "the verdict");
       }},
      {"AnAttemptThatLapsedWasNotReleased",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim(marking_claim(h, "m"));
         h.advance(kLease);
         only_row(h.apply(h.new_take()));
         h.must_refuse({"m"}, Release{fence});
       }},
      {"AnAttemptThatReportedAndWasReplayedWasNotReleased",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim(marking_claim(h, "m"));
         h.finish(fence, Fail{"no such user"});
         h.must_apply(Replay{{"m"}});
         h.must_refuse({"m"}, Release{fence});
       }},
      {"AnAdoptedMessageIsRecordedAndClaimedAtOnce",
       [](LogHarness& h) {
         const Adopt adopt = new_adopt(h, "m");
         const ClaimAnswer answer = h.apply(adopt);
         check_equal(answer.verdict, ClaimVerdict::kGranted, "the verdict");
         check_equal(answer.attempt, 1, "the attempt");
         const Row row = h.row("m");
         check_equal(row.status, State::kSent, "the status");
         check(row.owner == kWorker && row.effect_begun, "it is ours");
         check_equal(row.next_try_time, h.now() + kLease, "next_try_time");
         check(row.queue == kMailQueue, "its queue is the one it came from");
         check(row.digest == adopt.digest, "the digest is the delivery's");
         check_equal(row.message.body.bytes(), std::string("body of m"), "the body");
         h.finish({{"m"}, kWorker, 1, adopt.claim.token}, Done{"file"});
       }},
      {"AnAdoptedMessageIsRetriedThroughTheDefaultExchange",
       [](LogHarness& h) {
         // Others bound to the stranger's exchange would get it again.
         const Adopt adopt = new_adopt(h, "m");
         h.apply(adopt);
         h.finish({{"m"}, kWorker, 1, adopt.claim.token}, Retry{"busy", {}});
         h.advance(kDelay);
         const TakenRow taken = only_row(h.apply(h.new_take()));
         check_equal(taken.message.route.exchange, std::string(), "the exchange");
         check_equal(taken.message.route.routing_key, kMailQueue.value, "the routing key");
         check(taken.queue == kMailQueue && !taken.foreign, "it is a row of our queue");
       }},
      {"AnAdoptionOfAKnownIdIsAnsweredLikeAClaim",
       [](LogHarness& h) {
         h.bring_to("done", State::kConsumed);
         check_equal(h.apply(new_adopt(h, "done")).verdict, ClaimVerdict::kFinished, "the verdict on a finished one");
         h.append("open");
         check_equal(h.apply(new_adopt(h, "open")).verdict, ClaimVerdict::kGranted, "the verdict on an open one");
         check(h.row("open").message.route == kMailRoute, "its route stays");
         Adopt other = new_adopt(h, "done");
         other.digest = digest_of("something else");
         other.claim.digest = other.digest;
         check_equal(h.apply(other).verdict, ClaimVerdict::kAnotherMessage, "the verdict on another body");
       }},
      {"AnAdoptionUnderTheIdOfARowWithoutADigestComparesBodies",
       [](LogHarness& h) {
         h.append_foreign("f");
         const std::string before = h.snapshot({"f"});
         check_equal(h.apply(new_adopt(h, "f")).verdict, ClaimVerdict::kAnotherMessage, "the verdict on another body");
         check_equal(h.snapshot({"f"}), before, "the row");
         Adopt same = new_adopt(h, "f");
         same.message.body = Body("foreign f");
         same.digest = digest_of("foreign f");
         check_equal(h.apply(same).verdict, ClaimVerdict::kGranted, "the verdict on the same body");
         check(h.row("f").digest == same.digest, "the digest is filled");
       }},
      {"AnAdoptionRunAgainGetsTheSameAttempt",
       [](LogHarness& h) {
         const Adopt adopt = new_adopt(h, "m");
         h.apply(adopt);
         const ClaimAnswer again = h.apply(adopt);
         check_equal(again.verdict, ClaimVerdict::kGranted, "the verdict");
         check_equal(again.attempt, 1, "the attempt");
       }},
      {"AParkedDeliveryIsDeadWithItsReason",
       [](LogHarness& h) {
         Message message = h.message("waybill.parked.1");
         message.body = Body(std::string("\x00\xFF\x01", 3), true);
         const Park park{message, digest_of(message.body.bytes()), kMailQueue, "row gone"};
         h.must_apply(park);
         h.must_apply(park);
         const Row row = h.row("waybill.parked.1");
         check_equal(row.status, State::kDead, "the status");
         check_equal(row.last_error, std::string("row gone"), "last_error");
         check(row.message.body == message.body, "the body is kept exactly");
         check_equal(row.next_try_time, std::optional<WallTime>(), "next_try_time");
         check_equal(h.count_events("waybill.parked.1", kEventParked), 1, "the events");
         check_equal(h.list().size(), std::size_t{1}, "the number of rows");
       }},
  };
}

}  // namespace waybill::contract
