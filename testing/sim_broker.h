// A broker for the simulator: the core of the in-process broker as a server that every node reaches over a slow and
// unreliable network, on virtual time. All chance comes from the generator handed in, so a run is a function of its
// seed. Without faults it keeps the contract of the port.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "broker/inprocess/broker_core.h"
#include "ports/broker.h"
#include "testing/sim_broker_faults.h"
#include "testing/sim_loop.h"

namespace waybill {

class SimLink;
class SimPublisherLink;
class SimConsumerLink;

/// The server. Not thread-safe. The world outlives it; it outlives the brokers it hands out and their sessions.
class SimBroker {
 public:
  /// What survives while the broker is down.
  enum class Memory { kKept, kWiped };

  SimBroker(SimWorld& world, std::mt19937_64& random);
  ~SimBroker();
  SimBroker(const SimBroker&) = delete;
  SimBroker& operator=(const SimBroker&) = delete;

  /// The adapter of one node. Its sessions hear events on the node's loop; when the node is killed they fall silent at
  /// once, and their deliveries are queued again once the broker notices.
  [[nodiscard]] std::unique_ptr<Broker> attach(SimNode& node);

  [[nodiscard]] SimBrokerFaults& faults() { return faults_; }
  [[nodiscard]] const SimBrokerCounts& counts() const { return counts_; }
  /// Null if there is no such queue.
  [[nodiscard]] const inprocess::MessageQueue* find(const QueueName& queue) const { return core_->find(queue); }
  [[nodiscard]] bool up() const { return up_; }

  // Faults that last until they are undone. Doing or undoing one twice changes nothing.
  /// Publishes are read no more; they stay on the wire.
  void block();
  void unblock();
  /// Every binding of the route disappears; `rebind` restores what was ever declared for it.
  void unbind(const Route& route);
  void rebind(const Route& route);
  void remove_exchange(const std::string& exchange);
  void restore_exchange(const std::string& exchange);
  /// All sessions break; nothing answers.
  void stop();
  /// With its topology; all unacknowledged deliveries are queued again, or nothing is left of any message.
  void start(Memory memory);

  // Faults of a moment.
  /// Breaks all publishing sessions, or those of one node.
  void drop_publishers(const SimNode* node = nullptr);
  void drop_consumers(const SimNode* node = nullptr);
  /// Drops what waits in the queue; returns how many.
  std::size_t purge(const QueueName& queue);
  /// Ends the queue's subscriptions of all sessions.
  void cancel_consumers(const QueueName& queue);

 private:
  // The parts of this component, in files of their own.
  friend class SimBrokerPort;
  friend class SimLink;
  friend class SimPublisherLink;
  friend class SimConsumerLink;

  [[nodiscard]] Status declare(const Topology& topology);
  void node_crashed(const SimNode& node);
  void forget(const SimPublisherLink& link);
  void forget(const SimConsumerLink& link);

  [[nodiscard]] bool blocked() const { return held_back_ || core_->blocked(); }
  void tell_if_blocked_changed();

  [[nodiscard]] bool chance(double probability);
  [[nodiscard]] SimBrokerFaults::Delay draw(const SimBrokerFaults::Range& range);
  void count(SimBrokerFault fault) { counts_.add(fault); }

  SimWorld& world_;
  std::mt19937_64& random_;
  SimNode& server_;
  SimBrokerFaults faults_;
  SimBrokerCounts counts_;
  Topology declared_;  // all that ever was, so that it can come back
  std::unique_ptr<inprocess::BrokerCore> core_;
  std::vector<std::shared_ptr<SimPublisherLink>> publishers_;
  std::vector<std::shared_ptr<SimConsumerLink>> consumers_;
  bool up_ = true;
  bool held_back_ = false;     // by block()
  bool told_blocked_ = false;  // what the publishers were told
};

}  // namespace waybill
