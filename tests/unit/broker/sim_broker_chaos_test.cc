// The simulated broker under all its faults at once, over many seeds: whatever goes wrong, its sessions keep the rules
// of the port, every fault is exercised, and a seed decides everything.
#include <gtest/gtest.h>

#include <functional>

#include "testing/sim_broker.h"
#include "tests/unit/broker/sim_node_client.h"

namespace waybill {
namespace {

using std::chrono::milliseconds;

/// One run: three nodes publish 60 messages while faults come and go; then all faults end.
class Chaos {
 public:
  explicit Chaos(std::uint64_t seed) : random_(seed) {
    for (int i = 0; i < 3; ++i) add_node();
  }

  void run() {
    for (int step = 0; step < 120; ++step) {
      turn_a_knob();
      if (step % 2 == 0) (void)any_node().publish("m" + std::to_string(++last_id_));  // refused ones do not matter here
      world_.run_until(world_.now() + milliseconds(draw(50)));
    }
    server_.faults() = SimBrokerFaults{};
    server_.unblock();
    server_.start(SimBroker::Memory::kKept);
    server_.restore_exchange("ex");
    for (const auto& node : nodes_) acknowledge(*node);
    world_.run_until(world_.now() + std::chrono::minutes(5));
  }

  /// After the faults every living node publishes, is answered, and everything comes out.
  void check_recovered() {
    for (const auto& node : nodes_) {
      if (!node->loop.alive()) continue;
      ASSERT_TRUE(node->publish("final of " + node->loop.name())) << "publishing is possible again";
    }
    world_.run_until(world_.now() + std::chrono::minutes(5));
    for (const auto& node : nodes_) {
      if (!node->loop.alive()) continue;
      ASSERT_FALSE(node->acked.empty());
      EXPECT_EQ(node->acked.back(), node->last_tag);
    }
    EXPECT_EQ(server_.find(SimNodeClient::kQueue)->messages(), 0U);
  }

  void check_rules() const {
    for (const auto& node : nodes_) check_rules(*node);
  }

  [[nodiscard]] std::vector<std::pair<MonoTime, std::string>> trace() const {
    std::vector<std::pair<MonoTime, std::string>> all;
    for (const auto& node : nodes_) all.insert(all.end(), node->trace.begin(), node->trace.end());
    return all;
  }
  [[nodiscard]] const SimBrokerCounts& counts() const { return server_.counts(); }

 private:
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }

  void add_node() {
    SimNode& loop = world_.add_node("node" + std::to_string(nodes_.size()));
    nodes_.push_back(std::make_unique<SimNodeClient>(server_, loop));
    nodes_.back()->prefetch = 5;
  }

  void turn_a_knob() {
    SimBrokerFaults& faults = server_.faults();
    const double chance = draw(3) == 0 ? 0.3 : 0;
    const std::function<void()> knobs[] = {
        [&] { faults.lose_publish = chance / 3; },
        [&] { faults.lose_answer = chance / 3; },
        [&] { faults.nack = chance; },
        [&] { faults.ack_what_it_loses = chance; },
        [&] { faults.reorder_publish = chance; },
        [&] { faults.reorder_confirm = chance; },
        [&] { faults.duplicate_delivery = chance; },
        [&] { server_.block(); },
        [&] { server_.unblock(); },
        [&] { server_.unbind(SimNodeClient::kRoute); },
        [&] { server_.rebind(SimNodeClient::kRoute); },
        [&] { server_.remove_exchange("ex"); },
        [&] { server_.restore_exchange("ex"); },
        [&] { server_.drop_publishers(); },
        [&] { server_.drop_consumers(); },
        [&] { server_.stop(); },
        [&] { server_.start(SimBroker::Memory::kKept); },
        [&] { server_.start(SimBroker::Memory::kWiped); },
        [&] { server_.purge(SimNodeClient::kQueue); },
        [&] { server_.cancel_consumers(SimNodeClient::kQueue); },
        [&] { replace(any_node()); },
        [&] { any_node().loop.freeze_until(world_.now() + milliseconds(200)); },
        [&] { any_node().acknowledges = false; },
        [&] { acknowledge(any_node()); },
    };
    knobs[draw(std::size(knobs))]();
  }

  SimNodeClient& any_node() { return *nodes_[draw(nodes_.size())]; }

  void replace(SimNodeClient& node) {
    if (!node.loop.alive() || nodes_.size() > 6) return;
    node.loop.kill();
    add_node();
  }

  static void acknowledge(SimNodeClient& node) {
    node.acknowledges = true;
    node.consumer->ack(node.last, true);
  }

  static void check_rules(const SimNodeClient& node) {
    std::set<std::string> answered;
    bool ready = false;
    bool first = true;
    for (const auto& [_, what] : node.trace) {
      const bool answer = what.rfind("acked", 0) == 0 || what.rfind("nacked", 0) == 0;
      if (what == "ready") ready = true;
      if (what == "down") {
        EXPECT_TRUE(ready) << "down twice, or before the first ready";
        ready = false;
      }
      if (what == "ready" || what == "blocked") {
        EXPECT_TRUE(what == "ready" || !first) << "ready is the first event";
        first = false;
      }
      if (!answer) continue;
      EXPECT_TRUE(ready) << what << " while down";
      EXPECT_TRUE(answered.insert(what.substr(what.find(' '))).second) << what << " twice";
    }
    for (const auto& [tag, code] : node.returned) {
      EXPECT_TRUE(code == 312 || code == 404);
      const auto position = [&](const std::string& line) {
        std::size_t at = 0;
        while (at < node.trace.size() && node.trace[at].second != line) ++at;
        return at;
      };
      EXPECT_LE(position("returned " + std::to_string(tag)), position("acked " + std::to_string(tag)));
    }
  }

  SimWorld world_;
  std::mt19937_64 random_;
  SimBroker server_{world_, random_};
  std::vector<std::unique_ptr<SimNodeClient>> nodes_;
  int last_id_ = 0;
};

TEST(SimBrokerChaos, SessionsKeepTheRulesAndEveryFaultIsExercised) {
  SimBrokerCounts counts;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Chaos chaos(seed);
    chaos.run();
    chaos.check_rules();
    counts += chaos.counts();
    if (HasFailure()) break;
  }
  for (std::size_t i = 0; i < kSimBrokerFaultCount; ++i) {
    EXPECT_GT(counts.by_fault[i], 0U) << to_string(static_cast<SimBrokerFault>(i));
  }
}

TEST(SimBrokerChaos, RecoversWhenAllFaultsEnd) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Chaos chaos(seed);
    chaos.run();
    chaos.check_recovered();
    if (HasFailure()) break;
  }
}

TEST(SimBrokerChaos, SeedDecidesEverything) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Chaos first(seed);
    Chaos second(seed);
    first.run();
    second.run();
    EXPECT_EQ(first.trace(), second.trace());
    EXPECT_EQ(first.counts().by_fault, second.counts().by_fault);
  }
}

}  // namespace
}  // namespace waybill
