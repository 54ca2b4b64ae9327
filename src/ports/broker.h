// The broker: a fast carrier that may forget. Adapters: in-process, RabbitMQ; one contract suite.
//
// A session belongs to one role (publishing or consuming), because a blocked publisher must not stop acknowledgements.
// Calls on a session come from one thread and never wait for the network. Events come from any thread, one at a time
// per session, never from inside a call and not after the session is destroyed; a listener only hands them on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/message.h"

namespace waybill {

// ---- topology -----------------------------------------------------------------------------------------------------

struct QueueDeclaration {
  QueueName name;
  std::size_t max_messages = 100'000;  ///< full: the broker signals *blocked*; if it keeps such a bound
  std::optional<Route> dead_letter;    ///< where rejected deliveries go; none: they are dropped
};
struct Binding {
  Route route;  ///< exchange and routing key, matched directly
  QueueName queue;
};
/// Durable exchanges (direct), queues and bindings; declaring what exists already is fine.
struct Topology {
  std::vector<std::string> exchanges;
  std::vector<QueueDeclaration> queues;
  std::vector<Binding> bindings;
};

// ---- publishing ---------------------------------------------------------------------------------------------------

/// Names one publish within a session; chosen by the caller, increasing.
using PublishTag = std::uint64_t;

/// Persistent and mandatory, always.
struct Outgoing {
  PublishTag tag = 0;
  Route route;
  MessageId id;
  std::string content_type;
  Headers headers;
  Body body;
};

/// The code of a return that says that no broker carries the message: it is at fault, not its route.
inline constexpr int kCannotBeCarried = 406;

class PublishEvents {
 public:
  virtual ~PublishEvents() = default;
  /// Publishing is possible; also the first event of a session, and after every *down* or *blocked*.
  virtual void on_publish_ready() = 0;
  /// The broker takes no more for now (alarm, full queue); what is in flight may still be answered.
  virtual void on_blocked(std::string reason) = 0;
  /// Everything unanswered is in doubt: no answer to it will come.
  virtual void on_publish_down(std::string reason) = 0;
  /// The message reached no queue: 312 the key leads nowhere, 404 there is no such exchange, 403 nobody may publish
  /// there, kCannotBeCarried. Always before the confirm of the same tag.
  virtual void on_returned(PublishTag tag, int code, std::string text) = 0;
  /// Acked or nacked. Every tag is confirmed at most once, in any order.
  virtual void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) = 0;
};

class PublishSession {
 public:
  virtual ~PublishSession() = default;
  /// Takes responsibility for telling what becomes of each tag, or that the session went down. False: nothing was
  /// taken (down or blocked; the event says so too).
  [[nodiscard]] virtual bool publish(std::span<const Outgoing> batch) = 0;
};

// ---- consuming ----------------------------------------------------------------------------------------------------

/// Names one delivery within a session, increasing in the order of delivery. `epoch` counts the session's lives: what
/// was delivered in an earlier one cannot be acknowledged any more, and the broker delivers it again.
struct DeliveryTag {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;
  auto operator<=>(const DeliveryTag&) const = default;
};

struct Delivery {
  DeliveryTag tag;
  QueueName queue;
  Route route;
  std::string id;  ///< the message-id property, unchecked; empty if there was none
  std::string content_type;
  Headers headers;
  Body body;
  bool redelivered = false;  ///< decides nothing; the log does
};

class ConsumeEvents {
 public:
  virtual ~ConsumeEvents() = default;
  virtual void on_consume_ready() = 0;  ///< subscribe now (again)
  virtual void on_delivery(Delivery delivery) = 0;
  /// A delivery was too large to be read, and went to its queue's dead-letter route.
  virtual void on_rejected_unread() {}
  /// The broker ended one subscription (queue deleted, failover). What it delivered may still be acknowledged.
  virtual void on_cancelled(QueueName queue, std::string reason) = 0;
  /// All subscriptions and unacknowledged deliveries of this epoch are gone; the broker delivers the latter again.
  virtual void on_consume_down(std::string reason) = 0;
};

class ConsumeSession {
 public:
  virtual ~ConsumeSession() = default;
  /// At most `prefetch` unacknowledged deliveries of this queue at a time.
  virtual void subscribe(const QueueName& queue, int prefetch) = 0;
  /// No further deliveries of this queue; those made may still be answered.
  virtual void cancel(const QueueName& queue) = 0;
  /// `multiple`: all deliveries up to this one. Tags of an earlier epoch are ignored.
  virtual void ack(DeliveryTag tag, bool multiple) = 0;
  /// Back into the queue.
  virtual void requeue(DeliveryTag tag) = 0;
  /// To the queue's dead-letter route.
  virtual void reject(DeliveryTag tag) = 0;
};

class Broker {
 public:
  virtual ~Broker() = default;
  /// May wait for the broker, but only the first time: what could not be declared then (kRetry) is answered at once
  /// when it is asked for again. Errors: kRetry, kConflict (something exists and differs), kNotFound (a binding to
  /// something that does not exist), kPermanent.
  [[nodiscard]] virtual Status declare(const Topology& topology) = 0;
  /// `events` outlives the session.
  [[nodiscard]] virtual std::unique_ptr<PublishSession> open_publisher(PublishEvents& events) = 0;
  [[nodiscard]] virtual std::unique_ptr<ConsumeSession> open_consumer(ConsumeEvents& events) = 0;
  /// True if the queues live in this process's memory: what another boot published is certainly lost.
  [[nodiscard]] virtual bool forgets_at_exit() const = 0;
};

}  // namespace waybill
