// A node of the simulated world with one publisher and one consumer that write down what they hear.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "testing/sim_broker.h"

namespace waybill {

class SimNodeClient final : public PublishEvents, public ConsumeEvents {
 public:
  static inline const QueueName kQueue{"q"};
  static inline const Route kRoute{"ex", "key"};
  static Topology topology() { return {{"ex"}, {{kQueue, 1'000'000, {}}}, {{kRoute, kQueue}}}; }

  SimNodeClient(SimBroker& server, SimNode& node) : loop(node), broker(server.attach(node)) {
    declared = broker->declare(topology()).ok();
    publisher = broker->open_publisher(*this);
    consumer = broker->open_consumer(*this);
  }

  /// False if nothing was taken.
  bool publish(const std::string& id, const Route& route = kRoute) {
    const Outgoing message{last_tag + 1, route, {id}, "", {}, Body(id)};
    if (!publisher->publish({&message, 1})) return false;
    ++last_tag;
    return true;
  }
  bool publish_all(const std::vector<std::string>& several) {
    std::vector<Outgoing> batch;
    for (const auto& id : several) batch.push_back({last_tag + 1 + batch.size(), kRoute, {id}, "", {}, Body(id)});
    if (!publisher->publish(batch)) return false;
    last_tag += batch.size();
    return true;
  }

  void on_publish_ready() override { note("ready"); }
  void on_blocked(std::string) override { note("blocked"); }
  void on_publish_down(std::string) override { note("down"); }
  void on_returned(PublishTag tag, int code, std::string) override {
    returned[tag] = code;
    note("returned " + std::to_string(tag));
  }
  void on_confirmed(std::vector<PublishTag> tags, std::vector<PublishTag> refused) override {
    for (const PublishTag tag : tags) {
      acked.push_back(tag);
      note("acked " + std::to_string(tag));
    }
    for (const PublishTag tag : refused) {
      nacked.push_back(tag);
      note("nacked " + std::to_string(tag));
    }
  }

  void on_consume_ready() override {
    note("consume ready");
    consumer->subscribe(kQueue, prefetch);
  }
  void on_delivery(Delivery delivery) override {
    note("delivered " + delivery.id);
    ids.push_back(delivery.id);
    redelivered += delivery.redelivered ? 1 : 0;
    last = delivery.tag;
    if (acknowledges) consumer->ack(delivery.tag, false);
  }
  void on_cancelled(QueueName queue, std::string) override {
    note("cancelled");
    consumer->subscribe(queue, prefetch);
  }
  void on_consume_down(std::string) override { note("consume down"); }

  [[nodiscard]] bool heard(const std::string& what) const {
    for (const auto& [_, line] : trace) {
      if (line == what) return true;
    }
    return false;
  }

  SimNode& loop;
  std::unique_ptr<Broker> broker;
  bool declared = false;
  bool acknowledges = true;
  int prefetch = 100;
  PublishTag last_tag = 0;
  std::map<PublishTag, int> returned;
  std::vector<PublishTag> acked;
  std::vector<PublishTag> nacked;
  std::vector<std::string> ids;
  int redelivered = 0;
  DeliveryTag last;
  std::vector<std::pair<MonoTime, std::string>> trace;
  std::unique_ptr<PublishSession> publisher;
  std::unique_ptr<ConsumeSession> consumer;

 private:
  void note(std::string what) { trace.emplace_back(loop.now(), std::move(what)); }
};

}  // namespace waybill
