// When the pruner asks for a prune.
#include <gtest/gtest.h>

#include "engine/pruner.h"
#include "tests/unit/engine/service_fixture.h"

namespace waybill {
namespace {

class PrunerTest : public ServiceTest {
 protected:
  Pruner pruner_{loop_, lane_, health_, options_, metrics_};
};

TEST_F(PrunerTest, PrunesEveryMinuteAndGoesOnWhileBatchesAreFull) {
  pruner_.start();
  pass(Duration{59'999});
  EXPECT_EQ(lane_.count<Prune>(), 0U);
  pass(Duration{1});
  auto asked = lane_.take<Prune>();
  ASSERT_TRUE(asked);
  const auto prune = std::get<Prune>(asked->write);
  EXPECT_EQ(prune.age, options_.prune_age);
  asked->done(Answer(CountAnswer{prune.limit}));
  pass(Duration{100});
  ASSERT_EQ(lane_.count<Prune>(), 1U);
  answer<Prune>(Answer(CountAnswer{prune.limit - 1}));
  pass(Duration{59'999});
  EXPECT_EQ(lane_.count<Prune>(), 0U);
  pass(Duration{1});
  EXPECT_EQ(lane_.count<Prune>(), 1U);
}

TEST_F(PrunerTest, PrunesNothingForADayAfterAClockStep) {
  health_.on_answer(world_.now(), world_.now(), wall_ms(0));
  health_.on_answer(world_.now(), world_.now(), wall_ms(3'600'000));
  pruner_.start();
  pass(std::chrono::hours(24) - Duration{1});
  EXPECT_EQ(lane_.count<Prune>(), 0U);
  pass(Duration{60'000});
  EXPECT_EQ(lane_.count<Prune>(), 1U);
}

TEST_F(PrunerTest, StoppedPrunerAsksForNothing) {
  pruner_.start();
  pruner_.stop();
  pass(Duration{120'000});
  EXPECT_EQ(lane_.count<Prune>(), 0U);
}

}  // namespace
}  // namespace waybill
