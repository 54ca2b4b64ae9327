#include "testing/sim_broker.h"

#include <algorithm>
#include <utility>

#include "testing/sim_broker_links.h"

namespace waybill {
namespace {

/// No bound of its own: the queues' max_messages is what a run plays with.
constexpr std::size_t kMaxQueueBytes = std::size_t{1} << 40;

class SimPublishSession final : public PublishSession {
 public:
  explicit SimPublishSession(std::shared_ptr<SimPublisherLink> link) : link_(std::move(link)) {}
  ~SimPublishSession() override { link_->close(); }
  bool publish(std::span<const Outgoing> batch) override { return link_->publish(batch); }

 private:
  std::shared_ptr<SimPublisherLink> link_;
};

class SimConsumeSession final : public ConsumeSession {
 public:
  explicit SimConsumeSession(std::shared_ptr<SimConsumerLink> link) : link_(std::move(link)) {}
  ~SimConsumeSession() override { link_->close(); }
  void subscribe(const QueueName& queue, int prefetch) override { link_->subscribe(queue, prefetch); }
  void cancel(const QueueName& queue) override { link_->cancel(queue); }
  void ack(DeliveryTag tag, bool multiple) override { link_->ack(tag, multiple); }
  void requeue(DeliveryTag tag) override { link_->requeue(tag); }
  void reject(DeliveryTag tag) override { link_->reject(tag); }

 private:
  std::shared_ptr<SimConsumerLink> link_;
};

template <class T, class Same>
void add_if_new(std::vector<T>& all, const T& one, Same same) {
  if (std::none_of(all.begin(), all.end(), [&](const T& other) { return same(one, other); })) all.push_back(one);
}

}  // namespace

/// The adapter of one node.
class SimBrokerPort final : public Broker {
 public:
  SimBrokerPort(SimBroker& server, SimNode& node) : server_(server), node_(node) {}

  Status declare(const Topology& topology) override { return server_.declare(topology); }

  std::unique_ptr<PublishSession> open_publisher(PublishEvents& events) override {
    auto link = std::make_shared<SimPublisherLink>(server_, node_, events);
    server_.publishers_.push_back(link);
    link->connect_soon();
    return std::make_unique<SimPublishSession>(std::move(link));
  }

  std::unique_ptr<ConsumeSession> open_consumer(ConsumeEvents& events) override {
    auto link = std::make_shared<SimConsumerLink>(server_, node_, events);
    server_.consumers_.push_back(link);
    link->connect_soon();
    return std::make_unique<SimConsumeSession>(std::move(link));
  }

  bool forgets_at_exit() const override { return false; }

 private:
  SimBroker& server_;
  SimNode& node_;
};

SimBroker::SimBroker(SimWorld& world, std::mt19937_64& random)
    : world_(world),
      random_(random),
      server_(world.add_node("broker")),
      core_(std::make_unique<inprocess::BrokerCore>(kMaxQueueBytes)) {}

SimBroker::~SimBroker() {
  server_.kill();
  for (const auto& link : publishers_) link->abandon();
  for (const auto& link : consumers_) link->abandon();
}

std::unique_ptr<Broker> SimBroker::attach(SimNode& node) {
  node.on_kill([this, &node] { node_crashed(node); });
  return std::make_unique<SimBrokerPort>(*this, node);
}

// ---- topology -----------------------------------------------------------------------------------------------------

Status SimBroker::declare(const Topology& topology) {
  if (!up_) return make_error(ErrorClass::kRetry, "the broker is down");
  if (auto refused = core_->declare(topology); !refused) return refused;
  for (const auto& exchange : topology.exchanges) add_if_new(declared_.exchanges, exchange, std::equal_to<>());
  for (const auto& queue : topology.queues) {
    add_if_new(declared_.queues, queue, [](const auto& a, const auto& b) { return a.name == b.name; });
  }
  for (const auto& binding : topology.bindings) {
    add_if_new(declared_.bindings, binding,
               [](const auto& a, const auto& b) { return a.route == b.route && a.queue == b.queue; });
  }
  return ok_status();
}

void SimBroker::unbind(const Route& route) {
  for (const Binding& binding : declared_.bindings) {
    if (binding.route == route) core_->unbind(binding);
  }
}

void SimBroker::rebind(const Route& route) {
  Topology again;
  for (const Binding& binding : declared_.bindings) {
    if (binding.route == route) again.bindings.push_back(binding);
  }
  // Refused if the exchange is away: its return brings the binding back.
  (void)core_->declare(again).ok();
}

void SimBroker::remove_exchange(const std::string& exchange) { core_->remove_exchange(exchange); }

void SimBroker::restore_exchange(const std::string& exchange) {
  Topology again;
  if (std::count(declared_.exchanges.begin(), declared_.exchanges.end(), exchange) == 0) return;
  again.exchanges.push_back(exchange);
  for (const Binding& binding : declared_.bindings) {
    if (binding.route.exchange == exchange) again.bindings.push_back(binding);
  }
  // Cannot be refused: it was accepted before and its queues are never deleted.
  (void)core_->declare(again).ok();
}

// ---- faults -------------------------------------------------------------------------------------------------------

void SimBroker::block() {
  held_back_ = true;
  tell_if_blocked_changed();
}

void SimBroker::unblock() {
  held_back_ = false;
  tell_if_blocked_changed();
}

void SimBroker::tell_if_blocked_changed() {
  if (told_blocked_ == blocked()) return;
  told_blocked_ = !told_blocked_;
  for (const auto& link : publishers_) link->tell_blocked(told_blocked_);
  if (told_blocked_) return;
  for (const auto& link : publishers_) link->read_held();  // may fill a queue again
}

void SimBroker::stop() {
  if (!up_) return;
  up_ = false;
  for (const auto& link : publishers_) link->drop("the broker is down");
  for (const auto& link : consumers_) link->drop("the broker is down");
}

void SimBroker::start(Memory memory) {
  if (up_) return;
  up_ = true;
  count(SimBrokerFault::kRestarted);
  if (memory == Memory::kWiped) {
    const bool had_messages = std::any_of(declared_.queues.begin(), declared_.queues.end(), [this](const auto& queue) {
      return core_->find(queue.name)->messages() > 0;
    });
    if (had_messages) count(SimBrokerFault::kWiped);
    core_ = std::make_unique<inprocess::BrokerCore>(kMaxQueueBytes);
    (void)core_->declare(declared_).ok();  // each part of it was accepted before
  }
  tell_if_blocked_changed();
  for (const auto& link : publishers_) link->connect_soon();
  for (const auto& link : consumers_) link->connect_soon();
}

void SimBroker::drop_publishers(const SimNode* node) {
  for (const auto& link : publishers_) {
    if (node == nullptr || &link->node() == node) link->drop("connection lost");
  }
}

void SimBroker::drop_consumers(const SimNode* node) {
  for (const auto& link : consumers_) {
    if (node == nullptr || &link->node() == node) link->drop("connection lost");
  }
}

std::size_t SimBroker::purge(const QueueName& queue) {
  const auto dropped = core_->purge(queue);
  if (dropped > 0) count(SimBrokerFault::kPurged);
  tell_if_blocked_changed();
  return dropped;
}

void SimBroker::cancel_consumers(const QueueName& queue) {
  for (const auto& link : consumers_) link->end_subscription(queue);
}

void SimBroker::node_crashed(const SimNode& node) {
  for (const auto& link : publishers_) {
    if (&link->node() == &node) link->crash();
  }
  for (const auto& link : consumers_) {
    if (&link->node() == &node) link->crash();
  }
}

void SimBroker::forget(const SimPublisherLink& link) {
  std::erase_if(publishers_, [&](const auto& other) { return other.get() == &link; });
}

void SimBroker::forget(const SimConsumerLink& link) {
  std::erase_if(consumers_, [&](const auto& other) { return other.get() == &link; });
  tell_if_blocked_changed();
}

// ---- chance -------------------------------------------------------------------------------------------------------

bool SimBroker::chance(double probability) {
  if (probability <= 0) return false;
  return static_cast<double>(random_() >> 11) * 0x1p-53 < probability;
}

SimBrokerFaults::Delay SimBroker::draw(const SimBrokerFaults::Range& range) {
  const auto span = static_cast<std::uint64_t>((range.most - range.least).count());
  return range.least + SimBrokerFaults::Delay(span == 0 ? 0 : random_() % (span + 1));
}

}  // namespace waybill
