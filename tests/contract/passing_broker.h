// A broker that passes everything through to another one: what a wrong adapter overrides one thing of.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "ports/broker.h"

namespace waybill::contract {

/// Stands between a publishing session and its listener, in both directions.
class PassingPublisher : public PublishSession, public PublishEvents {
 public:
  PassingPublisher(Broker& inner, PublishEvents& listener) : listener_(listener) {
    session_ = inner.open_publisher(*this);
  }

  bool publish(std::span<const Outgoing> batch) override { return session_->publish(batch); }

  void on_publish_ready() override { listener_.on_publish_ready(); }
  void on_blocked(std::string reason) override { listener_.on_blocked(std::move(reason)); }
  void on_publish_down(std::string reason) override { listener_.on_publish_down(std::move(reason)); }
  void on_returned(PublishTag tag, int code, std::string text) override {
    listener_.on_returned(tag, code, std::move(text));
  }
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) override {
    listener_.on_confirmed(std::move(acked), std::move(nacked));
  }

 protected:
  PublishEvents& listener_;
  std::unique_ptr<PublishSession> session_;
};

/// The same for consuming.
class PassingConsumer : public ConsumeSession, public ConsumeEvents {
 public:
  PassingConsumer(Broker& inner, ConsumeEvents& listener) : listener_(listener) {
    session_ = inner.open_consumer(*this);
  }

  void subscribe(const QueueName& queue, int prefetch) override { session_->subscribe(queue, prefetch); }
  void cancel(const QueueName& queue) override { session_->cancel(queue); }
  void ack(DeliveryTag tag, bool multiple) override { session_->ack(tag, multiple); }
  void requeue(DeliveryTag tag) override { session_->requeue(tag); }
  void reject(DeliveryTag tag) override { session_->reject(tag); }

  void on_consume_ready() override { listener_.on_consume_ready(); }
  void on_delivery(Delivery delivery) override { listener_.on_delivery(std::move(delivery)); }
  void on_cancelled(QueueName queue, std::string reason) override {
    listener_.on_cancelled(std::move(queue), std::move(reason));
  }
  void on_consume_down(std::string reason) override { listener_.on_consume_down(std::move(reason)); }

 protected:
  ConsumeEvents& listener_;
  std::unique_ptr<ConsumeSession> session_;
};

/// Opens sessions of these kinds. What a session keeps in `passing_` lives on after it. `Change` is applied to every
/// topology declared.
template <class Publisher, class Consumer>
class PassingBroker final : public Broker {
 public:
  using Change = std::function<void(Topology&)>;
  explicit PassingBroker(std::unique_ptr<Broker> inner, Change change = {})
      : inner_(std::move(inner)), change_(std::move(change)) {}

  Status declare(const Topology& topology) override {
    Topology changed = topology;
    if (change_) change_(changed);
    return inner_->declare(changed);
  }
  std::unique_ptr<PublishSession> open_publisher(PublishEvents& events) override { return opened<Publisher>(events); }
  std::unique_ptr<ConsumeSession> open_consumer(ConsumeEvents& events) override { return opened<Consumer>(events); }
  bool forgets_at_exit() const override { return inner_->forgets_at_exit(); }

 private:
  template <class Session, class Events>
  std::unique_ptr<Session> opened(Events& events) {
    auto session = std::make_unique<Session>(*inner_, events);
    if constexpr (requires { session->passing_; }) undying_.push_back(session->passing_);
    return session;
  }

  std::unique_ptr<Broker> inner_;
  Change change_;
  std::vector<std::shared_ptr<void>> undying_;  // what some wrong sessions leave behind; goes before its broker
};

}  // namespace waybill::contract
