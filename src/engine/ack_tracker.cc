#include "engine/ack_tracker.h"

namespace waybill {

void AckTracker::on_delivery(DeliveryTag tag) {
  if (tag.epoch != epoch_) return;
  if (states_.empty()) first_ = tag.number;
  if (tag.number < first_ + states_.size()) return;
  // Numbers between were answered before they were told here.
  states_.resize(static_cast<std::size_t>(tag.number - first_), State::kAnswered);
  states_.push_back(State::kOpen);
  ++open_;
}

AckTracker::State* AckTracker::find(DeliveryTag tag) {
  if (tag.epoch != epoch_ || tag.number < first_ || tag.number - first_ >= states_.size()) return nullptr;
  return &states_[static_cast<std::size_t>(tag.number - first_)];
}

void AckTracker::finish(DeliveryTag tag) {
  State* const state = find(tag);
  if (state == nullptr || *state != State::kOpen) return;
  *state = State::kFinished;
  --open_;
  ++finished_;
}

void AckTracker::forget(DeliveryTag tag) {
  State* const state = find(tag);
  if (state == nullptr || *state != State::kOpen) return;
  *state = State::kAnswered;
  --open_;
}

void AckTracker::reset(std::uint64_t epoch) {
  epoch_ = epoch;
  states_.clear();
  open_ = 0;
  finished_ = 0;
}

std::vector<AckTracker::Ack> AckTracker::take_acks() {
  std::vector<Ack> acks;
  for (; !states_.empty() && states_.front() != State::kOpen; ++first_) {
    if (states_.front() == State::kFinished) acks = {{DeliveryTag{epoch_, first_}, true}};
    finished_ -= states_.front() == State::kFinished ? 1 : 0;
    states_.pop_front();
  }
  for (std::size_t i = 0; finished_ > 0; ++i) {
    if (states_[i] != State::kFinished) continue;
    acks.push_back({DeliveryTag{epoch_, first_ + i}, false});
    states_[i] = State::kAnswered;
    --finished_;
  }
  return acks;
}

}  // namespace waybill
