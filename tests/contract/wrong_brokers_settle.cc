// Wrong acknowledgements, requeues, rejections and redeliveries.
#include "tests/contract/passing_broker.h"
#include "tests/contract/wrong_brokers.h"

namespace waybill::contract {
namespace {

template <class Consumer>
std::unique_ptr<Broker> with(std::unique_ptr<Broker> right) {
  return std::make_unique<PassingBroker<PassingPublisher, Consumer>>(std::move(right));
}

struct ForgetsAcks : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void ack(DeliveryTag, bool) override {}
};

struct IgnoresMultiple : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void ack(DeliveryTag tag, bool) override { session_->ack(tag, false); }
};

struct AcksAlwaysMultiple : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void ack(DeliveryTag tag, bool) override { session_->ack(tag, true); }
};

struct AcksOneTooMany : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void ack(DeliveryTag tag, bool multiple) override {
    session_->ack(tag, multiple);
    if (multiple) session_->ack({tag.epoch, tag.number + 1}, false);
  }
};

struct LosesUnacknowledgedAtClose : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  ~LosesUnacknowledgedAtClose() override { session_->ack(last_, true); }
  void on_delivery(Delivery delivery) override {
    last_ = delivery.tag;
    listener_.on_delivery(std::move(delivery));
  }
  DeliveryTag last_;
};

struct ForgetsToMarkRedelivered : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void on_delivery(Delivery delivery) override {
    delivery.redelivered = false;
    listener_.on_delivery(std::move(delivery));
  }
};

struct MarksAllRedelivered : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void on_delivery(Delivery delivery) override {
    delivery.redelivered = true;
    listener_.on_delivery(std::move(delivery));
  }
};

struct RequeuesToNowhere : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void requeue(DeliveryTag tag) override { session_->ack(tag, false); }
};

struct RequeuesOnlyAtClose : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void requeue(DeliveryTag) override {}
};

/// Publishes what is requeued once more, so that it goes to the end.
struct RequeuesAtTheEnd : PassingConsumer {
  RequeuesAtTheEnd(Broker& inner, ConsumeEvents& listener)
      : PassingConsumer(inner, listener), back_(inner.open_publisher(nobody_)) {}
  void on_delivery(Delivery delivery) override {
    had_.push_back(delivery);
    listener_.on_delivery(std::move(delivery));
  }
  void requeue(DeliveryTag tag) override {
    for (const Delivery& had : had_) {
      if (had.tag != tag) continue;
      const Outgoing again{1, {"", had.queue.value}, {had.id}, had.content_type, had.headers, had.body};
      (void)back_->publish({&again, 1});  // wrong in this way too
      session_->ack(tag, false);
    }
  }
  struct Nobody final : PublishEvents {
    void on_publish_ready() override {}
    void on_blocked(std::string) override {}
    void on_publish_down(std::string) override {}
    void on_returned(PublishTag, int, std::string) override {}
    void on_confirmed(std::vector<PublishTag>, std::vector<PublishTag>) override {}
  };
  Nobody nobody_;
  std::unique_ptr<PublishSession> back_;
  std::vector<Delivery> had_;
};

struct RejectsToNowhere : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void reject(DeliveryTag tag) override { session_->ack(tag, false); }
};

struct RejectsIntoTheQueue : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void reject(DeliveryTag tag) override { session_->requeue(tag); }
};

struct IgnoresEpochs : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void on_delivery(Delivery delivery) override {
    epoch_ = delivery.tag.epoch;
    listener_.on_delivery(std::move(delivery));
  }
  void ack(DeliveryTag tag, bool multiple) override { session_->ack({epoch_, tag.number}, multiple); }
  void requeue(DeliveryTag tag) override { session_->requeue({epoch_, tag.number}); }
  void reject(DeliveryTag tag) override { session_->reject({epoch_, tag.number}); }
  std::uint64_t epoch_ = 0;
};

struct KeepsItsEpochWhenItBreaks : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void on_delivery(Delivery delivery) override {
    epoch_ = delivery.tag.epoch;
    delivery.tag.epoch = 1;
    listener_.on_delivery(std::move(delivery));
  }
  void ack(DeliveryTag tag, bool multiple) override {
    session_->ack({tag.epoch == 1 ? epoch_ : tag.epoch, tag.number}, multiple);
  }
  std::uint64_t epoch_ = 0;
};

struct SubscribesAgainByItself : PassingConsumer {
  using PassingConsumer::PassingConsumer;
  void subscribe(const QueueName& queue, int prefetch) override {
    subscribed_.emplace_back(queue, prefetch);
    session_->subscribe(queue, prefetch);
  }
  void on_consume_ready() override {
    for (const auto& [queue, prefetch] : subscribed_) session_->subscribe(queue, prefetch);
    listener_.on_consume_ready();
  }
  std::vector<std::pair<QueueName, int>> subscribed_;
};

std::unique_ptr<Broker> without_dead_letter_routes(std::unique_ptr<Broker> right) {
  return std::make_unique<PassingBroker<PassingPublisher, PassingConsumer>>(std::move(right), [](Topology& topology) {
    for (QueueDeclaration& queue : topology.queues) queue.dead_letter.reset();
  });
}

}  // namespace

std::vector<WrongBroker> brokers_that_settle_wrongly() {
  return {
      {"ForgetsAcks", "AcknowledgedIsNotDeliveredAgain", with<ForgetsAcks>},
      {"IgnoresMultiple", "MultipleAckCoversAllBeforeIt", with<IgnoresMultiple>},
      {"AcksAlwaysMultiple", "SingleAckCoversOnlyItself", with<AcksAlwaysMultiple>},
      {"AcksOneTooMany", "MultipleAckCoversAllBeforeIt", with<AcksOneTooMany>},
      {"LosesUnacknowledgedAtClose", "UnacknowledgedComesAgainMarkedRedelivered", with<LosesUnacknowledgedAtClose>},
      {"ForgetsToMarkRedelivered", "UnacknowledgedComesAgainMarkedRedelivered", with<ForgetsToMarkRedelivered>},
      {"MarksAllRedelivered", "MessageArrivesAsItWasPublished", with<MarksAllRedelivered>},
      {"RequeuesToNowhere", "RequeuedComesAgainMarkedRedelivered", with<RequeuesToNowhere>},
      {"RequeuesOnlyAtClose", "RequeuedComesAgainMarkedRedelivered", with<RequeuesOnlyAtClose>},
      {"RequeuesAtTheEnd", "RequeuedKeepsItsPlace", with<RequeuesAtTheEnd>},
      {"RejectsToNowhere", "RejectedGoesToTheDeadLetterRoute", with<RejectsToNowhere>},
      {"RejectsIntoTheQueue", "RejectedWithoutADeadLetterRouteIsDropped", with<RejectsIntoTheQueue>},
      {"ForgetsDeadLetterRoutes", "RejectedGoesToTheDeadLetterRoute", without_dead_letter_routes},
      {"IgnoresEpochs", "TagsOfAnotherEpochAreIgnored", with<IgnoresEpochs>},
      {"KeepsItsEpochWhenItBreaks", "BrokenConsumerCannotAcknowledgeWhatItHad", with<KeepsItsEpochWhenItBreaks>},
      {"SubscribesAgainByItself", "BrokenConsumerMustSubscribeAgain", with<SubscribesAgainByItself>},
  };
}

}  // namespace waybill::contract
