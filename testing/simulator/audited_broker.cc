#include "testing/simulator/audited_broker.h"

#include <map>
#include <unordered_map>
#include <utility>

namespace waybill::sim {
namespace {

class AuditedPublisher final : public PublishSession, private PublishEvents {
 public:
  AuditedPublisher(Broker& inner, PublishEvents& events, const BrokerWitness& witness)
      : events_(events), witness_(witness), session_(inner.open_publisher(*this)) {}

  bool publish(std::span<const Outgoing> batch) override {
    const bool taken = session_->publish(batch);
    for (const auto& outgoing : batch) {
      if (!taken) break;
      const auto mark = read_mark(outgoing.headers);
      const Sent& sent = sent_[outgoing.tag] = {outgoing.id.value, mark ? mark->publish_number : 0, outgoing.route};
      witness_.taken(sent.id, sent.publish_number);
    }
    witness_.published();
    return taken;
  }

 private:
  struct Sent {
    std::string id;
    std::int64_t publish_number = 0;
    Route route;
  };
  void on_publish_ready() override { events_.on_publish_ready(); }
  void on_blocked(std::string reason) override { events_.on_blocked(std::move(reason)); }
  void on_publish_down(std::string reason) override { events_.on_publish_down(std::move(reason)); }
  void on_returned(PublishTag tag, int code, std::string text) override {
    const Sent& sent = sent_[tag];
    witness_.returned(sent.id, sent.publish_number, sent.route, code);
    events_.on_returned(tag, code, std::move(text));
  }
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) override {
    for (const PublishTag tag : acked) witness_.confirmed(sent_[tag].id, sent_[tag].publish_number);
    events_.on_confirmed(std::move(acked), std::move(nacked));
  }

  PublishEvents& events_;
  const BrokerWitness& witness_;
  std::unordered_map<PublishTag, Sent> sent_;
  std::unique_ptr<PublishSession> session_;
};

class AuditedConsumer final : public ConsumeSession, private ConsumeEvents {
 public:
  AuditedConsumer(Broker& inner, ConsumeEvents& events, const BrokerWitness& witness)
      : events_(events), witness_(witness), session_(inner.open_consumer(*this)) {}

  void subscribe(const QueueName& queue, int prefetch) override { session_->subscribe(queue, prefetch); }
  void cancel(const QueueName& queue) override { session_->cancel(queue); }
  void ack(DeliveryTag tag, bool multiple) override {
    witness_.before_ack();
    const auto first = multiple ? open_.lower_bound(DeliveryTag{tag.epoch, 0}) : open_.find(tag);
    const auto end = open_.upper_bound(tag);
    for (auto copy = first; copy != open_.end() && copy != end;) {
      witness_.acknowledged(copy->second);
      copy = open_.erase(copy);
    }
    session_->ack(tag, multiple);
  }
  void requeue(DeliveryTag tag) override {
    open_.erase(tag);
    session_->requeue(tag);
  }
  void reject(DeliveryTag tag) override {
    const auto copy = open_.extract(tag);
    if (!copy.empty()) witness_.rejected(copy.mapped());
    session_->reject(tag);
  }

 private:
  void on_consume_ready() override { events_.on_consume_ready(); }
  void on_delivery(Delivery delivery) override {
    open_[delivery.tag] = {delivery.id, delivery.body, read_mark(delivery.headers)};
    events_.on_delivery(std::move(delivery));
  }
  void on_cancelled(QueueName queue, std::string reason) override {
    events_.on_cancelled(std::move(queue), std::move(reason));
  }
  void on_consume_down(std::string reason) override {
    open_.clear();
    events_.on_consume_down(std::move(reason));
  }

  ConsumeEvents& events_;
  const BrokerWitness& witness_;
  std::map<DeliveryTag, HeldDelivery> open_;
  std::unique_ptr<ConsumeSession> session_;
};

}  // namespace

std::unique_ptr<PublishSession> AuditedBroker::open_publisher(PublishEvents& events) {
  return std::make_unique<AuditedPublisher>(*inner_, events, witness_);
}

std::unique_ptr<ConsumeSession> AuditedBroker::open_consumer(ConsumeEvents& events) {
  return std::make_unique<AuditedConsumer>(*inner_, events, witness_);
}

}  // namespace waybill::sim
