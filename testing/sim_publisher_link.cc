#include "testing/sim_broker_links.h"

namespace waybill {

using inprocess::Routing;

// ---- the node's end -----------------------------------------------------------------------------------------------

bool SimPublisherLink::publish(std::span<const Outgoing> batch) {
  if (!ready_) return false;
  Batch sent{node_life_, {}};
  sent.items.reserve(batch.size());
  for (const Outgoing& out : batch) {
    sent.items.push_back({out.tag, std::make_shared<const inprocess::Content>(inprocess::Content{
                                       out.route, out.id.value, out.content_type, out.headers, out.body})});
  }
  send_to_server(*this, [sent = std::move(sent)](SimPublisherLink& self) mutable { self.arrive(std::move(sent)); });
  return true;
}

void SimPublisherLink::close() {
  if (!open_) return;
  open_ = false;
  send_to_server(*this, [](SimPublisherLink& self) { self.broker_.forget(self); });
}

// ---- life and death -----------------------------------------------------------------------------------------------

void SimPublisherLink::connect() {
  if (up_ || !open_ || !broker_.up_) return;
  up_ = true;
  last_read_ = last_acked_ = 0;
  send_to_node(*this, latency(), [](SimPublisherLink& self) {
    self.node_life_ = self.life_;
    self.ready_ = true;
    self.events_.on_publish_ready();
  });
  if (broker_.told_blocked_) tell_blocked(true);
}

void SimPublisherLink::tell_blocked(bool blocked) {
  if (!up_ || !open_) return;
  if (blocked) broker_.count(SimBrokerFault::kBlocked);
  send_to_node(*this, latency(), [blocked](SimPublisherLink& self) {
    self.ready_ = !blocked;
    if (blocked) {
      self.events_.on_blocked("the broker is blocked");
    } else {
      self.events_.on_publish_ready();
    }
  });
}

void SimPublisherLink::drop(const std::string& reason) {
  if (!up_) return;
  up_ = false;
  life_ += 1;
  undead_ = broker_.up_ && broker_.chance(0.5);
  if (!open_) return;
  broker_.count(SimBrokerFault::kPublisherDown);
  send_to_node(*this, broker_.draw(broker_.faults_.notice), [reason](SimPublisherLink& self) {
    const bool had_heard = std::exchange(self.node_life_, 0) != 0;
    self.ready_ = false;
    self.connect_soon();
    if (had_heard) self.events_.on_publish_down(reason);  // otherwise it was never told that it was ready
  });
}

void SimPublisherLink::crash() {
  if (!open_) return;
  open_ = false;
  broker_.count(SimBrokerFault::kNodeCrash);
  drop("node crashed");
  do_later(*this, broker_.draw(broker_.faults_.crash), [](SimPublisherLink& self) { self.broker_.forget(self); });
}

// ---- the server's end ---------------------------------------------------------------------------------------------

bool SimPublisherLink::readable(std::uint64_t life) const {
  if (!broker_.up_) return false;
  return (up_ && life == life_) || (undead_ && life + 1 == life_);
}

void SimPublisherLink::arrive(Batch batch) {
  if (!readable(batch.life)) return;
  if (broker_.blocked()) {
    held_.push_back(std::move(batch));
  } else {
    read(batch);
  }
}

void SimPublisherLink::read_held() {
  while (!held_.empty() && !broker_.blocked()) {
    const Batch batch = std::move(held_.front());
    held_.pop_front();
    if (readable(batch.life)) read(batch);
  }
}

void SimPublisherLink::read(const Batch& batch) {
  Answers answers;
  answers.acked.reserve(batch.items.size());
  for (const Item& item : batch.items) read(item, batch.life, answers);
  answer(batch.life, std::move(answers));
  broker_.tell_if_blocked_changed();
}

void SimPublisherLink::read(const Item& item, std::uint64_t life, Answers& answers) {
  const SimBrokerFaults& faults = broker_.faults_;
  if (broker_.chance(faults.lose_publish)) {
    broker_.count(SimBrokerFault::kLostPublish);
    doom(life);
  } else if (broker_.chance(faults.nack)) {
    broker_.count(SimBrokerFault::kNacked);
    answers.nacked.push_back(item.tag);
  } else if (broker_.chance(faults.reorder_publish)) {
    read_later(item, life);
  } else {
    enqueue(item, life, answers);
  }
}

void SimPublisherLink::read_later(const Item& item, std::uint64_t life) {
  do_later(*this, broker_.draw(broker_.faults_.reordering), [item, life](SimPublisherLink& self) {
    if (!self.readable(life)) return;
    if (self.last_read_ > item.tag) self.broker_.count(SimBrokerFault::kReorderedPublish);
    Answers answers;
    self.enqueue(item, life, answers);
    self.answer(life, std::move(answers));
    self.broker_.tell_if_blocked_changed();
  });
}

void SimPublisherLink::enqueue(const Item& item, std::uint64_t life, Answers& answers) {
  const bool lost = broker_.chance(broker_.faults_.ack_what_it_loses);
  const Routing routing = lost ? broker_.core_->routing(item.content->route) : broker_.core_->publish(item.content);
  last_read_ = std::max(last_read_, item.tag);
  if (lost && routing == Routing::kQueued) broker_.count(SimBrokerFault::kAckedWhatItLost);
  if (life != life_ && routing == Routing::kQueued) broker_.count(SimBrokerFault::kUndeadPublish);
  if (broker_.chance(broker_.faults_.lose_answer)) {
    broker_.count(SimBrokerFault::kLostAnswer);
    doom(life);
    return;
  }
  if (routing != Routing::kQueued) {
    const bool no_exchange = routing == Routing::kNoExchange;
    broker_.count(no_exchange ? SimBrokerFault::kMissingExchange : SimBrokerFault::kUnroutable);
    answers.returned.emplace_back(item.tag, no_exchange ? 404 : 312);
  }
  if (broker_.chance(broker_.faults_.reorder_confirm)) {
    ack_later(item.tag, life);
  } else {
    answers.acked.push_back(item.tag);
  }
}

void SimPublisherLink::ack_later(PublishTag tag, std::uint64_t life) {
  do_later(*this, broker_.draw(broker_.faults_.reordering), [tag, life](SimPublisherLink& self) {
    if (!self.up_ || self.life_ != life) return;
    if (self.last_acked_ > tag) self.broker_.count(SimBrokerFault::kReorderedConfirm);
    self.answer(life, Answers{{}, {tag}, {}});
  });
}

void SimPublisherLink::answer(std::uint64_t life, Answers answers) {
  if (!up_ || life != life_) return;
  if (answers.acked.empty() && answers.nacked.empty() && answers.returned.empty()) return;
  for (const PublishTag tag : answers.acked) last_acked_ = std::max(last_acked_, tag);
  send_to_node(*this, latency(), [answers = std::move(answers)](SimPublisherLink& self) mutable {
    for (const auto& [tag, code] : answers.returned) {
      self.events_.on_returned(tag, code, code == 404 ? "NOT_FOUND" : "NO_ROUTE");
      if (!self.open_) return;
    }
    if (answers.acked.empty() && answers.nacked.empty()) return;
    self.events_.on_confirmed(std::move(answers.acked), std::move(answers.nacked));
  });
}

void SimPublisherLink::doom(std::uint64_t life) {
  do_later(*this, broker_.draw(broker_.faults_.doubt), [life](SimPublisherLink& self) {
    if (self.life_ == life) self.drop("no answer");
  });
}

}  // namespace waybill
