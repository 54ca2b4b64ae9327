// How many things happened in each tenth of a second of a run.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"

namespace waybill::bench {

/// Any thread may add; the rest once nothing is added any more.
class RateCurve {
 public:
  static constexpr Duration kSlot{100};

  /// Of a run that begins now and lasts no longer than `longest`; what comes later counts into the last slot.
  explicit RateCurve(Duration longest);

  void begin(MonoTime when) { begin_ = when; }
  void add(MonoTime when);

  /// Since begin(), to the precision of a slot: when the first slot ended in which something happened.
  [[nodiscard]] std::optional<Duration> first() const;
  /// … when the first one ended in which at least `share` of the usual number happened: the median of those from the
  /// first to the last with anything.
  [[nodiscard]] std::optional<Duration> reached(double share) const;

 private:
  MonoTime begin_ = std::chrono::steady_clock::now();
  std::vector<std::atomic<std::uint32_t>> slots_;
};

}  // namespace waybill::bench
