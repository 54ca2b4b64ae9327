#include "broker/inprocess/sessions.h"

#include <utility>
#include <vector>

namespace waybill::inprocess {

// ---- publishing ---------------------------------------------------------------------------------------------------

InProcessPublisher::InProcessPublisher(std::shared_ptr<SharedState> state, PublishEvents& events)
    : state_(std::move(state)), mailbox_(std::make_shared<PublishMailbox>(state_->loop, events)) {
  const std::lock_guard lock(state_->mutex);
  mailbox_->put(PublishReady{});
  if (state_->blocked) mailbox_->put(why_blocked(state_->core));
  state_->publishers.push_back(mailbox_);
}

InProcessPublisher::~InProcessPublisher() {
  {
    const std::lock_guard lock(state_->mutex);
    std::erase(state_->publishers, mailbox_);
  }
  mailbox_->close();
}

bool InProcessPublisher::publish(std::span<const Outgoing> batch) {
  std::vector<ContentPtr> contents;  // copied before the lock is taken
  contents.reserve(batch.size());
  for (const Outgoing& out : batch) {
    contents.push_back(
        std::make_shared<const Content>(Content{out.route, out.id.value, out.content_type, out.headers, out.body}));
  }
  Acked acked;
  acked.tags.reserve(batch.size());
  const std::lock_guard lock(state_->mutex);
  if (state_->blocked) return false;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const PublishTag tag = batch[i].tag;
    switch (state_->core.publish(std::move(contents[i]))) {
      case Routing::kQueued:
        break;
      case Routing::kNoRoute:
        mailbox_->put(Returned{tag, 312, "NO_ROUTE"});
        break;
      case Routing::kNoExchange:
        mailbox_->put(Returned{tag, 404, "NOT_FOUND"});
        break;
    }
    acked.tags.push_back(tag);
  }
  if (!acked.tags.empty()) mailbox_->put(std::move(acked));
  state_->tell_if_blocked_changed();
  return true;
}

// ---- consuming ----------------------------------------------------------------------------------------------------

InProcessConsumer::InProcessConsumer(std::shared_ptr<SharedState> state, ConsumeEvents& events)
    : state_(std::move(state)), mailbox_(std::make_shared<ConsumeMailbox>(state_->loop, events)) {
  const std::lock_guard lock(state_->mutex);
  channel_ = state_->core.open(*this);
  epoch_ = ++state_->last_epoch;
  mailbox_->put(ConsumeReady{});
}

InProcessConsumer::~InProcessConsumer() {
  // Silence first: what is put back must not be in a listener's hands at the same time.
  mailbox_->close();
  const std::lock_guard lock(state_->mutex);
  state_->core.close(channel_);
}

void InProcessConsumer::subscribe(const QueueName& queue, int prefetch) {
  const std::lock_guard lock(state_->mutex);
  if (state_->core.subscribe(channel_, queue, prefetch)) return;
  mailbox_->put(Cancelled{queue, "NOT_FOUND: no queue '" + queue.value + "'"});
}

void InProcessConsumer::cancel(const QueueName& queue) {
  const std::lock_guard lock(state_->mutex);
  state_->core.cancel(channel_, queue);
}

void InProcessConsumer::ack(DeliveryTag tag, bool multiple) {
  if (tag.epoch != epoch_) return;
  const std::lock_guard lock(state_->mutex);
  state_->core.ack(channel_, tag.number, multiple);
  state_->tell_if_blocked_changed();
}

void InProcessConsumer::requeue(DeliveryTag tag) {
  if (tag.epoch != epoch_) return;
  const std::lock_guard lock(state_->mutex);
  state_->core.requeue(channel_, tag.number);
}

void InProcessConsumer::reject(DeliveryTag tag) {
  if (tag.epoch != epoch_) return;
  const std::lock_guard lock(state_->mutex);
  state_->core.reject(channel_, tag.number);
  state_->tell_if_blocked_changed();
}

void InProcessConsumer::deliver(std::uint64_t number, const QueueName& queue, const QueueEntry& entry) {
  const Content& content = *entry.content;
  mailbox_->put(Delivered{Delivery{DeliveryTag{epoch_, number}, queue, content.route, content.id, content.content_type,
                                   content.headers, content.body, entry.redelivered}});
}

}  // namespace waybill::inprocess
