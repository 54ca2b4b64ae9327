// The two kinds of session over RabbitMQ: what the caller's thread asks is put into an inbox, which the I/O thread
// empties at once; what the role tells goes to the listener from the I/O thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "broker/rabbitmq/link.h"
#include "broker/rabbitmq/protocol/consumer_role.h"
#include "broker/rabbitmq/protocol/publisher_role.h"
#include "ports/broker.h"

namespace waybill::rabbitmq {

/// Where events go, until nobody listens any more. The only lock that is held while foreign code runs: the end of a
/// session must be able to await it.
template <class Events>
class Listener {
 public:
  explicit Listener(Events& events) : events_(&events) {}
  template <class Tell>
  void tell(const Tell& tell) {
    const std::lock_guard lock(mutex_);
    if (events_ != nullptr) tell(*events_);
  }
  /// Waits for an event that is being told. Not from inside one.
  void silence() {
    const std::lock_guard lock(mutex_);
    events_ = nullptr;
  }

 private:
  std::mutex mutex_;
  Events* events_;  // guarded by mutex_
};

/// What keeps a session's connection running until it has ended in order. Lives on the I/O thread.
class SessionCore {
 public:
  virtual ~SessionCore() = default;
  virtual void start() = 0;
  virtual void close(std::function<void()> done) = 0;
};

class PublisherCore final : public SessionCore, public std::enable_shared_from_this<PublisherCore> {
 public:
  PublisherCore(const LinkBase& base, std::function<Topology()> topology, PublishEvents& events);
  void start() override { link_.start(); }
  void close(std::function<void()> done) override;

  /// Any thread.
  [[nodiscard]] bool publish(std::span<const Outgoing> batch);
  void silence() { listener_.silence(); }

 private:
  void empty_inbox();
  void tell();
  void set_ready(bool ready);

  const LinkBase& base_;
  Listener<PublishEvents> listener_;
  PublisherRole role_;
  Link link_;
  std::mutex mutex_;
  bool ready_ = false;           // guarded by mutex_
  std::vector<Outgoing> inbox_;  // guarded by mutex_
};

class ConsumerCore final : public SessionCore, public std::enable_shared_from_this<ConsumerCore> {
 public:
  struct Subscribe {
    QueueName queue;
    int prefetch;
  };
  struct Cancel {
    QueueName queue;
  };
  struct Acknowledge {
    DeliveryTag tag;
    bool multiple;
  };
  struct Requeue {
    DeliveryTag tag;
  };
  struct Reject {
    DeliveryTag tag;
  };
  using Command = std::variant<Subscribe, Cancel, Acknowledge, Requeue, Reject>;

  ConsumerCore(const LinkBase& base, std::function<Topology()> topology, ConsumeEvents& events);
  void start() override { link_.start(); }
  void close(std::function<void()> done) override;

  /// Any thread.
  void ask(Command command);
  void silence() { listener_.silence(); }

 private:
  void empty_inbox();
  void tell();

  const LinkBase& base_;
  Listener<ConsumeEvents> listener_;
  ConsumerRole role_;
  Link link_;
  std::mutex mutex_;
  std::vector<Command> inbox_;  // guarded by mutex_
};

/// `end` is told that nobody holds the session any more.
using EndSession = std::function<void(std::shared_ptr<SessionCore> core)>;

class RabbitMqPublisher final : public PublishSession {
 public:
  RabbitMqPublisher(std::shared_ptr<PublisherCore> core, EndSession end)
      : core_(std::move(core)), end_(std::move(end)) {}
  ~RabbitMqPublisher() override;
  [[nodiscard]] bool publish(std::span<const Outgoing> batch) override { return core_->publish(batch); }

 private:
  std::shared_ptr<PublisherCore> core_;
  EndSession end_;
};

class RabbitMqConsumer final : public ConsumeSession {
 public:
  RabbitMqConsumer(std::shared_ptr<ConsumerCore> core, EndSession end) : core_(std::move(core)), end_(std::move(end)) {}
  ~RabbitMqConsumer() override;
  void subscribe(const QueueName& queue, int prefetch) override {
    core_->ask(ConsumerCore::Subscribe{queue, prefetch});
  }
  void cancel(const QueueName& queue) override { core_->ask(ConsumerCore::Cancel{queue}); }
  void ack(DeliveryTag tag, bool multiple) override { core_->ask(ConsumerCore::Acknowledge{tag, multiple}); }
  void requeue(DeliveryTag tag) override { core_->ask(ConsumerCore::Requeue{tag}); }
  void reject(DeliveryTag tag) override { core_->ask(ConsumerCore::Reject{tag}); }

 private:
  std::shared_ptr<ConsumerCore> core_;
  EndSession end_;
};

}  // namespace waybill::rabbitmq
