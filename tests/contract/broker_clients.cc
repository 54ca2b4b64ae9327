#include "tests/contract/broker_clients.h"

#include <utility>

#include "tests/contract/contract_check.h"

namespace waybill::contract {

// ---- publishing ---------------------------------------------------------------------------------------------------

TestPublisher::TestPublisher(BrokerHarness& harness)
    : harness_(harness), listener_(std::make_unique<PublishListener>(harness)) {
  {
    const InsideCall inside;
    session_ = harness.broker().open_publisher(*listener_);
  }
  wait_for(PublishNote::Kind::kReady, 1);
}

void TestPublisher::close() {
  if (!session_) return;
  const InsideCall inside;
  session_.reset();
  listener_->session_destroyed();
  harness_.keep(std::move(listener_));
}

bool TestPublisher::publish(std::vector<Outgoing> batch) {
  for (Outgoing& message : batch) message.tag = ++last_tag_;
  const InsideCall inside;
  return session_->publish(batch);
}

PublishTag TestPublisher::send(std::vector<Outgoing> batch) {
  const PublishTag first = last_tag_ + 1;
  check(publish(std::move(batch)), "a ready session takes what is published");
  return first;
}

PublishTag TestPublisher::send(Outgoing message) {
  std::vector<Outgoing> batch;
  batch.push_back(std::move(message));
  return send(std::move(batch));
}

PublishTag TestPublisher::send(const Route& route, const std::vector<std::string>& ids) {
  const PublishTag first = last_tag_ + 1;
  check(offer(route, ids), "a ready session takes what is published");
  return first;
}

bool TestPublisher::offer(const Route& route, const std::vector<std::string>& ids) {
  std::vector<Outgoing> batch;
  for (const std::string& id : ids) {
    batch.push_back(Outgoing{0, route, MessageId{id}, "text/plain", {}, Body("body of " + id)});
  }
  return publish(std::move(batch));
}

void TestPublisher::deliver_to_broker(const Route& route, const std::vector<std::string>& ids) {
  const PublishTag first = send(route, ids);
  for (PublishTag tag = first; tag < first + ids.size(); ++tag) {
    wait_for_ack(tag);
    check(returned_code(tag) == 0, "message " + std::to_string(tag) + " has a queue and is not returned");
  }
}

void TestPublisher::wait_for_ack(PublishTag tag) {
  const bool acked = harness_.wait_until([&] { return listener_->count(PublishNote::Kind::kAcked, tag) > 0; });
  check(acked, "publish " + std::to_string(tag) + " is acked");
}

void TestPublisher::wait_for(PublishNote::Kind kind, std::size_t count) {
  constexpr const char* kNames[] = {"ready", "blocked", "down", "returned", "acked", "nacked"};
  const bool came = harness_.wait_until([&] { return listener_->count(kind) >= count; });
  check(came, "a publishing session tells '" + std::string(kNames[static_cast<int>(kind)]) + "' " +
                  std::to_string(count) + " times");
}

int TestPublisher::returned_code(PublishTag tag) const {
  for (const PublishNote& note : listener_->notes()) {
    if (note.kind == PublishNote::Kind::kReturned && note.tag == tag) return note.code;
  }
  return 0;
}

// ---- consuming ----------------------------------------------------------------------------------------------------

TestConsumer::TestConsumer(BrokerHarness& harness)
    : harness_(harness), listener_(std::make_unique<ConsumeListener>(harness)) {
  {
    const InsideCall inside;
    session_ = harness.broker().open_consumer(*listener_);
  }
  wait_for(ConsumeNote::Kind::kReady, 1);
}

void TestConsumer::close() {
  if (!session_) return;
  const InsideCall inside;
  session_.reset();
  listener_->session_destroyed();
  harness_.keep(std::move(listener_));
}

void TestConsumer::subscribe(const QueueName& queue, int prefetch) {
  const InsideCall inside;
  session_->subscribe(queue, prefetch);
}

void TestConsumer::cancel(const QueueName& queue) {
  const InsideCall inside;
  session_->cancel(queue);
}

void TestConsumer::ack(DeliveryTag tag) {
  const InsideCall inside;
  session_->ack(tag, false);
}

void TestConsumer::ack_up_to(const Delivery& delivery) { ack_up_to(delivery.tag); }

void TestConsumer::ack_up_to(DeliveryTag tag) {
  const InsideCall inside;
  session_->ack(tag, true);
}

void TestConsumer::requeue(DeliveryTag tag) {
  const InsideCall inside;
  session_->requeue(tag);
}

void TestConsumer::reject(DeliveryTag tag) {
  const InsideCall inside;
  session_->reject(tag);
}

std::vector<Delivery> TestConsumer::wait_for_deliveries(std::size_t count) {
  const bool came = harness_.wait_until([&] { return listener_->count(ConsumeNote::Kind::kDelivery) >= count; });
  auto deliveries = listener_->deliveries();
  check(came, std::to_string(count) + " deliveries come (came: " + joined(ids_of(deliveries)) + ")");
  return deliveries;
}

void TestConsumer::wait_for(ConsumeNote::Kind kind, std::size_t count) {
  constexpr const char* kNames[] = {"ready", "delivery", "cancelled", "down"};
  const bool came = harness_.wait_until([&] { return listener_->count(kind) >= count; });
  check(came, "a consuming session tells '" + std::string(kNames[static_cast<int>(kind)]) + "' " +
                  std::to_string(count) + " times");
}

// ---- helpers ------------------------------------------------------------------------------------------------------

std::vector<std::string> numbered(const std::string& prefix, int count) {
  std::vector<std::string> ids;
  for (int i = 1; i <= count; ++i) ids.push_back(prefix + std::to_string(i));
  return ids;
}

std::vector<std::string> ids_of(const std::vector<Delivery>& deliveries) {
  std::vector<std::string> ids;
  for (const Delivery& delivery : deliveries) ids.push_back(delivery.id);
  return ids;
}

std::string joined(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : ", ") + id;
  return text.empty() ? "nothing" : text;
}

void check_ids(const std::vector<Delivery>& deliveries, const std::vector<std::string>& ids) {
  check(ids_of(deliveries) == ids, "delivered are " + joined(ids) + " (came: " + joined(ids_of(deliveries)) + ")");
}

std::vector<Delivery> drain(BrokerHarness& harness, const QueueName& queue) {
  harness.settle();
  TestConsumer consumer(harness);
  consumer.subscribe(queue, 100'000);
  harness.settle();
  auto deliveries = consumer.heard().deliveries();
  if (!deliveries.empty()) consumer.ack_up_to(deliveries.back());
  harness.settle();
  return deliveries;
}

OneQueue::OneQueue(BrokerHarness& harness, std::size_t max_messages)
    : route{harness.name("orders"), "new"}, queue{harness.name("orders.new")} {
  declare(harness, Topology{{route.exchange}, {{queue, max_messages, std::nullopt}}, {{route, queue}}});
}

void declare(BrokerHarness& harness, const Topology& topology) {
  const Status declared = harness.broker().declare(topology);
  check(declared.ok(), "a sound topology is declared" + (declared ? "" : " (" + declared.error().message + ")"));
}

}  // namespace waybill::contract
