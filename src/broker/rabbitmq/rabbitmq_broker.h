// The broker port over RabbitMQ (3.8 or later; tested with 3.10).
#pragma once

#include <memory>

#include "base/result.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"
#include "ports/broker.h"

namespace waybill {

/// Thread-safe; sessions may be used from different threads, each from one at a time. One thread of its own runs all
/// connections, and tells the events. Sessions end before their broker does, and not from inside an event.
///
/// Where the port leaves room:
/// - Every session is a connection of its own, which is opened again for ever when it is lost, over all addresses.
/// Every
///   connection first declares what was declared before.
/// - `declare` waits for a broker once, for a bounded time; kRetry means that none could be reached. What was asked is
///   kept and declared by the sessions as soon as they are connected, and asking for the same again answers at once. It
///   declares one thing after the other: when one is refused, what came before it stands. A queue has no bound of its
///   own here: `max_messages` is not used.
/// - What cannot be published is returned with the broker's code and acked: 404 (no such exchange), 403 (no right to
///   write there), 406 (a message that no broker carries).
/// - *Blocked* is the broker's alarm, or that too much is unsent or unanswered.
/// - A delivery larger than `body_max`, or than kBodyMax if it carries a log's mark, is rejected unread and never told.
/// - What is requeued waits at the end of a quorum queue.
class RabbitMqBroker final : public Broker {
 public:
  /// Errors (kPermanent): certificates cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<RabbitMqBroker>> make(RabbitMqOptions options);
  ~RabbitMqBroker() override;

  [[nodiscard]] Status declare(const Topology& topology) override;
  [[nodiscard]] std::unique_ptr<PublishSession> open_publisher(PublishEvents& events) override;
  [[nodiscard]] std::unique_ptr<ConsumeSession> open_consumer(ConsumeEvents& events) override;
  [[nodiscard]] bool forgets_at_exit() const override { return false; }

 private:
  struct State;
  explicit RabbitMqBroker(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace waybill
