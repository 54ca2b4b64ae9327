// Observations counted in buckets, without a lock: the library's histogram takes a mutex for each
// (docs/adr/0007-metrics.md).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "ports/metrics.h"

namespace waybill {

/// Any thread. Aligned, so that threads which observe different things do not share a cache line.
class alignas(64) Distribution {
 public:
  struct Snapshot {
    std::array<std::uint64_t, kBucketsMax + 1> counts{};  ///< of each bucket alone; the last one used is the unbounded
    std::uint64_t count = 0;                              ///< their sum
    double sum = 0;                                       ///< of the values; may be an observation ahead or behind
  };

  /// A value belongs to the first bucket whose bound it does not exceed. `bounds`: rising, always the same, at most
  /// kBucketsMax.
  void observe(std::span<const double> bounds, double value);
  [[nodiscard]] Snapshot snapshot() const;

 private:
  std::array<std::atomic<std::uint64_t>, kBucketsMax + 1> counts_{};
  std::atomic<double> sum_{0};
};

}  // namespace waybill
