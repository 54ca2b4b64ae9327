#include "engine/log_health.h"

namespace waybill {
namespace {

constexpr Duration kStep{1'000};

}  // namespace

WallTime LogHealth::estimate(MonoTime now) const {
  if (!anchor_mono_) return fallback_.now();
  return anchor_store_ + std::chrono::duration_cast<Duration>(now - *anchor_mono_);
}

void LogHealth::on_answer(MonoTime sent, MonoTime answered, WallTime store_now) {
  const std::lock_guard lock(mutex_);
  const bool slow = answered - sent > lease_ / 3;
  if (slow || !answering_since_) answering_since_ = answered;
  // A slow flush says little about when the store read its clock; a step is judged by quick ones.
  if (!slow && anchor_mono_) {
    const auto drift = store_now - estimate(answered);
    if (drift > kStep || drift < -kStep) {
      // By the new clock every lease may seem to have passed: renewals first, for a whole lease.
      last_step_ = answered;
      answering_since_ = answered;
    }
  }
  anchor_mono_ = answered;
  anchor_store_ = store_now;
}

void LogHealth::on_failure() {
  const std::lock_guard lock(mutex_);
  answering_since_.reset();
}

bool LogHealth::answering() const {
  const std::lock_guard lock(mutex_);
  return answering_since_.has_value();
}

bool LogHealth::may_lapse(MonoTime now) const {
  const std::lock_guard lock(mutex_);
  return answering_since_ && now - *answering_since_ >= lease_;
}

WallTime LogHealth::store_now(MonoTime now) const {
  const std::lock_guard lock(mutex_);
  return estimate(now);
}

std::optional<MonoTime> LogHealth::last_step() const {
  const std::lock_guard lock(mutex_);
  return last_step_;
}

}  // namespace waybill
