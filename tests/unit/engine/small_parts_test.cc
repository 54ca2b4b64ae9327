// Route breaker, acknowledgement tracker, the health of the log, marks that wait, the window of
// publishes.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "engine/ack_tracker.h"
#include "engine/log_health.h"
#include "engine/publish_window.h"
#include "engine/route_breaker.h"
#include "engine/waiting_marks.h"
#include "tests/unit/engine/engine_hands.h"

namespace waybill {
namespace {

using Acks = std::vector<AckTracker::Ack>;
using Admission = RouteBreaker::Admission;
const Route kBad{"ex", "bad"};
const Route kGood{"ex", "good"};

// ---- RouteBreaker ---------------------------------------------------------------------------------------------------

TEST(RouteBreakerTest, RefusalClosesItsRouteAndNoOther) {
  RouteBreaker breaker(Duration{500}, Duration{60'000});
  EXPECT_EQ(breaker.admit(kBad, at_ms(0)), Admission::kOpen);
  EXPECT_EQ(breaker.on_refusal(kBad, at_ms(0), 0).backoff, Duration{500});
  EXPECT_EQ(breaker.admit(kBad, at_ms(499)), Admission::kClosed);
  EXPECT_EQ(breaker.admit(kGood, at_ms(0)), Admission::kOpen);
}

TEST(RouteBreakerTest, OneProbeAtATimeTriesAClosedRoute) {
  RouteBreaker breaker(Duration{500}, Duration{60'000});
  EXPECT_EQ(breaker.on_refusal(kBad, at_ms(0), 0).backoff, Duration{500});
  EXPECT_EQ(breaker.survey(at_ms(499))->closed(), std::vector{kBad});
  EXPECT_EQ(breaker.survey(at_ms(500))->probes(), std::vector{kBad});
  EXPECT_EQ(breaker.admit(kBad, at_ms(500)), Admission::kProbe);
  EXPECT_EQ(breaker.admit(kBad, at_ms(500)), Admission::kClosed);
  EXPECT_EQ(breaker.survey(at_ms(500))->closed(), std::vector{kBad});
  breaker.on_success(kBad);
  EXPECT_EQ(breaker.admit(kBad, at_ms(500)), Admission::kOpen);
  EXPECT_EQ(breaker.closed_count(), 0U);
}

// It is asked for with every take, and would have to list every closed route each time.
TEST(RouteBreakerTest, ASurveyIsMadeAnewOnlyWhenItHasChanged) {
  RouteBreaker breaker(Duration{500}, Duration{60'000});
  EXPECT_EQ(breaker.survey(at_ms(0)), nullptr);
  static_cast<void>(breaker.on_refusal(kBad, at_ms(0), 0));
  static_cast<void>(breaker.on_refusal(kGood, at_ms(100), 0));
  const auto both = breaker.survey(at_ms(100));
  EXPECT_EQ(both->closed().size(), 2U);
  static_cast<void>(breaker.on_refusal(kBad, at_ms(200), 0));  // it was in flight
  EXPECT_EQ(breaker.survey(at_ms(499)), both);
  const auto one_wants_a_probe = breaker.survey(at_ms(500));
  EXPECT_EQ(one_wants_a_probe->gate(kBad), ClosedRoutes::Gate::kProbe);
  EXPECT_EQ(one_wants_a_probe->gate(kGood), ClosedRoutes::Gate::kClosed);
  EXPECT_EQ(breaker.survey(at_ms(599)), one_wants_a_probe);
  EXPECT_EQ(breaker.survey(at_ms(600))->probes().size(), 2U);
  EXPECT_EQ(breaker.admit(kBad, at_ms(600)), Admission::kProbe);
  EXPECT_EQ(breaker.survey(at_ms(600))->gate(kBad), ClosedRoutes::Gate::kClosed);
  breaker.on_doubt(kBad);
  EXPECT_EQ(breaker.survey(at_ms(600))->gate(kBad), ClosedRoutes::Gate::kProbe);
  EXPECT_TRUE(breaker.on_success(kBad));
  EXPECT_EQ(breaker.survey(at_ms(600))->gate(kBad), ClosedRoutes::Gate::kOpen);
  EXPECT_TRUE(breaker.on_success(kGood));
  EXPECT_EQ(breaker.survey(at_ms(600)), nullptr);
}

TEST(RouteBreakerTest, RefusedProbesDoubleTheBackoffUpToItsBound) {
  RouteBreaker breaker(Duration{500}, Duration{4'000});
  std::int64_t now = 0;
  EXPECT_EQ(breaker.on_refusal(kBad, at_ms(now), 0).backoff, Duration{500});
  std::int64_t wait = 500;
  for (const std::int64_t next : {1'000, 2'000, 4'000, 4'000}) {
    now += wait;
    ASSERT_EQ(breaker.admit(kBad, at_ms(now)), Admission::kProbe);
    EXPECT_EQ(breaker.on_refusal(kBad, at_ms(now), 0).backoff, Duration{next});
    wait = next;
  }
}

TEST(RouteBreakerTest, RowsThatWereInFlightWhenTheRouteClosedAreNoFurtherEvidence) {
  RouteBreaker breaker(Duration{500}, Duration{60'000});
  EXPECT_EQ(breaker.on_refusal(kBad, at_ms(0), 0).backoff, Duration{500});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(breaker.on_refusal(kBad, at_ms(100), 0).backoff, Duration{500});
  EXPECT_EQ(breaker.admit(kBad, at_ms(500)), Admission::kProbe);
}

TEST(RouteBreakerTest, ProbeInDoubtLetsAnotherTry) {
  RouteBreaker breaker(Duration{500}, Duration{60'000});
  EXPECT_EQ(breaker.on_refusal(kBad, at_ms(0), 0).backoff, Duration{500});
  EXPECT_EQ(breaker.admit(kBad, at_ms(500)), Admission::kProbe);
  breaker.on_doubt(kBad);
  EXPECT_EQ(breaker.admit(kBad, at_ms(500)), Admission::kProbe);
}

// ---- AckTracker -----------------------------------------------------------------------------------------------------

class AckTrackerTest : public ::testing::Test {
 protected:
  AckTrackerTest() {
    tracker_.reset(7);
    for (std::uint64_t number = 1; number <= 6; ++number) tracker_.on_delivery({7, number});
  }
  AckTracker tracker_;
};

TEST_F(AckTrackerTest, AcknowledgesMultipleOnlyUpToTheFinishedPrefixAndSinglyBeyond) {
  for (const std::uint64_t number : {2, 1, 4, 6}) tracker_.finish({7, number});
  EXPECT_EQ(tracker_.take_acks(), (Acks{{{7, 2}, true}, {{7, 4}, false}, {{7, 6}, false}}));
  EXPECT_TRUE(tracker_.take_acks().empty());
  for (const std::uint64_t number : {3, 5}) tracker_.finish({7, number});
  EXPECT_EQ(tracker_.take_acks(), (Acks{{{7, 5}, true}}));
  EXPECT_EQ(tracker_.outstanding(), 0U);
}

TEST_F(AckTrackerTest, DeliveryAnsweredOtherwiseHoldsNoPrefixBack) {
  tracker_.forget({7, 1});
  tracker_.finish({7, 2});
  EXPECT_EQ(tracker_.take_acks(), (Acks{{{7, 2}, true}}));
}

TEST_F(AckTrackerTest, NumbersThatNobodyWasToldOfHoldNoPrefixBack) {
  tracker_.on_delivery({7, 9});
  for (const std::uint64_t number : {1, 2, 3, 4, 5, 6, 7, 8}) tracker_.finish({7, number});
  EXPECT_TRUE(tracker_.owes_acks());
  EXPECT_EQ(tracker_.take_acks(), (Acks{{{7, 6}, true}}));
  EXPECT_FALSE(tracker_.owes_acks());
  tracker_.finish({7, 9});
  EXPECT_EQ(tracker_.take_acks(), (Acks{{{7, 9}, true}}));
}

TEST_F(AckTrackerTest, AnswersAtRandomAcknowledgeEachDeliveryOnceAndNoneThatIsOpen) {
  std::mt19937 random(11);
  tracker_.reset(8);
  std::set<std::uint64_t> open;
  std::set<std::uint64_t> finished;
  std::uint64_t last = 0;
  for (int step = 0; step < 20'000; ++step) {
    if (open.size() < 50 && random() % 2 == 0) {
      last += 1 + (random() % 8 == 0 ? random() % 3 : 0);
      tracker_.on_delivery({8, last});
      open.insert(last);
    } else if (!open.empty()) {
      const auto one = std::next(open.begin(), static_cast<std::ptrdiff_t>(random() % open.size()));
      if (random() % 10 == 0) {
        tracker_.forget({8, *one});
      } else {
        tracker_.finish({8, *one});
        finished.insert(*one);
      }
      open.erase(one);
    }
    ASSERT_EQ(tracker_.outstanding(), open.size() + finished.size());
    if (random() % 7 != 0) continue;
    for (const auto& [tag, multiple] : tracker_.take_acks()) {
      const auto first = multiple ? finished.begin() : finished.find(tag.number);
      const auto end = finished.upper_bound(tag.number);
      ASSERT_NE(first, finished.end());
      ASSERT_TRUE(!multiple || open.empty() || *open.begin() > tag.number);
      finished.erase(first, end);
    }
    ASSERT_TRUE(finished.empty());
  }
}

TEST_F(AckTrackerTest, TagsOfAnEarlierEpochAndUnknownOnesAreIgnored) {
  tracker_.finish({7, 1});
  tracker_.reset(8);
  tracker_.on_delivery({8, 1});
  tracker_.finish({7, 1});
  tracker_.finish({8, 99});
  tracker_.forget({7, 1});
  EXPECT_TRUE(tracker_.take_acks().empty());
  EXPECT_EQ(tracker_.outstanding(), 1U);
  tracker_.finish({8, 1});
  EXPECT_EQ(tracker_.take_acks(), (Acks{{{8, 1}, true}}));
}

// ---- LogHealth ------------------------------------------------------------------------------------------------------

class LogHealthTest : public ::testing::Test {
 protected:
  void answer(std::int64_t sent, std::int64_t answered, std::int64_t store) {
    health_.on_answer(at_ms(sent), at_ms(answered), wall_ms(store));
  }
  SimWorld world_;
  LogHealth health_{Duration{15'000}, world_.wall()};
};

TEST_F(LogHealthTest, NothingLapsesUntilTheLogHasAnsweredForAWholeLease) {
  EXPECT_FALSE(health_.answering(at_ms(0)));
  EXPECT_FALSE(health_.may_lapse(at_ms(1'000'000)));
  answer(0, 10, 10);
  EXPECT_TRUE(health_.answering(at_ms(10)));
  EXPECT_FALSE(health_.may_lapse(at_ms(15'009)));
  EXPECT_TRUE(health_.may_lapse(at_ms(15'010)));
}

TEST_F(LogHealthTest, FailedFlushBeginsAGap) {
  answer(0, 0, 0);
  health_.on_failure();
  EXPECT_FALSE(health_.answering(at_ms(1)));
  EXPECT_FALSE(health_.may_lapse(at_ms(20'000)));
  answer(20'000, 20'000, 20'000);
  EXPECT_FALSE(health_.may_lapse(at_ms(34'999)));
  EXPECT_TRUE(health_.may_lapse(at_ms(35'000)));
}

TEST_F(LogHealthTest, FlushSlowerThanAThirdOfALeaseIsAGap) {
  answer(0, 0, 0);
  answer(20'000, 25'000, 25'000);
  EXPECT_TRUE(health_.may_lapse(at_ms(25'000)));
  answer(30'000, 35'001, 35'001);
  EXPECT_FALSE(health_.may_lapse(at_ms(50'000)));
  EXPECT_TRUE(health_.may_lapse(at_ms(50'001)));
}

TEST_F(LogHealthTest, StepOfTheStoreClockIsAGapAndRemembered) {
  answer(0, 0, 0);
  answer(20'000, 20'000, 21'000);
  EXPECT_EQ(health_.last_step(), std::nullopt);
  answer(30'000, 30'000, 32'010);
  EXPECT_EQ(health_.last_step(), at_ms(30'000));
  EXPECT_FALSE(health_.may_lapse(at_ms(44'999)));
  EXPECT_TRUE(health_.may_lapse(at_ms(45'000)));
  answer(50'000, 50'000, 40'000);
  EXPECT_EQ(health_.last_step(), at_ms(50'000));
}

TEST_F(LogHealthTest, StoreTimeIsCarriedOnByTheMonotonicClock) {
  EXPECT_EQ(health_.store_now(at_ms(5)), world_.wall().now());
  answer(10, 10, 7'000);
  EXPECT_EQ(health_.store_now(at_ms(260)), wall_ms(7'250));
}

TEST_F(LogHealthTest, StoreTimeIsNeverBehindWhatTheStoreMayShow) {
  answer(0, 400, 7'000);  // read when the flush began, for all we know
  EXPECT_EQ(health_.store_now(at_ms(400)), wall_ms(7'400));
  answer(500, 510, 7'110);  // a quicker one knows better
  EXPECT_LE(health_.store_now(at_ms(510)), wall_ms(7'125));
}

TEST_F(LogHealthTest, SlowSyncIsNoStepOfTheClock) {
  answer(0, 10, 5);
  answer(20'000, 22'500, 20'001);  // read as the flush began; its sync took 2.5 s
  answer(23'000, 23'001, 23'000);
  answer(30'000, 32'500, 32'499);  // read as it ended
  answer(33'000, 33'001, 33'000);
  EXPECT_EQ(health_.last_step(), std::nullopt);
  answer(40'000, 42'000, 43'100);  // beyond even the end of the flush
  EXPECT_EQ(health_.last_step(), at_ms(42'000));
}

TEST_F(LogHealthTest, LogDoesNotAnswerWhileAFlushTakesLongerThanAThirdOfALease) {
  answer(0, 10, 5);
  health_.on_sent(at_ms(100));
  EXPECT_TRUE(health_.answering(at_ms(5'100)));
  EXPECT_FALSE(health_.answering(at_ms(5'101)));
  answer(100, 6'000, 6'000);
  EXPECT_TRUE(health_.answering(at_ms(6'000)));
}

// ---- WaitingMarks ---------------------------------------------------------------------------------------------------

MarkSent mark_of(const std::string& id, std::int64_t publish_number = 1) {
  return MarkSent{MessageId{id}, publish_number, wall_ms(7)};
}

std::vector<std::string> ids_of(const std::vector<MarkSent>& marks) {
  std::vector<std::string> ids;
  for (const auto& mark : marks) ids.push_back(mark.id.value + "/" + std::to_string(mark.publish_number));
  return ids;
}

TEST(WaitingMarksTest, MarkIsDueAfterItsHold) {
  WaitingMarks marks(Duration{50});
  EXPECT_FALSE(marks.next_due());
  marks.add(mark_of("a"), at_ms(0));
  marks.add(mark_of("b"), at_ms(10));
  EXPECT_EQ(marks.next_due(), at_ms(50));
  EXPECT_TRUE(marks.take_due(at_ms(49)).empty());
  EXPECT_EQ(ids_of(marks.take_due(at_ms(50))), (std::vector<std::string>{"a/1"}));
  EXPECT_EQ(ids_of(marks.take_all()), (std::vector<std::string>{"b/1"}));
  EXPECT_FALSE(marks.next_due());
}

TEST(WaitingMarksTest, WithdrawnMarkIsNeverWrittenAndLeavesItsTime) {
  WaitingMarks marks(Duration{50});
  marks.add(mark_of("a"), at_ms(0));
  EXPECT_EQ(marks.withdraw(MessageId{"a"}, 1), wall_ms(7));
  EXPECT_FALSE(marks.withdraw(MessageId{"a"}, 1));
  EXPECT_TRUE(marks.take_due(at_ms(1'000)).empty());
}

TEST(WaitingMarksTest, AnotherPublishOfTheRowIsNotWithdrawn) {
  WaitingMarks marks(Duration{50});
  marks.add(mark_of("a", 2), at_ms(0));
  EXPECT_FALSE(marks.withdraw(MessageId{"a"}, 1));
  EXPECT_EQ(ids_of(marks.take_due(at_ms(50))), (std::vector<std::string>{"a/2"}));
}

TEST(WaitingMarksTest, OfTwoPublishesOfARowTheLaterIsMarked) {
  WaitingMarks marks(Duration{50});
  marks.add(mark_of("a", 1), at_ms(0));
  marks.add(mark_of("a", 2), at_ms(10));
  EXPECT_TRUE(marks.take_due(at_ms(50)).empty());
  EXPECT_EQ(ids_of(marks.take_due(at_ms(60))), (std::vector<std::string>{"a/2"}));
}

TEST(WaitingMarksTest, BeyondItsBoundTheOldestAreDueAtOnce) {
  WaitingMarks marks(Duration{50}, /*most=*/2);
  for (const char* id : {"a", "b", "c"}) marks.add(mark_of(id), at_ms(0));
  EXPECT_EQ(ids_of(marks.take_due(at_ms(0))), (std::vector<std::string>{"a/1"}));
}

// ---- PublishWindow --------------------------------------------------------------------------------------------------

TEST(PublishWindowTest, GrowsOnlyWhileItIsTheLimitAndAnswersComeQuickly) {
  PublishWindow window(256, 1'024, Duration{900});
  window.on_answers(256, Duration{5});
  EXPECT_EQ(window.size(), 256U) << "nothing waited for room";
  window.on_full();
  window.on_answers(256, Duration{200});
  EXPECT_EQ(window.size(), 256U) << "more would only wait in the broker";
  window.on_answers(256, Duration{5});
  EXPECT_EQ(window.size(), 384U);
  for (int i = 0; i < 20; ++i) {
    window.on_full();
    window.on_answers(256, Duration{5});
  }
  EXPECT_EQ(window.size(), 1'024U);
}

TEST(PublishWindowTest, IsHalvedOnceForEachWindowThatIsAnsweredLate) {
  PublishWindow window(256, 1'024, Duration{900});
  window.on_answers(100, Duration{500});
  EXPECT_EQ(window.size(), 128U);
  window.on_answers(100, Duration{500});
  EXPECT_EQ(window.size(), 128U) << "published before";
  window.on_answers(100, Duration{500});
  EXPECT_EQ(window.size(), 64U);
  for (int i = 0; i < 100; ++i) window.on_answers(64, Duration{500});
  EXPECT_EQ(window.size(), 1U);
}

TEST(PublishWindowTest, DoubtIsALateAnswer) {
  PublishWindow window(256, 1'024, Duration{900});
  window.on_doubt();
  EXPECT_EQ(window.size(), 128U);
  window.on_doubt();
  EXPECT_EQ(window.size(), 128U);
}

}  // namespace
}  // namespace waybill
