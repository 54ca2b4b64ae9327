// What a broker of direct exchanges and queues does with each publish, subscription and acknowledgement. Pure: no
// threads, clock or waiting; one thread at a time. The in-process broker is this behind a mutex, the simulator's is
// this behind an unreliable network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "broker/inprocess/message_queue.h"
#include "core/names.h"
#include "ports/broker.h"

namespace waybill::inprocess {

/// Where deliveries of one consuming session go. Called from inside the core's verbs: it must only note them.
class DeliverySink {
 public:
  virtual ~DeliverySink() = default;
  /// `number` counts from 1 within the channel.
  virtual void deliver(std::uint64_t number, const QueueName& queue, const QueueEntry& entry) = 0;
};

enum class Routing { kQueued, kNoRoute, kNoExchange };

/// Names a consuming session of the core. Never reused.
enum class ChannelId : std::uint64_t {};

class BrokerCore {
 public:
  explicit BrokerCore(std::size_t max_queue_bytes);
  ~BrokerCore();
  BrokerCore(const BrokerCore&) = delete;
  BrokerCore& operator=(const BrokerCore&) = delete;

  // ---- topology
  /// All of it or nothing. Errors: kConflict (a queue exists with other bounds or another dead-letter route), kNotFound
  /// (a binding to an exchange or queue that does not exist), kPermanent (an empty name).
  [[nodiscard]] Status declare(const Topology& topology);
  /// False if there was no such binding.
  bool unbind(const Binding& binding);
  /// With its bindings. False if there was no such exchange.
  bool remove_exchange(const std::string& exchange);

  // ---- messages
  /// Into every queue the route leads to.
  Routing publish(ContentPtr content);
  /// What `publish` would answer.
  [[nodiscard]] Routing routing(const Route& route) const;
  /// Into one queue, past all routing and marked as redelivered. False if there is no such queue.
  bool push_again(const QueueName& queue, ContentPtr content);
  /// Drops what waits in the queue and returns how many; 0 if there is no such queue.
  std::size_t purge(const QueueName& queue);
  /// Nothing if there is no such queue.
  [[nodiscard]] const MessageQueue* find(const QueueName& queue) const;
  /// True while some queue is full and has not drained: publishers should wait.
  [[nodiscard]] bool blocked() const { return full_queues_ > 0; }
  /// The first such queue, or null.
  [[nodiscard]] const MessageQueue* full_queue() const;

  // ---- consumers
  /// `sink` must outlive the channel.
  [[nodiscard]] ChannelId open(DeliverySink& sink);
  /// Everything it held waits again, marked as redelivered, in its old place. Returns how much that was.
  std::size_t close(ChannelId channel);
  /// At most `prefetch` (below 1 counts as 1) unsettled deliveries of the queue at a time; subscribing again changes
  /// that number. Consumers of one queue take turns. False if there is no such queue.
  bool subscribe(ChannelId channel, const QueueName& queue, int prefetch);
  /// What it holds of the queue may still be settled. False if it was not subscribed.
  bool cancel(ChannelId channel, const QueueName& queue);
  // A number that is not held any more, or never was, changes nothing.
  void ack(ChannelId channel, std::uint64_t number, bool multiple);
  void requeue(ChannelId channel, std::uint64_t number);
  /// To the queue's dead-letter route; dropped if it has none, or if that leads to no queue or would fill it.
  void reject(ChannelId channel, std::uint64_t number);

 private:
  struct Channel;
  struct Queue;
  struct Subscription {
    Channel* channel;
    Queue* queue;
    int prefetch;
    int held;     // of this queue, also from before a cancel
    bool active;  // false: cancelled
  };
  struct Held {
    Subscription* subscription;
    QueueEntry entry;
  };
  using Keys = std::unordered_map<std::string, std::vector<Queue*>>;  // routing key -> queues

  [[nodiscard]] Status check(const Topology& topology) const;
  [[nodiscard]] Status check_queue(const QueueDeclaration& declaration) const;
  [[nodiscard]] Queue* queue(const std::string& name) const;
  [[nodiscard]] Channel* channel(ChannelId id) const;
  /// The queues a route leads to; null if its exchange does not exist.
  [[nodiscard]] const std::vector<Queue*>* lookup(const Route& route) const;

  void enqueue(Queue& queue, ContentPtr content, bool redelivered = false);
  void hand_out(Queue& queue);
  [[nodiscard]] static Subscription* next_with_credit(Queue& queue);
  void settle(const Held& held);
  void dead_letter(const Queue& from, const Content& content);

  // Never iterated: a run of the simulator must not depend on the order of a hash table or of addresses.
  std::unordered_map<std::string, Keys> exchanges_;
  std::unordered_map<std::string, std::unique_ptr<Queue>> queues_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Channel>> channels_;
  std::vector<Queue*> in_declared_order_;
  std::size_t max_queue_bytes_;
  std::size_t full_queues_ = 0;
  std::uint64_t last_channel_ = 0;
};

}  // namespace waybill::inprocess
