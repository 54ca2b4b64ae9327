// The contract of the broker, held by the adapter over a real RabbitMQ: the one that WAYBILL_RABBITMQ names.
#include <mutex>
#include <random>
#include <set>

#include "broker/rabbitmq/rabbitmq_broker.h"
#include "testing/rabbitmq_admin.h"
#include "testing/tcp_gate.h"
#include "tests/contract/broker_suite.h"

namespace waybill::contract {
namespace {

constexpr std::chrono::seconds kPatience(30);
/// A node on the same machine says what it has to say sooner than this.
constexpr std::chrono::milliseconds kQuiet(250);

std::string draw_prefix() {
  std::random_device device;
  return "waybill.test." + std::to_string(device()) + ".";
}

/// Through a gate, so that connections can be broken.
class RabbitMqHarness final : public BrokerHarness {
 public:
  explicit RabbitMqHarness(rabbitmq::QueueType type) {
    RabbitMqOptions options;
    options.url = url_;
    options.url.addresses = {{"127.0.0.1", gate_.port()}};
    options.queue_type = type;
    options.body_max = 2U << 20U;
    auto made = RabbitMqBroker::make(std::move(options));
    broker_ = std::move(*made);
  }

  ~RabbitMqHarness() override {
    broker_.reset();
    RabbitMqAdmin admin(url_);
    for (const std::string& name : names_) {
      admin.delete_queue(name);
      admin.delete_exchange(name);
    }
  }

  Broker& broker() override { return *broker_; }

  bool wait_until(const std::function<bool()>& condition) override {
    return wait_for_news(condition, std::chrono::steady_clock::now() + kPatience);
  }

  void settle() override {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    bool news = true;
    while (news && std::chrono::steady_clock::now() < give_up) {
      int asked = 0;
      news = wait_for_news([&] { return ++asked > 1; }, std::chrono::steady_clock::now() + kQuiet);
    }
  }

  void break_sessions() override { gate_.cut(); }

  std::string name(std::string_view base) const override {
    const std::lock_guard lock(mutex_);
    return *names_.insert(prefix_ + std::string(base)).first;
  }

 private:
  const RabbitMqUrl url_ = rabbitmq_under_test();
  const std::string prefix_ = draw_prefix();
  TcpGate gate_{url_.addresses.front().host, url_.addresses.front().port};
  std::unique_ptr<Broker> broker_;
  mutable std::mutex mutex_;
  mutable std::set<std::string> names_;  // guarded by mutex_
};

MakeBrokerHarness over(rabbitmq::QueueType type) {
  return [type] { return std::make_unique<RabbitMqHarness>(type); };
}

constexpr BrokerCapabilities kOfQuorum{.blocks_when_full = false,
                                       .requeues_in_place = false,
                                       .takes_turns = false,
                                       .breaks_sessions = true,
                                       .checks_declarations = false};
constexpr BrokerCapabilities kOfClassic{.blocks_when_full = false,
                                        .requeues_in_place = true,
                                        .takes_turns = false,
                                        .breaks_sessions = true,
                                        .checks_declarations = false};

[[maybe_unused]] const bool kQuorum =
    register_broker_suite("RabbitMqQuorum", kOfQuorum, over(rabbitmq::QueueType::kQuorum));
[[maybe_unused]] const bool kClassic =
    register_broker_suite("RabbitMqClassic", kOfClassic, over(rabbitmq::QueueType::kClassic));

}  // namespace
}  // namespace waybill::contract
