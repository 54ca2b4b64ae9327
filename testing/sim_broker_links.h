// One session of the simulated broker: both its ends and the wire between them. A link outlives its session object,
// because what is on the wire still arrives.
//
// A session has lives: each break ends one, the next connection begins another. The server knows of a break at once,
// the node hears of it later; what either end sends in a life that is over is lost, except publishes that were on the
// wire, which by a coin's toss are still read unless the broker itself went down.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "testing/sim_broker.h"

namespace waybill {

class SimLink : public std::enable_shared_from_this<SimLink> {
 public:
  SimLink(const SimLink&) = delete;
  SimLink& operator=(const SimLink&) = delete;
  virtual ~SimLink() = default;

  [[nodiscard]] const SimNode& node() const { return node_; }
  /// Begins the next life after the time that takes, if the broker is up then.
  void connect_soon();
  /// The broker is gone: nothing runs any more.
  void abandon() { open_ = up_ = false; }

 protected:
  using Delay = SimBrokerFaults::Delay;

  SimLink(SimBroker& broker, SimNode& node) : broker_(broker), node_(node) {}
  virtual void connect() = 0;

  [[nodiscard]] Delay latency();
  /// Runs `action(self)` at the server after everything that was sent there before.
  template <class Self, class Action>
  void send_to_server(Self& self, Action action) {
    last_at_server_ = std::max(last_at_server_, server().now() + latency());
    server().call_at(last_at_server_,
                     [link = shared_from_this(), &self, action = std::move(action)]() mutable { action(self); });
  }
  /// Runs `action(self)` at the server in a while, whatever else is sent.
  template <class Self, class Action>
  void do_later(Self& self, Delay delay, Action action) {
    server().call_at(server().now() + delay,
                     [link = shared_from_this(), &self, action = std::move(action)]() mutable { action(self); });
  }
  /// Runs `event(self)` at the node after everything that was sent there before, if this life lasts until then.
  template <class Self, class Event>
  void send_to_node(Self& self, Delay delay, Event event) {
    last_at_node_ = std::max(last_at_node_, server().now() + delay);
    node_.call_at(last_at_node_, [link = shared_from_this(), &self, life = life_, event = std::move(event)]() mutable {
      if (link->open_ && link->life_ == life) event(self);
    });
  }

  SimBroker& broker_;
  SimNode& node_;
  std::uint64_t life_ = 1;       // the one that is or will be next
  std::uint64_t node_life_ = 0;  // the one the node believes in; 0: it knows that it has none
  bool up_ = false;              // connected, as the server sees it
  bool open_ = true;             // the session object exists and its node is alive

 private:
  [[nodiscard]] SimNode& server();

  MonoTime last_at_server_{};
  MonoTime last_at_node_{};
};

class SimPublisherLink final : public SimLink {
 public:
  SimPublisherLink(SimBroker& broker, SimNode& node, PublishEvents& events) : SimLink(broker, node), events_(events) {}

  // The node's end.
  [[nodiscard]] bool publish(std::span<const Outgoing> batch);
  void close();

  // The server's end.
  void drop(const std::string& reason);
  void crash();
  void tell_blocked(bool blocked);
  /// Goes on reading what arrived while the broker was blocked.
  void read_held();

 private:
  struct Item {
    PublishTag tag;
    inprocess::ContentPtr content;
  };
  struct Batch {
    std::uint64_t life;
    std::vector<Item> items;
  };
  struct Answers {
    std::vector<std::pair<PublishTag, int>> returned;
    std::vector<PublishTag> acked;
    std::vector<PublishTag> nacked;
  };

  void connect() override;
  void arrive(Batch batch);
  [[nodiscard]] bool readable(std::uint64_t life) const;
  void read(const Batch& batch);
  void read(const Item& item, std::uint64_t life, Answers& answers);
  void enqueue(const Item& item, std::uint64_t life, Answers& answers);
  void read_later(const Item& item, std::uint64_t life);
  void ack_later(PublishTag tag, std::uint64_t life);
  void answer(std::uint64_t life, Answers answers);
  void doom(std::uint64_t life);

  PublishEvents& events_;
  bool ready_ = false;   // as the node sees it
  bool undead_ = false;  // what is on the wire of the life before is still read
  std::deque<Batch> held_;
  PublishTag last_read_ = 0;
  PublishTag last_acked_ = 0;
};

class SimConsumerLink final : public SimLink, public inprocess::DeliverySink {
 public:
  SimConsumerLink(SimBroker& broker, SimNode& node, ConsumeEvents& events) : SimLink(broker, node), events_(events) {}

  // The node's end.
  void subscribe(const QueueName& queue, int prefetch);
  void cancel(const QueueName& queue);
  void ack(DeliveryTag tag, bool multiple);
  void requeue(DeliveryTag tag);
  void reject(DeliveryTag tag);
  void close();

  // The server's end.
  void drop(const std::string& reason);
  void crash();
  void end_subscription(const QueueName& queue);

 private:
  /// Runs `verb(core, channel)` at the server if the life is still the same then.
  template <class Verb>
  void call_core(Verb verb);

  void connect() override;
  void close_channel();
  void deliver(std::uint64_t number, const QueueName& queue, const inprocess::QueueEntry& entry) override;

  ConsumeEvents& events_;
  std::optional<inprocess::ChannelId> channel_;
};

}  // namespace waybill
