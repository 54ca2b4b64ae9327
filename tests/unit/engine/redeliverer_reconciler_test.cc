// When due rows are taken, and when a queue is held to have lost what it confirmed.
#include <gtest/gtest.h>

#include "engine/reconciler_machine.h"
#include "engine/redeliverer_machine.h"
#include "tests/unit/engine/engine_hands.h"

namespace waybill {
namespace {

// ---- RedelivererMachine ---------------------------------------------------------------------------------------------

RedelivererMoment moment(std::int64_t now) {
  RedelivererMoment moment;
  moment.now = at_ms(now);
  moment.store_now = wall_ms(now);
  moment.may_lapse = true;
  moment.can_publish = true;
  moment.room = 1'000;
  return moment;
}

class RedelivererMachineTest : public ::testing::Test {
 protected:
  std::optional<Take> next(const RedelivererMoment& at) { return machine_.next(at, survey_); }
  void answer(std::int64_t now, const TakeAnswer& answer = {}) { machine_.on_answer(answer, moment(now)); }

  EngineOptions options_;
  RouteBreaker::Survey survey_;
  RedelivererMachine machine_{options_};
};

TEST_F(RedelivererMachineTest, TakesAtOnceAndThenAtEveryPoll) {
  ASSERT_TRUE(next(moment(0)));
  answer(5);
  EXPECT_EQ(machine_.next_wake(), at_ms(205));
  EXPECT_FALSE(next(moment(204)));
  EXPECT_TRUE(next(moment(205)));
}

TEST_F(RedelivererMachineTest, OneTakeIsUnderWayAtATime) {
  ASSERT_TRUE(next(moment(0)));
  EXPECT_TRUE(machine_.under_way());
  machine_.on_hint();
  EXPECT_FALSE(next(moment(10'000)));
  answer(10'000);
  EXPECT_TRUE(next(moment(10'000))) << "the hint is not forgotten";
}

TEST_F(RedelivererMachineTest, HintBringsTheNextTakeForward) {
  ASSERT_TRUE(next(moment(0)));
  answer(0);
  EXPECT_FALSE(next(moment(1)));
  machine_.on_hint();
  EXPECT_TRUE(next(moment(1)));
}

TEST_F(RedelivererMachineTest, WakesAtTheEarliestDueTimeIfThatIsSoonerThanThePoll) {
  ASSERT_TRUE(next(moment(0)));
  TakeAnswer soon;
  soon.next_due = wall_ms(50);
  answer(0, soon);
  EXPECT_EQ(machine_.next_wake(), at_ms(50));
  ASSERT_TRUE(next(moment(50)));
  TakeAnswer far;
  far.next_due = wall_ms(5'000);
  answer(50, far);
  EXPECT_EQ(machine_.next_wake(), at_ms(250));
}

TEST_F(RedelivererMachineTest, RowsLeftForLackOfRoomAreTakenAtOnceGoingOnAfterTheLastRoute) {
  const auto first = next(moment(0));
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->after);
  TakeAnswer more;
  more.more = true;
  more.last_route = Route{"ex", "m"};
  answer(0, more);
  const auto second = next(moment(0));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->after, (Route{"ex", "m"}));
}

TEST_F(RedelivererMachineTest, ARoundOverMoreRoutesThanATakeLooksAtIsGoneOnAtOnceAndRestsAtItsEnd) {
  TakeAnswer part;
  part.partial = true;
  part.more = true;
  part.last_route = Route{"ex", "m"};
  ASSERT_TRUE(next(moment(0)));
  answer(0, part);
  EXPECT_EQ(next(moment(0))->after, part.last_route);
  part.more = false;
  part.next_due = wall_ms(50);
  part.last_route = Route{"ex", "b"};
  answer(1, part);
  EXPECT_EQ(machine_.next_wake(), at_ms(201)) << "one round a poll, whatever is due sooner";
  EXPECT_EQ(next(moment(201))->after, part.last_route);
}

TEST_F(RedelivererMachineTest, AsksForNoMoreThanThePublisherHasRoomFor) {
  auto at = moment(0);
  at.room = 3;
  const auto take = next(at);
  ASSERT_TRUE(take);
  EXPECT_EQ(take->max_rows, 3U);
  answer(0);
  at = moment(1'000);
  at.room = 0;
  EXPECT_FALSE(next(at));
  EXPECT_EQ(next(moment(1'000))->max_rows, 256U);
}

TEST_F(RedelivererMachineTest, NothingIsTakenWhileTheBrokerIsDownOrBlocked) {
  auto down = moment(0);
  down.can_publish = false;
  machine_.on_hint();
  EXPECT_FALSE(next(down));
  EXPECT_TRUE(next(moment(0)));
}

TEST_F(RedelivererMachineTest, SweepsEveryTenSecondsForRowsTooFarAhead) {
  const auto first = next(moment(0));
  ASSERT_TRUE(first && first->sweep);
  answer(0);
  const auto second = next(moment(9'999));
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->sweep);
  answer(9'999);
  machine_.on_hint();
  const auto third = next(moment(10'000));
  ASSERT_TRUE(third);
  EXPECT_TRUE(third->sweep);
}

// Another instance claims, renews and publishes by a later time than that of a take which is under way; its attempts
// would be ended in the middle of their effects.
TEST_F(RedelivererMachineTest, NothingIsTooFarAheadThatATakeOfALeaseExplains) {
  const auto take = next(moment(0));
  ASSERT_TRUE(take && take->sweep);
  const Duration lease = options_.worker.lease;
  EXPECT_EQ(take->sweep->lease, lease + lease);
  EXPECT_EQ(take->sweep->sending, options_.publisher.grace + lease);
  EXPECT_EQ(take->sweep->send_failed, options_.publisher.backoff_longest * 3 / 2 + lease);
  EXPECT_EQ(take->sweep->retry, RetryPolicy::kDelayMax + lease);
}

TEST_F(RedelivererMachineTest, TakeCarriesClosedRoutesProbesAndTheLapseRule) {
  survey_ = std::make_shared<const ClosedRoutes>(std::vector{Route{"ex", "closed"}}, std::vector{Route{"ex", "probe"}});
  auto at = moment(7);
  at.may_lapse = false;
  const auto take = next(at);
  ASSERT_TRUE(take);
  EXPECT_EQ(take->closed, survey_);
  EXPECT_FALSE(take->lapse.allowed);
  EXPECT_EQ(take->lapse.expected_now, wall_ms(7));
}

// What was accepted must not die because the configured limit was lowered since.
TEST_F(RedelivererMachineTest, WhatIsStoredIsTakenWhateverTheLimitIsNow) {
  options_.worker.body_max = 9;
  EXPECT_EQ(next(moment(0))->max_body, kBodyMax);
}

TEST_F(RedelivererMachineTest, CrashedRowsComeOneAtATime) {
  EXPECT_TRUE(next(moment(0))->with_crashed);
  TakeAnswer crashed;
  crashed.rows.resize(1);
  crashed.rows.front().crash_count = 1;
  answer(0, crashed);
  EXPECT_FALSE(next(moment(200))->with_crashed) << "the one taken last is still on its way";
  answer(200);
  EXPECT_FALSE(next(moment(1'900))->with_crashed);
  answer(1'900);
  EXPECT_TRUE(next(moment(2'100))->with_crashed) << "its grace is over";
}

TEST_F(RedelivererMachineTest, ACrashedRowThatWasHandledMakesRoomForTheNextAtOnce) {
  TakeAnswer crashed;
  crashed.rows.resize(1);
  crashed.rows.front().crash_count = 1;
  ASSERT_TRUE(next(moment(0)));
  answer(0, crashed);
  machine_.on_crashed_handled();
  EXPECT_TRUE(next(moment(200))->with_crashed);
}

TEST_F(RedelivererMachineTest, TakeWithoutAnAnswerIsTriedAgainAtTheNextPoll) {
  ASSERT_TRUE(next(moment(0)));
  machine_.on_no_answer(moment(100));
  EXPECT_FALSE(machine_.under_way());
  EXPECT_FALSE(next(moment(299)));
  EXPECT_TRUE(next(moment(300)));
}

// ---- ReconcilerMachine ----------------------------------------------------------------------------------------------

class ReconcilerMachineTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kS = 1'000;
  const QueueName kQueue{"q"};

  ReconcilerMachineTest() {
    options_.owner = {"here", {1}};
    options_.queues = {kQueue};
  }
  ReconcilerMachine& machine() {
    if (!machine_) machine_.emplace(options_, forgets_);
    return *machine_;
  }
  QueueFact fact(std::optional<WallTime> in_hand, std::optional<WallTime> newest, std::optional<WallTime> idle) {
    return QueueFact{kQueue, options_.owner, in_hand, newest, idle};
  }
  std::optional<Lost> round(std::int64_t now, std::vector<QueueFact> facts, std::uint64_t originals = 0) {
    const QueueFactsAnswer answer{std::move(facts), wall_ms(now)};
    auto verdicts = machine().on_facts(answer, {QueueSight{fact({}, {}, {}), originals}}, at_ms(now));
    EXPECT_LE(verdicts.size(), 1U);
    return verdicts.empty() ? std::nullopt : std::optional(verdicts.front());
  }
  void driven(std::int64_t now, int rows) { machine().on_lost(kQueue, rows, at_ms(now)); }
  QueueFact idle_since(std::int64_t since, std::optional<WallTime> newest = {}) {
    return fact({}, newest, wall_ms(since));
  }

  bool forgets_ = false;
  EngineOptions options_;

 private:
  std::optional<ReconcilerMachine> machine_;
};

TEST_F(ReconcilerMachineTest, QueueThatGaveNothingForAMinuteLostWhatWasConfirmedBefore) {
  EXPECT_FALSE(round(60 * kS, {idle_since(1)}));
  const auto lost = round(65 * kS, {idle_since(1)});
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->queue, kQueue);
  EXPECT_EQ(lost->confirmed_before, wall_ms(5 * kS));
  EXPECT_EQ(lost->limit, 1);
  EXPECT_FALSE(lost->published_not_by);
}

TEST_F(ReconcilerMachineTest, QueueThatIsNotIdleIsNotJudged) {
  EXPECT_FALSE(round(100 * kS, {fact({}, {}, {})}));
  EXPECT_FALSE(round(200 * kS, {}));
}

TEST_F(ReconcilerMachineTest, FactsOfAnotherQueueSayNothing) {
  auto other = idle_since(0);
  other.queue.value = "other";
  EXPECT_FALSE(round(100 * kS, {other}));
}

TEST_F(ReconcilerMachineTest, LaterMessageThatCameOutIsEvidenceOneRoundLater) {
  EXPECT_FALSE(round(10 * kS, {fact({}, wall_ms(9 * kS), {})}));
  const auto lost = round(15 * kS, {fact({}, wall_ms(14 * kS), {})});
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->confirmed_before, wall_ms(9 * kS));
}

TEST_F(ReconcilerMachineTest, OldestDeliveryInAnybodysHandBoundsTheEvidence) {
  auto elsewhere = fact(wall_ms(3 * kS), {}, {});
  elsewhere.owner.instance = "elsewhere";
  const auto by_idle = round(100 * kS, {idle_since(0), elsewhere});
  ASSERT_TRUE(by_idle);
  EXPECT_EQ(by_idle->confirmed_before, wall_ms(3 * kS));
  EXPECT_EQ(round(105 * kS, {fact({}, wall_ms(104 * kS), {}), elsewhere}), std::nullopt);
  const auto by_order = round(110 * kS, {fact({}, wall_ms(109 * kS), {}), elsewhere});
  ASSERT_TRUE(by_order);
  EXPECT_EQ(by_order->confirmed_before, wall_ms(3 * kS));
}

TEST_F(ReconcilerMachineTest, DrivesOneThenTenThenAHundredWhileCopiesComeOut) {
  std::int64_t now = 100 * kS;
  auto lost = round(now, {idle_since(0)});
  for (const int limit : {1, 10, 100, 1'000, 1'000}) {
    ASSERT_TRUE(lost);
    EXPECT_EQ(lost->limit, limit);
    driven(now, limit);
    EXPECT_FALSE(round(now + 5 * kS, {idle_since(0, wall_ms(now - 1))})) << "no copy has come out yet";
    now += 10 * kS;
    lost = round(now, {idle_since(0, wall_ms(now - 1))});
  }
}

TEST_F(ReconcilerMachineTest, CopyThatIsOutBeforeItsVerdictIsAnsweredCounts) {
  ASSERT_TRUE(round(100 * kS, {idle_since(0)}));
  const std::int64_t taken = 100 * kS + 10;  // the redeliverer may be quicker than the answer
  driven(taken + 10, 1);
  const auto next = round(105 * kS, {idle_since(0, wall_ms(taken))});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->limit, 10);
}

TEST_F(ReconcilerMachineTest, OriginalThatComesOutBacksOffForLongerEachTime) {
  std::int64_t now = 100 * kS;
  std::uint64_t originals = 5;
  for (const std::int64_t pause : {30, 60, 120, 240, 480, 600, 600}) {
    const auto lost = round(now, {idle_since(0)}, originals);
    ASSERT_TRUE(lost);
    EXPECT_EQ(lost->limit, 1);
    driven(now, 1);
    now += 5 * kS;
    EXPECT_FALSE(round(now, {idle_since(0)}, ++originals));
    EXPECT_FALSE(round(now + pause * kS - 1, {idle_since(0)}, originals));
    now += pause * kS;
  }
}

TEST_F(ReconcilerMachineTest, VerdictWhoseCopiesStayAwayIsRepeatedSlowlyAfterAMinute) {
  ASSERT_TRUE(round(100 * kS, {idle_since(0)}));
  driven(100 * kS, 1);
  EXPECT_FALSE(round(160 * kS - 1, {idle_since(0)}));
  const auto again = round(160 * kS, {idle_since(0)});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->limit, 1);
}

TEST_F(ReconcilerMachineTest, WrongEvidenceOfAnHourDrivesARowAMinute) {
  int rows = 0;
  for (std::int64_t now = 100 * kS; now < 3'700 * kS; now += 5 * kS) {
    const auto lost = round(now, {idle_since(0)});  // nothing comes out: neither originals nor what was driven
    if (!lost) continue;
    rows += lost->limit;
    driven(now, lost->limit);
  }
  EXPECT_EQ(rows, 60);
}

TEST_F(ReconcilerMachineTest, WrongEvidenceDrivesNoMoreThanTheSlowStartOnceOriginalsComeOut) {
  int rows = 0;
  std::uint64_t originals = 0;
  std::optional<WallTime> newest;
  for (std::int64_t now = 100 * kS; now < 3'700 * kS; now += 5 * kS) {
    if (rows >= 111) ++originals;  // three steps went well by mistake; from then on the queue shows that it is honest
    const auto lost = round(now, {idle_since(0, newest)}, originals);
    if (!lost) continue;
    rows += lost->limit;
    driven(now, lost->limit);
    newest = wall_ms(now);
  }
  EXPECT_EQ(rows, 1 + 10 + 100 + 9) << "after 30 s, 60 s, 2, 4, 8 and then every 10 minutes one";
}

TEST_F(ReconcilerMachineTest, VerdictIsWatchedByOurOwnClockThoughTheStoresStepsBack) {
  ASSERT_TRUE(round(100 * kS, {idle_since(0)}));
  driven(100 * kS, 1);
  QueueFactsAnswer facts{{idle_since(-86'400 * kS)}, wall_ms(-86'400 * kS + 160 * kS)};
  EXPECT_FALSE(machine().on_facts(facts, {QueueSight{fact({}, {}, {}), 0}}, at_ms(160 * kS)).empty());
}

TEST_F(ReconcilerMachineTest, VerdictThatFoundNothingWaitsARound) {
  ASSERT_TRUE(round(100 * kS, {idle_since(0)}));
  driven(100 * kS, 0);
  EXPECT_FALSE(round(105 * kS - 1, {idle_since(0)}));
  EXPECT_TRUE(round(105 * kS, {idle_since(0)}));
}

TEST_F(ReconcilerMachineTest, StartOfAnInProcessBrokerLosesWhatOtherBootsPublishedUntilNoRowIsLeft) {
  forgets_ = true;
  const auto verdict = machine().on_start();
  ASSERT_TRUE(verdict);
  EXPECT_FALSE(verdict->queue) << "also queues that the configuration does not name any more";
  EXPECT_EQ(verdict->published_not_by, options_.owner.boot);
  EXPECT_FALSE(verdict->confirmed_before);
  EXPECT_EQ(verdict->limit, 1'000);
  machine().on_start_answer(1'000, 1'000);
  EXPECT_TRUE(machine().on_start());
  machine().on_start_answer(999, 1'000);
  EXPECT_FALSE(machine().on_start());
}

TEST_F(ReconcilerMachineTest, StartOfABrokerThatRemembersSaysNothing) { EXPECT_FALSE(machine().on_start()); }

}  // namespace
}  // namespace waybill
