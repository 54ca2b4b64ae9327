#include "testing/sim_broker_links.h"

namespace waybill {

// ---- the node's end -----------------------------------------------------------------------------------------------

template <class Verb>
void SimConsumerLink::call_core(Verb verb) {
  send_to_server(*this, [life = node_life_, verb = std::move(verb)](SimConsumerLink& self) {
    if (!self.up_ || self.life_ != life) return;
    verb(*self.broker_.core_, *self.channel_);
    self.broker_.tell_if_blocked_changed();
  });
}

void SimConsumerLink::subscribe(const QueueName& queue, int prefetch) {
  if (node_life_ == 0) return;
  send_to_server(*this, [life = node_life_, queue, prefetch](SimConsumerLink& self) {
    if (!self.up_ || self.life_ != life) return;
    if (self.broker_.core_->subscribe(*self.channel_, queue, prefetch)) return;
    self.send_to_node(self, self.latency(), [queue](SimConsumerLink& link) {
      link.events_.on_cancelled(queue, "NOT_FOUND: no queue '" + queue.value + "'");
    });
  });
}

void SimConsumerLink::cancel(const QueueName& queue) {
  if (node_life_ == 0) return;
  call_core([queue](inprocess::BrokerCore& core, inprocess::ChannelId channel) { core.cancel(channel, queue); });
}

void SimConsumerLink::ack(DeliveryTag tag, bool multiple) {
  if (tag.epoch != node_life_) return;
  call_core([number = tag.number, multiple](inprocess::BrokerCore& core, inprocess::ChannelId channel) {
    core.ack(channel, number, multiple);
  });
}

void SimConsumerLink::requeue(DeliveryTag tag) {
  if (tag.epoch != node_life_) return;
  call_core([number = tag.number](inprocess::BrokerCore& core, inprocess::ChannelId channel) {
    core.requeue(channel, number);
  });
}

void SimConsumerLink::reject(DeliveryTag tag) {
  if (tag.epoch != node_life_) return;
  call_core([number = tag.number](inprocess::BrokerCore& core, inprocess::ChannelId channel) {
    core.reject(channel, number);
  });
}

void SimConsumerLink::close() {
  if (!open_) return;
  open_ = false;
  send_to_server(*this, [](SimConsumerLink& self) {
    self.close_channel();
    self.broker_.forget(self);
  });
}

// ---- life and death -----------------------------------------------------------------------------------------------

void SimConsumerLink::connect() {
  if (up_ || !open_ || !broker_.up_) return;
  up_ = true;
  channel_ = broker_.core_->open(*this);
  send_to_node(*this, latency(), [](SimConsumerLink& self) {
    self.node_life_ = self.life_;
    self.events_.on_consume_ready();
  });
}

void SimConsumerLink::drop(const std::string& reason) {
  close_channel();
  if (!up_) return;
  up_ = false;
  life_ += 1;
  if (!open_) return;
  broker_.count(SimBrokerFault::kConsumerDown);
  send_to_node(*this, broker_.draw(broker_.faults_.notice), [reason](SimConsumerLink& self) {
    const bool had_heard = std::exchange(self.node_life_, 0) != 0;
    self.connect_soon();
    if (had_heard) self.events_.on_consume_down(reason);  // otherwise it was never told that it was ready
  });
}

void SimConsumerLink::crash() {
  if (!open_) return;
  open_ = false;
  broker_.count(SimBrokerFault::kNodeCrash);
  // The acknowledgements on the wire are lost or not; the channel stays until the broker notices.
  if (up_ && broker_.chance(0.5)) {
    up_ = false;
    life_ += 1;
  }
  do_later(*this, broker_.draw(broker_.faults_.crash), [](SimConsumerLink& self) {
    self.close_channel();
    self.broker_.forget(self);
  });
}

// ---- the server's end ---------------------------------------------------------------------------------------------

void SimConsumerLink::close_channel() {
  if (!channel_) return;
  const auto put_back = broker_.core_->close(*std::exchange(channel_, std::nullopt));
  for (std::size_t i = 0; i < put_back; ++i) broker_.count(SimBrokerFault::kRedelivered);
}

void SimConsumerLink::end_subscription(const QueueName& queue) {
  if (!up_ || !broker_.core_->cancel(*channel_, queue) || !open_) return;
  broker_.count(SimBrokerFault::kCancelled);
  send_to_node(*this, latency(),
               [queue](SimConsumerLink& self) { self.events_.on_cancelled(queue, "ended by the broker"); });
}

void SimConsumerLink::deliver(std::uint64_t number, const QueueName& queue, const inprocess::QueueEntry& entry) {
  if (!entry.redelivered && broker_.chance(broker_.faults_.duplicate_delivery)) {
    const auto when = broker_.world_.now() + broker_.draw(broker_.faults_.duplicate);
    broker_.server_.call_at(when, [&broker = broker_, queue, content = entry.content] {
      if (broker.up_ && broker.core_->push_again(queue, content)) broker.count(SimBrokerFault::kDuplicateDelivery);
      broker.tell_if_blocked_changed();
    });
  }
  send_to_node(
      *this, latency(),
      [number, queue, content = entry.content, redelivered = entry.redelivered](SimConsumerLink& self) {
        self.events_.on_delivery(Delivery{DeliveryTag{self.life_, number}, queue, content->route, content->id,
                                          content->content_type, content->headers, content->body, redelivered});
      });
}

}  // namespace waybill
