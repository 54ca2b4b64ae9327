// A publisher and a consumer with the verbs that the cases of the broker suite are written in. Every wait that is not
// fulfilled in time is a ContractViolation.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/contract/broker_listeners.h"

namespace waybill::contract {

class TestPublisher {
 public:
  /// Opens a session and waits until it is ready.
  explicit TestPublisher(BrokerHarness& harness);
  ~TestPublisher() { close(); }

  /// Publishes messages with these ids in one call, which must be taken; the bodies are `body of ID`. Returns the first
  /// tag; the others follow it.
  PublishTag send(const Route& route, const std::vector<std::string>& ids);
  /// One message as it is, but for its tag.
  PublishTag send(Outgoing message);
  /// Several messages as they are, but for their tags.
  PublishTag send(std::vector<Outgoing> batch);
  /// False if the session took nothing.
  [[nodiscard]] bool offer(const Route& route, const std::vector<std::string>& ids);
  /// Publishes and waits for all acks; none may be returned or nacked.
  void deliver_to_broker(const Route& route, const std::vector<std::string>& ids);

  void wait_for_ack(PublishTag tag);
  void wait_for(PublishNote::Kind kind, std::size_t count);
  [[nodiscard]] const PublishListener& heard() const { return *listener_; }
  /// The code `tag` was returned with; 0: it was not.
  [[nodiscard]] int returned_code(PublishTag tag) const;
  void close();

 private:
  [[nodiscard]] bool publish(std::vector<Outgoing> batch);

  BrokerHarness& harness_;
  std::unique_ptr<PublishListener> listener_;  // outlives the session, so that late events are caught
  std::unique_ptr<PublishSession> session_;
  PublishTag last_tag_ = 0;
};

class TestConsumer {
 public:
  /// Opens a session and waits until it is ready.
  explicit TestConsumer(BrokerHarness& harness);
  ~TestConsumer() { close(); }

  void subscribe(const QueueName& queue, int prefetch);
  void cancel(const QueueName& queue);
  void ack(const Delivery& delivery) { ack(delivery.tag); }
  void ack(DeliveryTag tag);
  void ack_up_to(const Delivery& delivery);
  void ack_up_to(DeliveryTag tag);
  void requeue(DeliveryTag tag);
  void reject(DeliveryTag tag);

  /// Waits for `count` deliveries in all and returns them, in their order.
  std::vector<Delivery> wait_for_deliveries(std::size_t count);
  void wait_for(ConsumeNote::Kind kind, std::size_t count);
  [[nodiscard]] const ConsumeListener& heard() const { return *listener_; }
  void close();

 private:
  BrokerHarness& harness_;
  std::unique_ptr<ConsumeListener> listener_;
  std::unique_ptr<ConsumeSession> session_;
};

/// `prefix1` … `prefixN`.
[[nodiscard]] std::vector<std::string> numbered(const std::string& prefix, int count);
[[nodiscard]] std::vector<std::string> ids_of(const std::vector<Delivery>& deliveries);
/// `a, b, c`, for the text of a violation.
[[nodiscard]] std::string joined(const std::vector<std::string>& ids);
/// Checks that these ids were delivered, in this order.
void check_ids(const std::vector<Delivery>& deliveries, const std::vector<std::string>& ids);
/// Everything that waits in the queue now, taken by a consumer of its own and acknowledged.
[[nodiscard]] std::vector<Delivery> drain(BrokerHarness& harness, const QueueName& queue);

/// An exchange `orders` with one queue `orders.new` bound by the key `new`, which most cases need.
struct OneQueue {
  explicit OneQueue(BrokerHarness& harness, std::size_t max_messages = 100'000);
  Route route;
  QueueName queue;
};
/// Declares; a refusal is a ContractViolation.
void declare(BrokerHarness& harness, const Topology& topology);

}  // namespace waybill::contract
