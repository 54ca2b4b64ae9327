#include "broker/inprocess/message_queue.h"

#include <algorithm>
#include <utility>

namespace waybill::inprocess {
namespace {

/// Where a queue that was full takes messages again: low enough that publishers do not stop and go for every message.
constexpr std::size_t low_water(std::size_t bound) { return bound - bound / 5 - (bound < 5 ? 1 : 0); }

}  // namespace

std::size_t Content::bytes() const {
  std::size_t sum = sizeof(Content) + id.size() + content_type.size() + body.size();
  for (const auto& [name, value] : headers) sum += name.size() + value.size();
  return sum;
}

MessageQueue::MessageQueue(QueueDeclaration declaration, std::size_t max_bytes)
    : declaration_(std::move(declaration)), max_bytes_(max_bytes) {}

bool MessageQueue::reaches_bound(std::size_t messages, std::size_t bytes) const {
  return messages >= declaration_.max_messages || bytes >= max_bytes_;
}

bool MessageQueue::has_room_for(const Content& content) const {
  return !full_ && !reaches_bound(messages_ + 1, bytes_ + content.bytes());
}

void MessageQueue::push(ContentPtr content, bool redelivered) {
  messages_ += 1;
  bytes_ += content->bytes();
  full_ = full_ || reaches_bound(messages_, bytes_);
  waiting_.push_back(QueueEntry{next_position_++, std::move(content), redelivered});
}

QueueEntry MessageQueue::take() {
  QueueEntry entry = std::move(waiting_.front());
  waiting_.pop_front();
  return entry;
}

void MessageQueue::put_back(QueueEntry entry) {
  entry.redelivered = true;
  const auto place =
      std::lower_bound(waiting_.begin(), waiting_.end(), entry.position,
                       [](const QueueEntry& other, std::uint64_t position) { return other.position < position; });
  waiting_.insert(place, std::move(entry));
}

void MessageQueue::settle(const QueueEntry& entry) { discount(*entry.content); }

std::size_t MessageQueue::purge() {
  const auto dropped = waiting_.size();
  for (const QueueEntry& entry : waiting_) discount(*entry.content);
  waiting_.clear();
  return dropped;
}

void MessageQueue::discount(const Content& content) {
  messages_ -= 1;
  bytes_ -= content.bytes();
  if (messages_ <= low_water(declaration_.max_messages) && bytes_ <= low_water(max_bytes_)) full_ = false;
}

}  // namespace waybill::inprocess
