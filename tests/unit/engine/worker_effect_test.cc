// From the claim to the outcome: leases, the point of no return, deadlines.
#include "tests/unit/engine/worker_machine_fixture.h"

namespace waybill {
namespace {

// The lease is 15 s: renewed at 5 s, and an effect begins only within 10 s of the last acknowledged claim or renewal.
class WorkerEffectTest : public WorkerMachineTest {
 protected:
  WorkerEffectTest() {
    marks_effect_ = true;
    options_.worker.early_ack = std::chrono::hours(1);
  }
  Key start_with_effect(const std::string& id, std::int64_t now = 0) {
    const Key key = start(id, now);
    EXPECT_TRUE(write<BeginEffect>(begin_effect(key, now)));
    const auto go = one<M::AnswerEffect>(answer(key, applied(), now));
    EXPECT_TRUE(go && go->proceed);
    return key;
  }
};

TEST_F(WorkerEffectTest, EffectBeginsOnceItsRecordIsDurable) {
  const Key key = start("a");
  auto actions = begin_effect(key, 9'999);
  EXPECT_FALSE(one<M::AnswerEffect>(actions));
  EXPECT_EQ(write<BeginEffect>(actions)->fence.attempt, 3);
  const auto go = one<M::AnswerEffect>(answer(key, applied(), 9'999));
  ASSERT_TRUE(go);
  EXPECT_TRUE(go->proceed);
}

TEST_F(WorkerEffectTest, EffectOnAnOldClaimWaitsForARenewal) {
  const Key key = start("a");
  auto actions = begin_effect(key, 10 * kS);
  EXPECT_FALSE(write<BeginEffect>(actions));
  EXPECT_TRUE(write<Renew>(actions));
  actions = answer(key, applied(), 10 * kS, 11 * kS);
  EXPECT_TRUE(write<BeginEffect>(actions));
  EXPECT_TRUE(one<M::AnswerEffect>(answer(key, applied(), 11 * kS))->proceed);
}

TEST_F(WorkerEffectTest, RenewalThatTookTooLongItselfIsNoLicence) {
  const Key key = start("a");
  EXPECT_TRUE(write<Renew>(begin_effect(key, 10 * kS)));
  const auto actions = answer(key, applied(), 10 * kS, 20 * kS);
  EXPECT_FALSE(write<BeginEffect>(actions));
  EXPECT_TRUE(write<Renew>(actions));
}

TEST_F(WorkerEffectTest, SlowRecordOfTheEffectIsFollowedByARenewalBeforeTheEffect) {
  const Key key = start("a");
  EXPECT_TRUE(write<BeginEffect>(begin_effect(key, 9 * kS)));
  auto actions = answer(key, applied(), 9 * kS, 10 * kS);
  EXPECT_FALSE(one<M::AnswerEffect>(actions));
  EXPECT_TRUE(write<Renew>(actions));
  EXPECT_TRUE(write<BeginEffect>(answer(key, applied(), 10 * kS, 11 * kS)));
  EXPECT_TRUE(one<M::AnswerEffect>(answer(key, applied(), 11 * kS))->proceed);
}

TEST_F(WorkerEffectTest, EffectIsDeniedWhenTheAttemptIsNotOursAnyMore) {
  const Key key = start("a");
  EXPECT_TRUE(write<BeginEffect>(begin_effect(key, 1)));
  const auto actions = answer(key, refused(), 2);
  EXPECT_FALSE(one<M::AnswerEffect>(actions)->proceed);
  EXPECT_TRUE(one<M::CancelHandler>(actions));
  EXPECT_TRUE(one<M::Ack>(actions));
}

TEST_F(WorkerEffectTest, LeaseIsRenewedAtAThirdWithOneRenewalUnderWay) {
  const Key key = start("a");
  EXPECT_TRUE(tick(4'999).empty());
  EXPECT_EQ(write<Renew>(tick(5'000))->lease, Duration{15'000});
  EXPECT_TRUE(tick(7'000).empty());
  EXPECT_TRUE(answer(key, applied(), 5'000, 7'000).empty());
  EXPECT_TRUE(tick(9'999).empty()) << "counted from when the renewal was sent";
  EXPECT_TRUE(write<Renew>(tick(10'000)));
}

TEST_F(WorkerEffectTest, RefusedRenewalCancelsTheHandlerAndOnlyADoneIsStillRecorded) {
  for (const bool done : {true, false}) {
    const Key key = start_with_effect("a");
    EXPECT_TRUE(write<Renew>(tick(5'000)));
    auto actions = answer(key, refused(), 5'001);
    EXPECT_EQ(one<M::CancelHandler>(actions)->key, key);
    EXPECT_TRUE(one<M::Ack>(actions)) << "the log drives the row from here";
    EXPECT_TRUE(tick(20'000).empty()) << "what is not ours is not renewed";
    if (done) {
      actions = finish(key, Done{"sent"}, 20'001);
      EXPECT_EQ(std::get<Done>(write<Finish>(actions)->outcome).result, "sent");
      (void)answer(key, recorded(), 20'002);
    } else {
      EXPECT_TRUE(finish(key, Unknown{"?"}, 20'001).empty());
    }
    EXPECT_TRUE(machine().idle());
  }
}

TEST_F(WorkerEffectTest, DeadlineBeforeTheEffectIsARetry) {
  options_.worker.before_effect = Duration{2'000};
  const Key key = start("a");
  EXPECT_TRUE(tick(1'999).empty());
  const auto actions = tick(2'000);
  EXPECT_TRUE(one<M::CancelHandler>(actions));
  const auto report = write<Finish>(actions);
  ASSERT_TRUE(report);
  EXPECT_TRUE(std::holds_alternative<Retry>(report->outcome));
  (void)answer(key, recorded(), 2'001);
  const auto denied = one<M::AnswerEffect>(begin_effect(key, 2'002));
  ASSERT_TRUE(denied);
  EXPECT_FALSE(denied->proceed);
}

TEST_F(WorkerEffectTest, DeadlineAfterTheEffectIsUnknownAndTheTrueDoneIsStillRecorded) {
  options_.worker.after_effect = Duration{2'000};
  const Key key = start_with_effect("a");
  auto actions = tick(2'000);
  EXPECT_TRUE(one<M::CancelHandler>(actions));
  EXPECT_TRUE(std::holds_alternative<Unknown>(write<Finish>(actions)->outcome));
  EXPECT_TRUE(one<M::Ack>(answer(key, recorded(), 2'001)));
  EXPECT_FALSE(machine().idle());
  EXPECT_TRUE(machine().only_begun());
  EXPECT_TRUE(machine().runs_handlers());
  EXPECT_EQ(machine().open_attempts(), 0U) << "it was reported: nothing is left to lapse";
  EXPECT_TRUE(tick(60'000).empty()) << "a reported attempt is not renewed";
  actions = finish(key, Done{"late"}, 60'001);
  EXPECT_EQ(std::get<Done>(write<Finish>(actions)->outcome).result, "late");
  (void)answer(key, recorded(), 60'002);
  EXPECT_TRUE(machine().idle());
}

TEST_F(WorkerEffectTest, DoneThatCrossesTheDeadlinesReportIsRecordedAfterIt) {
  options_.worker.after_effect = Duration{2'000};
  const Key key = start_with_effect("a");
  EXPECT_TRUE(write<Finish>(tick(2'000)));
  EXPECT_TRUE(finish(key, Done{"crossing"}, 2'001).empty()) << "one write of a run is under way at a time";
  const auto second = write<Finish>(answer(key, recorded(), 2'002));
  ASSERT_TRUE(second);
  EXPECT_EQ(std::get<Done>(second->outcome).result, "crossing");
  (void)answer(key, recorded(), 2'003);
  EXPECT_TRUE(machine().idle());
}

TEST_F(WorkerEffectTest, FailureThatCrossesTheDeadlinesReportAddsNothing) {
  options_.worker.after_effect = Duration{2'000};
  const Key key = start_with_effect("a");
  EXPECT_TRUE(write<Finish>(tick(2'000)));
  (void)finish(key, Fail{"no"}, 2'001);
  EXPECT_FALSE(write<Finish>(answer(key, recorded(), 2'002)));
  EXPECT_TRUE(machine().idle());
}

TEST_F(WorkerEffectTest, HandlerPastItsDeadlineKeepsItsSlotUntilItReturns) {
  options_.worker.before_effect = Duration{2'000};
  options_.worker.concurrency = options_.worker.concurrency_max = 1;
  const Key key = start("a");
  EXPECT_TRUE(claimed(deliver("b", 1)).empty());
  (void)tick(2'000);
  EXPECT_TRUE(claimed(answer(key, recorded(), 2'001)).empty());
  EXPECT_EQ(claimed(finish(key, Retry{"stopped", std::nullopt}, 2'002)), std::vector<std::string>{"b"});
}

TEST_F(WorkerEffectTest, RenewalEndsAtTheHandlersDeadline) {
  options_.worker.before_effect = Duration{6'000};
  const Key key = start("a");
  EXPECT_TRUE(write<Renew>(tick(5'000)));
  (void)answer(key, applied(), 5'000);
  const auto actions = tick(12'000);
  EXPECT_FALSE(write<Renew>(actions));
  EXPECT_TRUE(write<Finish>(actions));
}

TEST_F(WorkerEffectTest, OutcomeThatArrivesDuringARenewalIsReportedAfterIt) {
  const Key key = start_with_effect("a");
  EXPECT_TRUE(write<Renew>(tick(5'000)));
  EXPECT_TRUE(all<M::Submit>(finish(key, Done{}, 5'001)).empty());
  EXPECT_TRUE(write<Finish>(answer(key, applied(), 5'000, 5'002)));
}

TEST_F(WorkerEffectTest, EffectThatHasBegunStaysBegunThoughItIsAskedForAgain) {
  marks_effect_ = true;
  const Key key = start("a");
  EXPECT_TRUE(write<BeginEffect>(begin_effect(key, 1)));
  (void)answer(key, applied(), 2);
  const auto again = begin_effect(key, 3);
  EXPECT_FALSE(write<BeginEffect>(again));
  const auto proceed = one<M::AnswerEffect>(again);
  ASSERT_TRUE(proceed);
  EXPECT_TRUE(proceed->proceed);
}

TEST_F(WorkerEffectTest, HandlersDelayIsKeptWithinWhatTheLogExplains) {
  const auto delay_of = [this](const std::string& id, Duration after) {
    const auto finish = write<Finish>(this->finish(start(id), Retry{"later", after}, 1));
    return finish ? std::get<Retry>(finish->outcome).after.value_or(finish->delay) : Duration{-1};
  };
  EXPECT_EQ(delay_of("a", std::chrono::hours(48)), RetryPolicy::kDelayMax);
  EXPECT_EQ(delay_of("b", Duration{-5}), Duration{0});
}

TEST_F(WorkerEffectTest, WhatUsesUpNoTryIsNotTriedAgainAtOnce) {
  const auto delay_of = [this](const std::string& id, std::optional<Duration> after, int try_count) {
    const auto finish = write<Finish>(this->finish(start(id, 0, try_count), Retry{"no relay", after, false}, 1));
    if (!finish || std::get<Retry>(finish->outcome).uses_try) return Duration{-1};
    return std::get<Retry>(finish->outcome).after.value_or(finish->delay);
  };
  EXPECT_EQ(delay_of("a", Duration{0}, 0), RetryPolicy::kDelayMinWithoutTry);
  EXPECT_EQ(delay_of("b", Duration{20'000}, 0), Duration{20'000});
  EXPECT_EQ(delay_of("c", std::nullopt, 2), RetryPolicy{}.delay_after(3, 0));
}

}  // namespace
}  // namespace waybill
