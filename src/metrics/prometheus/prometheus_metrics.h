// Counts and measures for Prometheus. What happens per message is one or two atomic additions into arrays; names and
// labels are looked up only when somebody collects the page (docs/adr/0007-metrics.md, docs/metrics.md).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "metrics/prometheus/distribution.h"
#include "ports/metrics.h"

namespace waybill {

struct BuildInfo {
  std::string version;
  WallTime started{};  ///< of this process
};

/// Any thread. Nothing is ever reset: a collector sees a restart by smaller numbers.
class PrometheusMetrics final : public Metrics, public MetricsPage {
 public:
  explicit PrometheusMetrics(BuildInfo build) : build_(std::move(build)) {}

  using Metrics::observe;
  void add(Count what, std::uint64_t times) override;
  void observe(Measure what, double value) override;
  /// Text exposition format, version 0.0.4. The counts are read one after the other, not all at one moment.
  [[nodiscard]] std::string render(const std::optional<LogStats>& stats) override;

  /// Before the first page: how the mail relays are looked at, whenever a page is asked for. Any thread.
  using LookAtRelays = std::function<std::vector<RelayFigures>()>;
  void watch_relays(LookAtRelays look) { look_at_relays_ = std::move(look); }

 private:
  struct alignas(64) Counter {
    std::atomic<std::uint64_t> value{0};
  };

  const BuildInfo build_;
  LookAtRelays look_at_relays_;  // null: there are none
  std::array<Counter, kCounts> counts_;
  std::array<Distribution, kMeasures> measures_;
};

}  // namespace waybill
