// What an instance knows of its log from the log's own answers: what time it is there, and whether it has answered long
// enough without a gap for leases to be ended (protocol, section 5). Any thread.
#pragma once

#include <mutex>
#include <optional>

#include "base/time.h"

namespace waybill {

class LogHealth {
 public:
  /// `lease`: after a gap no lease is ended until the log has answered for a whole one. `fallback` is the time until
  /// the first answer.
  LogHealth(Duration lease, const WallClock& fallback) : lease_(lease), fallback_(fallback) {}

  /// A flush is on its way.
  void on_sent(MonoTime sent);
  /// A flush sent at `sent` was answered at `answered`; the store read its clock somewhere between. One slower than a
  /// third of a lease is a gap, and so is a step of the store's clock.
  void on_answer(MonoTime sent, MonoTime answered, WallTime store_now);
  /// A flush failed: a gap begins.
  void on_failure();

  /// False after a failure, and while a flush takes longer than a third of a lease.
  [[nodiscard]] bool answering(MonoTime now) const;
  /// True when leases that have passed may be ended.
  [[nodiscard]] bool may_lapse(MonoTime now) const;
  /// The store's time, carried on by the monotonic clock; never behind it by more than the clocks drift apart.
  [[nodiscard]] WallTime store_now(MonoTime now) const;
  /// When the store's clock last jumped against the monotonic one by more than a second.
  [[nodiscard]] std::optional<MonoTime> last_step() const;

 private:
  /// What the store's clock shows beyond the monotonic one: between these two.
  struct Offset {
    Duration least;
    Duration most;
  };
  [[nodiscard]] bool is_slow(MonoTime sent, MonoTime now) const { return now - sent > lease_ / 3; }
  void gap(MonoTime now);

  const Duration lease_;
  const WallClock& fallback_;
  mutable std::mutex mutex_;
  std::optional<MonoTime> answering_since_;  // guarded by mutex_
  std::optional<MonoTime> under_way_since_;  // guarded by mutex_
  std::optional<Offset> offset_;             // guarded by mutex_
  std::optional<MonoTime> last_step_;        // guarded by mutex_
};

}  // namespace waybill
