// From a delivery to its claim: grants, refusals, strangers, and writes without an answer.
#include "tests/unit/engine/worker_machine_fixture.h"

namespace waybill {
namespace {

class WorkerClaimTest : public WorkerMachineTest {};

TEST_F(WorkerClaimTest, GrantedClaimStartsTheHandler) {
  Key key = 0;
  const auto claim = write<Claim>(deliver("a"), &key);
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->id.value, "a");
  EXPECT_EQ(claim->digest, sha256("body of a"));
  EXPECT_EQ(claim->owner, options_.owner);
  EXPECT_EQ(claim->queue, kQueue);
  EXPECT_TRUE(claim->effect_begun);
  EXPECT_TRUE(claim->lapse.allowed);
  EXPECT_NE(claim->token.value, 0U);
  const auto started = one<M::Start>(answer(key, granted(), 1));
  ASSERT_TRUE(started);
  EXPECT_EQ(started->key, key);
  EXPECT_EQ(started->attempt.number, 3);
  EXPECT_EQ(started->attempt.body.bytes(), "body of a");
  EXPECT_TRUE(started->attempt.headers.empty()) << "our mark is not the handler's business";
}

TEST_F(WorkerClaimTest, HandlerThatMarksItsEffectIsClaimedWithTheEffectNotBegun) {
  marks_effect_ = true;
  EXPECT_FALSE(write<Claim>(deliver("a"))->effect_begun);
}

TEST_F(WorkerClaimTest, DeliveryIsAcknowledgedAfterItsOutcomeIsDurableAndNotBefore) {
  Key key = 0;
  auto actions = deliver("a");
  EXPECT_TRUE(write<Claim>(actions, &key));
  EXPECT_FALSE(one<M::Ack>(actions));
  EXPECT_FALSE(one<M::Ack>(answer(key, granted(), 0)));
  actions = finish(key, Done{"result"}, 10);
  EXPECT_FALSE(one<M::Ack>(actions));
  const auto report = write<Finish>(actions);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->fence.attempt, 3);
  EXPECT_EQ(std::get<Done>(report->outcome).result, "result");
  const auto ack = one<M::Ack>(answer(key, recorded(), 20));
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->tag.number, 1U);
  EXPECT_TRUE(machine().idle());
}

TEST_F(WorkerClaimTest, EachRefusedClaimIsAcknowledgedWithoutAHandler) {
  for (const auto refusal : {ClaimVerdict::kFinished, ClaimVerdict::kCancelled, ClaimVerdict::kDead,
                             ClaimVerdict::kBusy, ClaimVerdict::kOnHold, ClaimVerdict::kNotDue}) {
    Key key = 0;
    EXPECT_TRUE(write<Claim>(deliver("a"), &key));
    const auto actions = answer(key, verdict(refusal), 1);
    EXPECT_TRUE(one<M::Ack>(actions)) << to_string(refusal);
    EXPECT_EQ(actions.size(), 1U) << to_string(refusal);
    EXPECT_TRUE(machine().idle());
  }
}

TEST_F(WorkerClaimTest, UnknownIdAndAnotherMessageAreParkedAndThenAcknowledged) {
  for (const auto found : {ClaimVerdict::kUnknownId, ClaimVerdict::kAnotherMessage}) {
    Key key = 0;
    EXPECT_TRUE(write<Claim>(deliver("a"), &key));
    auto actions = answer(key, verdict(found), 1);
    const auto park = write<Park>(actions);
    ASSERT_TRUE(park);
    EXPECT_EQ(park->message.id.value.rfind(kReservedIdPrefix, 0), 0U);
    EXPECT_EQ(park->message.body.bytes(), "body of a");
    EXPECT_NE(park->reason.find("'a'"), std::string::npos);
    EXPECT_FALSE(one<M::Ack>(actions));
    EXPECT_FALSE(one<M::Start>(actions));
    EXPECT_TRUE(one<M::Ack>(answer(key, applied(), 2)));
    EXPECT_TRUE(machine().idle());
  }
}

TEST_F(WorkerClaimTest, ForeignMessageIsAdoptedAndHandled) {
  Key key = 0;
  const auto adopt = write<Adopt>(machine().on_delivery(foreign("theirs"), moment(0)), &key);
  ASSERT_TRUE(adopt);
  EXPECT_EQ(adopt->message.id.value, "theirs");
  EXPECT_EQ(adopt->message.headers, (Headers{{"x-custom", "kept"}}));
  EXPECT_EQ(adopt->message.body.bytes(), "body of theirs");
  EXPECT_EQ(adopt->digest, sha256("body of theirs"));
  EXPECT_EQ(adopt->claim.id.value, "theirs");
  EXPECT_TRUE(one<M::Start>(answer(key, granted(), 1)));
}

TEST_F(WorkerClaimTest, ForeignMessageWithoutAUsableIdIsParked) {
  for (const auto& id : {std::string(), std::string(300, 'x'), std::string("waybill.fake")}) {
    const auto park = write<Park>(machine().on_delivery(foreign(id), moment(0)));
    ASSERT_TRUE(park) << id;
    EXPECT_NE(park->reason.find("without a usable id"), std::string::npos);
  }
}

TEST_F(WorkerClaimTest, ForeignMessageThatTheLogCanNeverRecordIsParked) {
  Key key = 0;
  EXPECT_TRUE(write<Adopt>(machine().on_delivery(foreign("odd"), moment(0)), &key));
  EXPECT_FALSE(one<M::Ack>(answer(key, no_answer(ErrorClass::kPermanent), 0)));
  EXPECT_TRUE(write<Park>(tick(200)));
  const auto actions = answer(key, no_answer(ErrorClass::kPermanent), 300);
  EXPECT_TRUE(one<M::Reject>(actions)) << "what cannot even be parked goes to the dead-letter exchange";
  EXPECT_TRUE(machine().idle());
  EXPECT_TRUE(machine().view(kQueue).credit);
}

TEST_F(WorkerClaimTest, MessageOfAnotherLogIsRejectedUnclaimed) {
  const auto actions = machine().on_delivery(delivery("a", 0, "another-log"), moment(0));
  EXPECT_TRUE(one<M::Reject>(actions));
  EXPECT_EQ(actions.size(), 1U);
}

TEST_F(WorkerClaimTest, TooLargeDeliveryOfAStrangerIsRejectedUnclaimed) {
  options_.worker.body_max = 9;
  EXPECT_TRUE(write<Adopt>(machine().on_delivery(foreign("a"), moment(0))));
  const auto actions = machine().on_delivery(foreign("ab"), moment(0));
  EXPECT_TRUE(one<M::Reject>(actions));
  EXPECT_EQ(actions.size(), 1U);
}

// It was accepted under the limit of its time.
TEST_F(WorkerClaimTest, MessageOfOurLogIsHandledWhateverTheLimitIsNow) {
  options_.worker.body_max = 9;
  EXPECT_TRUE(write<Claim>(deliver("larger than nine bytes")));
}

TEST_F(WorkerClaimTest, ClaimWithoutAnAnswerIsAskedAgainWithTheSameToken) {
  Key key = 0;
  const auto first = write<Claim>(deliver("a"), &key);
  auto actions = answer(key, no_answer(), 5'000);
  EXPECT_TRUE(actions.empty()) << "no answer is no refusal: kept unacknowledged";
  EXPECT_TRUE(tick(5'199).empty());
  const auto again = write<Claim>(tick(5'200));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->token, first->token);
  EXPECT_TRUE(tick(6'000).empty()) << "one write of a run is under way at a time";
}

TEST_F(WorkerClaimTest, ClaimAnsweredTooLateIsRenewedBeforeTheHandlerStarts) {
  Key key = 0;
  EXPECT_TRUE(write<Claim>(deliver("a"), &key));
  (void)answer(key, no_answer(), 5 * kS);
  EXPECT_TRUE(write<Claim>(tick(6 * kS)));
  auto actions = answer(key, granted(), 6 * kS, 10 * kS);
  EXPECT_FALSE(one<M::Start>(actions)) << "its first claim may have been the one that was granted";
  EXPECT_TRUE(write<Renew>(actions));
  EXPECT_TRUE(one<M::Start>(answer(key, applied(), 10 * kS, 11 * kS)));
}

TEST_F(WorkerClaimTest, OutcomeWithoutAnAnswerIsReportedAgain) {
  const Key key = start("a");
  EXPECT_TRUE(write<Finish>(finish(key, Done{}, 10)));
  EXPECT_TRUE(answer(key, no_answer(ErrorClass::kRetry), 20).empty());
  const auto again = write<Finish>(tick(220));
  ASSERT_TRUE(again);
  EXPECT_TRUE(std::holds_alternative<Done>(again->outcome));
  EXPECT_TRUE(one<M::Ack>(answer(key, recorded(), 230)));
}

TEST_F(WorkerClaimTest, RetryCarriesTheDelayOfTheRowsOwnPolicyOrTheHandlersWish) {
  Key key = 0;
  EXPECT_TRUE(write<Claim>(deliver("a"), &key));
  ClaimAnswer with_policy;
  with_policy.verdict = ClaimVerdict::kGranted;
  with_policy.try_count = 1;
  with_policy.retry = RetryPolicy{7, DelayList{{Duration{10}, Duration{20}, Duration{30}}}};
  (void)answer(key, Answer(with_policy), 0);
  const auto own = write<Finish>(finish(key, Retry{"no", std::nullopt}, 1));
  ASSERT_TRUE(own);
  EXPECT_EQ(own->delay, Duration{20});
  EXPECT_EQ(own->max_tries, 7);

  const Key other = start("b", 2);
  const auto wished = write<Finish>(finish(other, Retry{"no", Duration{1'234}}, 3));
  ASSERT_TRUE(wished);
  EXPECT_EQ(wished->delay, Duration{1'234});
  EXPECT_EQ(wished->max_tries, 3);
}

TEST_F(WorkerClaimTest, CrossingOutcomesAcknowledgeMultipleOnlyUpToTheFinishedPrefix) {
  const Key a = start("a");
  const Key b = start("b");
  const Key c = start("c");
  const auto beyond = one<M::Ack>(complete(c, 1));
  ASSERT_TRUE(beyond);
  EXPECT_EQ(beyond->tag.number, 3U);
  EXPECT_FALSE(beyond->multiple);
  const auto first = one<M::Ack>(complete(a, 2));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->tag.number, 1U);
  const auto last = one<M::Ack>(complete(b, 3));
  ASSERT_TRUE(last);
  EXPECT_EQ(last->tag.number, 2U);
}

TEST_F(WorkerClaimTest, OutcomesThatAreToldTogetherHaveOneAcknowledgement) {
  std::vector<Key> keys;
  for (const char* id : {"a", "b", "c"}) keys.push_back(start(id));
  for (const Key key : keys) EXPECT_TRUE(write<Finish>(finish(key, Done{}, 1)));
  EXPECT_FALSE(machine().owes_acks());
  for (const Key key : keys) EXPECT_TRUE(machine().on_answer(key, recorded(), at_ms(1), moment(2)).empty());
  EXPECT_TRUE(machine().owes_acks());
  const auto ack = one<M::Ack>(machine().acknowledge());
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->tag.number, 3U);
  EXPECT_TRUE(ack->multiple);
  EXPECT_FALSE(machine().owes_acks());
}

TEST_F(WorkerClaimTest, LostSessionDropsAcknowledgementsButRunsGoOn) {
  const Key key = start("a");
  for (int i = 0; i < 10; ++i) (void)deliver("waiting " + std::to_string(i));
  EXPECT_TRUE(machine().on_down(moment(1)).empty());
  EXPECT_FALSE(machine().idle());
  EXPECT_TRUE(write<Finish>(finish(key, Done{}, 2)));
  EXPECT_FALSE(one<M::Ack>(answer(key, recorded(), 3)));

  const auto subscribed = one<M::Subscribe>(machine().on_ready(moment(4)));
  ASSERT_TRUE(subscribed);
  EXPECT_EQ(subscribed->queue, kQueue);
  epoch_ = 2;
  number_ = 0;
  Key again = 0;
  EXPECT_TRUE(write<Claim>(deliver("b", 5), &again));
  (void)answer(again, granted(), 5);
  EXPECT_EQ(one<M::Ack>(complete(again, 6))->tag, (DeliveryTag{2, 1}));
}

TEST_F(WorkerClaimTest, CancelledSubscriptionIsTakenUpAgainASecondLater) {
  EXPECT_TRUE(one<M::Subscribe>(machine().on_ready(moment(0))));
  EXPECT_TRUE(machine().on_cancelled(kQueue, moment(10)).empty());
  EXPECT_FALSE(machine().view(kQueue).subscribed);
  EXPECT_TRUE(machine().next_tick().has_value());
  EXPECT_TRUE(tick(1'009).empty());
  EXPECT_TRUE(one<M::Subscribe>(tick(1'010)));
}

}  // namespace
}  // namespace waybill
