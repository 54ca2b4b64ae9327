#include "engine/log_health.h"

#include <algorithm>

namespace waybill {
namespace {

constexpr Duration kStep{1'000};
/// What two clocks may drift apart between answers, and what rounding to milliseconds adds.
constexpr Duration kDrift{2};

Duration since_epoch(MonoTime time) { return std::chrono::floor<Duration>(time.time_since_epoch()); }

}  // namespace

void LogHealth::on_sent(MonoTime sent) {
  const std::lock_guard lock(mutex_);
  under_way_since_ = sent;
}

void LogHealth::gap(MonoTime now) { answering_since_ = now; }

// Two answers disagree about the clock only if the intervals in which its reading may lie are apart: a slow flush says
// little, and is no step.
void LogHealth::on_answer(MonoTime sent, MonoTime answered, WallTime store_now) {
  const std::lock_guard lock(mutex_);
  under_way_since_.reset();
  if (is_slow(sent, answered) || !answering_since_) gap(answered);
  const Duration store = store_now.time_since_epoch();
  Offset seen{store - since_epoch(answered), store - since_epoch(sent)};
  if (offset_) {
    const Offset known{offset_->least - kDrift, offset_->most + kDrift};
    const bool apart = seen.least - known.most > kStep || known.least - seen.most > kStep;
    if (apart) {
      // By the new clock every lease may seem to have passed: renewals first, for a whole lease.
      last_step_ = answered;
      gap(answered);
    } else if (seen.least <= known.most && known.least <= seen.most) {
      seen = {std::max(seen.least, known.least), std::min(seen.most, known.most)};
    }
  }
  offset_ = seen;
}

void LogHealth::on_failure() {
  const std::lock_guard lock(mutex_);
  under_way_since_.reset();
  answering_since_.reset();
}

bool LogHealth::answering(MonoTime now) const {
  const std::lock_guard lock(mutex_);
  return answering_since_ && !(under_way_since_ && is_slow(*under_way_since_, now));
}

bool LogHealth::may_lapse(MonoTime now) const {
  const std::lock_guard lock(mutex_);
  return answering_since_ && now - *answering_since_ >= lease_;
}

WallTime LogHealth::store_now(MonoTime now) const {
  const std::lock_guard lock(mutex_);
  return offset_ ? WallTime{since_epoch(now) + offset_->most} : fallback_.now();
}

std::optional<MonoTime> LogHealth::last_step() const {
  const std::lock_guard lock(mutex_);
  return last_step_;
}

}  // namespace waybill
