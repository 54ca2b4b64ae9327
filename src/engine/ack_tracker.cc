#include "engine/ack_tracker.h"

#include <iterator>

namespace waybill {

void AckTracker::finish(DeliveryTag tag) {
  if (tag.epoch == epoch_ && outstanding_.erase(tag.number) > 0) finished_.insert(tag.number);
}

void AckTracker::forget(DeliveryTag tag) {
  if (tag.epoch == epoch_) outstanding_.erase(tag.number);
}

void AckTracker::reset(std::uint64_t epoch) {
  epoch_ = epoch;
  outstanding_.clear();
  finished_.clear();
}

std::vector<AckTracker::Ack> AckTracker::take_acks() {
  std::vector<Ack> acks;
  const auto first_open = outstanding_.empty() ? finished_.end() : finished_.lower_bound(*outstanding_.begin());
  if (first_open != finished_.begin()) acks.push_back({DeliveryTag{epoch_, *std::prev(first_open)}, true});
  for (auto beyond = first_open; beyond != finished_.end(); ++beyond) {
    acks.push_back({DeliveryTag{epoch_, *beyond}, false});
  }
  finished_.clear();
  return acks;
}

}  // namespace waybill
