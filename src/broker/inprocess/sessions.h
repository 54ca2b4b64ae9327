// The two kinds of session of the in-process broker.
#pragma once

#include <memory>
#include <span>

#include "broker/inprocess/shared_state.h"
#include "ports/broker.h"

namespace waybill::inprocess {

class InProcessPublisher final : public PublishSession {
 public:
  InProcessPublisher(std::shared_ptr<SharedState> state, PublishEvents& events);
  ~InProcessPublisher() override;

  [[nodiscard]] bool publish(std::span<const Outgoing> batch) override;

 private:
  std::shared_ptr<SharedState> state_;
  std::shared_ptr<PublishMailbox> mailbox_;
};

class InProcessConsumer final : public ConsumeSession, private DeliverySink {
 public:
  InProcessConsumer(std::shared_ptr<SharedState> state, ConsumeEvents& events);
  ~InProcessConsumer() override;

  void subscribe(const QueueName& queue, int prefetch) override;
  void cancel(const QueueName& queue) override;
  void ack(DeliveryTag tag, bool multiple) override;
  void requeue(DeliveryTag tag) override;
  void reject(DeliveryTag tag) override;

 private:
  void deliver(std::uint64_t number, const QueueName& queue, const QueueEntry& entry) override;

  std::shared_ptr<SharedState> state_;
  std::shared_ptr<ConsumeMailbox> mailbox_;
  ChannelId channel_{};
  std::uint64_t epoch_ = 0;
};

}  // namespace waybill::inprocess
