// Wrong order, prefetch, turns, cancel.
#include <optional>

#include "tests/contract/passing_broker.h"
#include "tests/contract/wrong_brokers.h"

namespace waybill::contract {
namespace {

template <class Consumer>
std::unique_ptr<Broker> with(std::unique_ptr<Broker> right) {
  return std::make_unique<PassingBroker<PassingPublisher, Consumer>>(std::move(right));
}

struct SwapsNeighbours : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void on_delivery(Delivery delivery) override {
    if (!first_) {
      first_ = std::move(delivery);
      return;
    }
    std::swap(first_->tag, delivery.tag);
    listener_.on_delivery(std::move(delivery));
    std::swap(first_->id, delivery.id);
    listener_.on_delivery(*std::exchange(first_, std::nullopt));
  }
  std::optional<Delivery> first_;
};

struct RepeatsATag : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void on_delivery(Delivery delivery) override {
    delivery.tag.number = (delivery.tag.number + 1) / 2;
    listener_.on_delivery(std::move(delivery));
  }
};

struct CountsAnEpochForEachDelivery : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void on_delivery(Delivery delivery) override {
    delivery.tag.epoch += ++epochs_;
    listener_.on_delivery(std::move(delivery));
  }
  void ack(DeliveryTag tag, bool multiple) override { session_->ack({1, tag.number}, multiple); }
  std::uint64_t epochs_ = 0;
};

struct DeliversBeyondPrefetch : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void subscribe(const QueueName& queue, int prefetch) override { session_->subscribe(queue, prefetch + 2); }
};

struct CountsPrefetchBySession : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void subscribe(const QueueName& queue, int prefetch) override {
    const int left = std::max(0, prefetch - std::exchange(used_, prefetch));
    if (left > 0) session_->subscribe(queue, left);
  }
  int used_ = 0;
};

struct ServesOnlyTheFirstConsumer : PassingConsumer {
  ServesOnlyTheFirstConsumer(Broker& inner, ConsumeEvents& listener)
      : PassingConsumer(inner, listener), first_(living() == 0) {
    living() += 1;
  }
  ~ServesOnlyTheFirstConsumer() override { living() -= 1; }
  void subscribe(const QueueName& queue, int prefetch) override {
    if (first_) session_->subscribe(queue, prefetch);
  }
  static int& living() {
    static int count = 0;
    return count;
  }
  bool first_;
};

struct DeliversTwice : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void on_delivery(Delivery delivery) override {
    listener_.on_delivery(delivery);
    listener_.on_delivery(std::move(delivery));
  }
};

struct IgnoresCancel : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void cancel(const QueueName&) override {}
};

struct CancelsAllQueues : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void subscribe(const QueueName& queue, int prefetch) override {
    queues_.push_back(queue);
    session_->subscribe(queue, prefetch);
  }
  void cancel(const QueueName&) override {
    for (const QueueName& queue : queues_) session_->cancel(queue);
  }
  std::vector<QueueName> queues_;
};

struct SubscribesOnlyOnce : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void subscribe(const QueueName& queue, int prefetch) override {
    if (!std::exchange(subscribed_, true)) session_->subscribe(queue, prefetch);
  }
  bool subscribed_ = false;
};

struct ForgetsAckOnceCancelled : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void cancel(const QueueName& queue) override {
    cancelled_ = true;
    session_->cancel(queue);
  }
  void ack(DeliveryTag tag, bool multiple) override {
    if (!cancelled_) session_->ack(tag, multiple);
  }
  bool cancelled_ = false;
};

struct IsSilentAboutAMissingQueue : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void on_cancelled(QueueName, std::string) override {}
};

struct DeliversAfterItsEnd : ConsumeSession {
  DeliversAfterItsEnd(Broker& inner, ConsumeEvents& listener)
      : passing_(std::make_shared<PassingConsumer>(inner, listener)) {}
  void subscribe(const QueueName& queue, int prefetch) override { passing_->subscribe(queue, prefetch); }
  void cancel(const QueueName& queue) override { passing_->cancel(queue); }
  void ack(DeliveryTag tag, bool multiple) override { passing_->ack(tag, multiple); }
  void requeue(DeliveryTag tag) override { passing_->requeue(tag); }
  void reject(DeliveryTag tag) override { passing_->reject(tag); }
  std::shared_ptr<PassingConsumer> passing_;
};

struct IsReadyBeforeTheCallReturns : PassingConsumer {
  IsReadyBeforeTheCallReturns(Broker& inner, ConsumeEvents& listener) : PassingConsumer(inner, listener) {
    listener_.on_consume_ready();
  }
  void on_consume_ready() override {}
};

}  // namespace

std::vector<WrongBroker> brokers_that_deliver_wrongly() {
  return {
      {"SwapsNeighbours", "AQueueKeepsTheOrderOfItsMessages", with<SwapsNeighbours>},
      {"RepeatsATag", "DeliveryTagsIncrease", with<RepeatsATag>},
      {"CountsAnEpochForEachDelivery", "DeliveryTagsIncrease", with<CountsAnEpochForEachDelivery>},
      {"DeliversBeyondPrefetch", "PrefetchBoundsWhatIsUnacknowledged", with<DeliversBeyondPrefetch>},
      {"CountsPrefetchBySession", "PrefetchIsCountedByQueue", with<CountsPrefetchBySession>},
      {"ServesOnlyTheFirstConsumer", "ConsumersOfAQueueTakeTurns", with<ServesOnlyTheFirstConsumer>},
      {"DeliversTwice", "AMessageGoesToOneConsumer", with<DeliversTwice>},
      {"IgnoresCancel", "CancelStopsDeliveries", with<IgnoresCancel>},
      {"CancelsAllQueues", "CancelLeavesOtherQueuesAlone", with<CancelsAllQueues>},
      {"SubscribesOnlyOnce", "CancelledConsumerMaySubscribeAgain", with<SubscribesOnlyOnce>},
      {"ForgetsAckOnceCancelled", "CancelledConsumerMayStillAcknowledge", with<ForgetsAckOnceCancelled>},
      {"IsSilentAboutAMissingQueue", "SubscriptionToAMissingQueueIsTold", with<IsSilentAboutAMissingQueue>},
      {"DeliversAfterItsEnd", "ClosedConsumerHearsNothing", with<DeliversAfterItsEnd>},
      {"IsReadyBeforeTheCallReturns", "ReadyIsTheFirstEventOfAConsumer", with<IsReadyBeforeTheCallReturns>},
  };
}

}  // namespace waybill::contract
