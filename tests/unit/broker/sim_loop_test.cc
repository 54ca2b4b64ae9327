#include "testing/sim_loop.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

using std::chrono::milliseconds;

class SimLoopTest : public testing::Test {
 protected:
  /// A task that writes down a letter.
  Task write(char letter) {
    return [this, letter] { written_ += letter; };
  }
  [[nodiscard]] static MonoTime at(int millis) { return SimWorld::kStart + milliseconds(millis); }

  SimWorld world_;
  SimNode& a_ = world_.add_node("a");
  SimNode& b_ = world_.add_node("b");
  std::string written_;
};

TEST_F(SimLoopTest, RunsByTimeThenInTheOrderPosted) {
  a_.call_at(at(20), write('4'));
  b_.call_at(at(10), write('2'));
  a_.call_at(at(10), write('3'));
  b_.post(write('1'));
  world_.run_until(at(15));
  EXPECT_EQ(written_, "123");
  EXPECT_EQ(world_.now(), at(15));
  EXPECT_EQ(world_.next_time(), at(20));
  world_.run_until(at(100));
  EXPECT_EQ(written_, "1234");
  EXPECT_EQ(world_.next_time(), std::nullopt);
}

TEST_F(SimLoopTest, NothingRunsInsideACall) {
  a_.post([this] {
    a_.post(write('2'));
    a_.call_at(at(-50), write('3'));
    written_ += '1';
  });
  EXPECT_EQ(written_, "");
  world_.run_until(at(0));
  EXPECT_EQ(written_, "123") << "what was due in the past runs now";
}

TEST_F(SimLoopTest, RunOneMovesTheTimeToTheNextTask) {
  a_.call_at(at(30), write('x'));
  EXPECT_TRUE(world_.run_one());
  EXPECT_EQ(world_.now(), at(30));
  EXPECT_FALSE(world_.run_one());
  EXPECT_EQ(world_.tasks_run(), 1U);
}

TEST_F(SimLoopTest, RunUntilAConditionStopsAsSoonAsItHolds) {
  a_.call_at(at(10), write('1'));
  a_.call_at(at(20), write('2'));
  EXPECT_TRUE(world_.run_until(at(100), [this] { return written_ == "1"; }));
  EXPECT_EQ(world_.now(), at(10));
  EXPECT_FALSE(world_.run_until(at(15), [this] { return written_ == "12"; }));
  EXPECT_EQ(world_.now(), at(15));
  EXPECT_EQ(written_, "1");
}

TEST_F(SimLoopTest, KilledNodeLosesWhatWasPendingAndTakesNoMore) {
  a_.post(write('a'));
  b_.post(write('b'));
  a_.call_at(at(5), write('a'));
  a_.kill();
  a_.post(write('a'));
  world_.run_until(at(10));
  EXPECT_EQ(written_, "b");
  EXPECT_FALSE(a_.alive());
  EXPECT_TRUE(b_.alive());
}

TEST_F(SimLoopTest, KillDestroysWhatTasksHeldAtOnce) {
  const auto held = std::make_shared<int>(1);
  a_.call_at(at(5), [held] {});
  EXPECT_EQ(held.use_count(), 2);
  a_.kill();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(SimLoopTest, NodeMayKillItselfAndTheTaskFinishes) {
  a_.post([this] {
    a_.kill();
    written_ += "finished";
  });
  a_.post(write('x'));
  world_.run_until(at(1));
  EXPECT_EQ(written_, "finished");
}

TEST_F(SimLoopTest, KillHooksRunOnceInTheirOrder) {
  a_.on_kill(write('1'));
  a_.on_kill(write('2'));
  a_.kill();
  a_.kill();
  EXPECT_EQ(written_, "12");
}

TEST_F(SimLoopTest, SlotsOfKilledTasksAreUsedAgainByOthers) {
  for (int i = 0; i < 100; ++i) {
    SimNode& doomed = world_.add_node("doomed");
    for (int j = 0; j < 10; ++j) doomed.post(write('x'));
    b_.post(write('b'));
    doomed.kill();
  }
  world_.run_until(at(1));
  EXPECT_EQ(written_, std::string(100, 'b'));
  EXPECT_EQ(world_.pending(), 0U);
}

TEST_F(SimLoopTest, FrozenNodeCatchesUpInItsOldOrder) {
  a_.call_at(at(20), write('3'));
  a_.call_at(at(5), write('1'));
  a_.call_at(at(8), write('2'));
  b_.call_at(at(6), write('b'));
  a_.freeze_until(at(20));
  world_.run_until(at(19));
  EXPECT_EQ(written_, "b");
  world_.run_until(at(20));
  EXPECT_EQ(written_, "b123");
}

TEST_F(SimLoopTest, AShorterStandstillDoesNotEndALongerOne) {
  a_.call_at(at(5), write('1'));
  a_.call_at(at(12), write('2'));
  a_.freeze_until(at(20));
  world_.run_until(at(6));  // the first waits for the end
  a_.freeze_until(at(10));
  world_.run_until(at(19));
  EXPECT_EQ(written_, "");
  world_.run_until(at(20));
  EXPECT_EQ(written_, "12");
}

TEST_F(SimLoopTest, RunningIntoAFrozenNodeDoesNotPassTheLimit) {
  a_.call_at(at(5), write('a'));
  a_.freeze_until(at(50));
  EXPECT_FALSE(world_.run_until(at(10), [this] { return !written_.empty(); }));
  EXPECT_EQ(world_.now(), at(10));
  EXPECT_EQ(world_.next_time(), at(50));
}

TEST_F(SimLoopTest, TimersWorkOnVirtualTime) {
  int fired = 0;
  Timer timer(a_, [&] { ++fired; });
  timer.arm(at(10));
  timer.arm(at(30));
  world_.run_until(at(20));
  EXPECT_EQ(fired, 0);
  world_.run_until(at(30));
  EXPECT_EQ(fired, 1);
}

TEST_F(SimLoopTest, WallClockFollowsVirtualTimeAndSteps) {
  SimWallClock& wall = world_.wall();
  EXPECT_EQ(wall.now(), SimWorld::kWallStart);
  world_.run_until(at(1'500));
  EXPECT_EQ(wall.now(), SimWorld::kWallStart + milliseconds(1'500));
  wall.step(milliseconds(-5'000));
  EXPECT_EQ(wall.now(), SimWorld::kWallStart - milliseconds(3'500));
  SimWallClock other(world_);
  EXPECT_EQ(other.now(), SimWorld::kWallStart + milliseconds(1'500)) << "another node's clock did not step";
}

}  // namespace
}  // namespace waybill
