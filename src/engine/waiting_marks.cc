#include "engine/waiting_marks.h"

#include <utility>

namespace waybill {

void WaitingMarks::add(MarkSent mark, MonoTime now) {
  order_.push_back({mark.id.value, mark.publish_number, now + hold_});
  const std::string id = mark.id.value;
  marks_.insert_or_assign(id, std::move(mark));
}

std::optional<WallTime> WaitingMarks::withdraw(const MessageId& id, std::int64_t publish_number) {
  const auto found = marks_.find(id.value);
  if (found == marks_.end() || found->second.publish_number != publish_number) return std::nullopt;
  const WallTime confirmed = found->second.confirm_time;
  marks_.erase(found);
  return confirmed;
}

void WaitingMarks::take_first(std::vector<MarkSent>& marks) {
  const Place first = std::move(order_.front());
  order_.pop_front();
  const auto found = marks_.find(first.id);
  if (found == marks_.end() || found->second.publish_number != first.publish_number) return;
  marks.push_back(std::move(found->second));
  marks_.erase(found);
}

std::vector<MarkSent> WaitingMarks::take_due(MonoTime now) {
  std::vector<MarkSent> due;
  while (!order_.empty() && (order_.front().due <= now || marks_.size() > most_)) take_first(due);
  return due;
}

std::vector<MarkSent> WaitingMarks::take_all() {
  std::vector<MarkSent> all;
  while (!order_.empty()) take_first(all);
  return all;
}

std::optional<MonoTime> WaitingMarks::next_due() const {
  if (marks_.empty()) return std::nullopt;
  return order_.front().due;
}

}  // namespace waybill
