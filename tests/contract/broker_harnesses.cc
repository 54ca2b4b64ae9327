#include "tests/contract/broker_harnesses.h"

#include <future>
#include <random>

#include "base/loop.h"
#include "broker/inprocess/inprocess_broker.h"
#include "testing/sim_broker.h"
#include "testing/sim_loop.h"
#include "tests/contract/contract_check.h"

namespace waybill::contract {
namespace {

constexpr std::chrono::seconds kPatience(10);

class InProcessHarness final : public BrokerHarness {
 public:
  InProcessHarness() { loop_.start(); }

  Broker& broker() override { return broker_; }

  bool wait_until(const std::function<bool()>& condition) override {
    return wait_for_news(condition, std::chrono::steady_clock::now() + kPatience);
  }

  void settle() override {
    // Every call has posted its events by the time it returns.
    auto reached = std::make_shared<std::promise<void>>();
    loop_.post([reached] { reached->set_value(); });
    check(reached->get_future().wait_for(kPatience) == std::future_status::ready, "the loop goes on running");
  }

 private:
  LoopThread loop_;
  InProcessBroker broker_{loop_};
};

class SimHarness final : public BrokerHarness {
 public:
  explicit SimHarness(const Wrap& wrap) : broker_(wrap(server_.attach(node_))) {}

  Broker& broker() override { return *broker_; }

  bool wait_until(const std::function<bool()>& condition) override {
    return world_.run_until(world_.now() + std::chrono::minutes(1), condition);
  }
  void settle() override { world_.run_until(world_.now() + std::chrono::minutes(1)); }
  void break_sessions() override {
    server_.drop_publishers();
    server_.drop_consumers();
  }

 private:
  SimWorld world_;
  std::mt19937_64 random_{20'260'131};
  SimBroker server_{world_, random_};
  SimNode& node_ = world_.add_node("client");
  std::unique_ptr<Broker> broker_;
};

}  // namespace

std::unique_ptr<BrokerHarness> make_inprocess_harness() { return std::make_unique<InProcessHarness>(); }

std::unique_ptr<BrokerHarness> make_wrapped_sim_harness(const Wrap& wrap) { return std::make_unique<SimHarness>(wrap); }

std::unique_ptr<BrokerHarness> make_sim_harness() {
  return make_wrapped_sim_harness([](std::unique_ptr<Broker> as_it_is) { return as_it_is; });
}

}  // namespace waybill::contract
