// A whole instance on real threads over the log in memory and the in-process broker.
#include "engine/node.h"

#include <gtest/gtest.h>

#include <atomic>

#include "broker/inprocess/inprocess_broker.h"
#include "engine/group_commit.h"
#include "engine/handler_pool.h"
#include "testing/memory_log.h"
#include "tests/unit/engine/engine_hands.h"

namespace waybill {
namespace {

using std::chrono::steady_clock;

const QueueName kQueue{"q"};
const Route kRoute{"ex", "key"};

class CountingHandler final : public Handler {
 public:
  [[nodiscard]] bool marks_effect() const override { return true; }
  HandlerOutcome handle(const Attempt& attempt, EffectGate& gate) override {
    if (!gate.begin_effect()) return Retry{"not now", std::nullopt};
    return Done{"handled " + attempt.id.value};
  }
};

EngineOptions options_of(std::uint64_t boot) {
  EngineOptions options;
  options.owner = {"me", {boot}};
  options.log_identity = "memory";
  options.seed = boot;
  options.routes = std::make_shared<RouteTable>(std::map<Route, QueueName>{{kRoute, kQueue}});
  options.queues = {kQueue};
  options.topology = Topology{{"ex"}, {{kQueue}}, {{kRoute, kQueue}}};
  options.former_boot_is_dead = true;
  return options;
}

/// One life of an instance, from its threads up.
class Life {
 public:
  Life(MessageLog& log, std::uint64_t boot)
      : options_(options_of(boot)),
        health_(options_.worker.lease, clock_),
        lane_(log, loop_, health_, metrics_, [](const Error& error) { ADD_FAILURE() << error.message; }),
        pool_(loop_, {{kQueue, &handler_}}, options_.worker.concurrency_max),
        broker_(loop_),
        node_(std::make_unique<Node>(Node::Parts{loop_, lane_, health_, broker_, &pool_, clock_, metrics_}, options_)) {
    loop_.start();
    lane_.start();
    EXPECT_TRUE(node_->start().ok());
  }
  void accept(const std::string& id) {
    Message message;
    message.id.value = id;
    message.route = kRoute;
    message.body = Body("hello");
    node_->intake().accept(IntakeRequest{message, {}, {}}, steady_clock::now() + std::chrono::minutes(1),
                           [this](const Result<AppendAnswer>& answer) { (answer.ok() ? accepted : refused).add(); });
  }
  void stop() {
    Counter stopped;
    node_->begin_stop(steady_clock::now() + std::chrono::seconds(10), [&] { stopped.add(); });
    EXPECT_TRUE(stopped.reaches(1));
  }
  ~Life() {
    pool_.stop();
    lane_.stop();
    loop_.stop();
  }

  Counter accepted;
  Counter refused;

 private:
  const EngineOptions options_;
  SystemWallClock clock_;
  LoopThread loop_;
  NoMetrics metrics_;
  LogHealth health_;
  GroupCommit lane_;
  CountingHandler handler_;
  HandlerPool pool_;
  InProcessBroker broker_;
  std::unique_ptr<Node> node_;
};

class NodeTest : public ::testing::Test {
 protected:
  NodeTest() {
    log_.observe([this](const MessageId&, std::optional<State> from, Phase, Verb, State to, Phase) {
      if (to == State::kConsumed && from != State::kConsumed) consumed_.add();
    });
  }
  Row row(const std::string& id) {
    auto found = log_.find(MessageId{id}, false);
    EXPECT_TRUE(found.ok() && found->has_value()) << id;
    return found.ok() && *found ? **found : Row{};
  }

  SystemWallClock clock_;
  MemoryLog log_{clock_};
  Counter consumed_;
};

TEST_F(NodeTest, MessageGoesFromIntakeToItsEffect) {
  Life life(log_, 1);
  life.accept("m");
  ASSERT_TRUE(consumed_.reaches(1));
  life.stop();
  const Row done = row("m");
  EXPECT_EQ(done.status, State::kConsumed);
  EXPECT_EQ(done.result, "handled m");
  EXPECT_EQ(done.attempt, 1);
  EXPECT_EQ(done.lapse_count + done.unknown_count + done.try_count, 0);
  EXPECT_EQ(life.accepted.count(), 1);
}

TEST_F(NodeTest, SecondStopIsAnsweredToo) {
  Life life(log_, 1);
  life.stop();
  life.stop();
}

TEST_F(NodeTest, NodesThatStartAndStopManyTimesLoseNothingAndRepeatNothing) {
  constexpr int kLives = 20, kMessages = 25;
  for (int boot = 1; boot <= kLives; ++boot) {
    Life life(log_, static_cast<std::uint64_t>(boot));
    for (int i = 0; i < kMessages; ++i) life.accept(std::to_string(boot) + "-" + std::to_string(i));
    // Every other life ends in the middle of its work.
    if (boot % 2 == 0) {
      ASSERT_TRUE(life.accepted.reaches(kMessages));
    }
    life.stop();
    ASSERT_TRUE(life.accepted.reaches(kMessages)) << "a stop answers whoever was accepted";
    EXPECT_EQ(life.refused.count(), 0);
  }
  Life last(log_, kLives + 1);
  ASSERT_TRUE(consumed_.reaches(kLives * kMessages));
  last.stop();
  for (int boot = 1; boot <= kLives; ++boot) {
    for (int i = 0; i < kMessages; ++i) {
      const Row done = row(std::to_string(boot) + "-" + std::to_string(i));
      EXPECT_EQ(done.status, State::kConsumed);
      EXPECT_EQ(done.lapse_count + done.unknown_count, 0) << "a clean stop leaves no attempt behind";
    }
  }
  EXPECT_EQ(consumed_.count(), kLives * kMessages);
}

TEST(NodeStartTest, LapseOfAFormerBootThatTheLogRefusesIsAskedAgainAfterAPauseAndNotAfterAStop) {
  SimWorld world;
  SimNode& loop = world.add_node("me");
  HandLane lane;
  HandBroker broker;
  NoMetrics metrics;
  const EngineOptions options = options_of(2);
  LogHealth health(options.worker.lease, world.wall());
  Node node(Node::Parts{loop, lane, health, broker, nullptr, world.wall(), metrics}, options);
  const auto pass = [&](Duration time) { world.run_until(world.now() + time); };
  ASSERT_TRUE(node.start().ok());
  pass(Duration{0});
  lane.take<LapseOwner>().value().done(make_error(ErrorClass::kOverload, "planned"));
  EXPECT_EQ(lane.count<LapseOwner>(), 0U) << "a full lane is not asked in circles";
  pass(Duration{200});
  auto asked = lane.take<LapseOwner>().value();
  EXPECT_EQ(std::get<LapseOwner>(asked.write).successor, options.owner);
  asked.done(Answer(LapseAnswer{std::get<LapseOwner>(asked.write).limit, {}}));
  auto rest = lane.take<LapseOwner>().value();  // a full batch is followed by the next at once

  bool stopped = false;
  node.begin_stop(world.now(), [&] { stopped = true; });
  pass(Duration{0});
  EXPECT_TRUE(stopped);
  rest.done(make_error(ErrorClass::kRetry, "planned"));
  pass(Duration{60'000});
  EXPECT_EQ(lane.count<LapseOwner>(), 0U);
}

}  // namespace
}  // namespace waybill
