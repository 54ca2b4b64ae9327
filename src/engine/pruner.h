// Removes finished rows that are old enough, in small batches. Not after a clock step: a clock that jumped forward
// makes every row look old (protocol, section 2). Lives on the loop.
#pragma once

#include <memory>

#include "base/loop.h"
#include "engine/log_health.h"
#include "engine/options.h"
#include "ports/log_lane.h"
#include "ports/metrics.h"

namespace waybill {

class Pruner {
 public:
  Pruner(Loop& loop, LogLane& lane, const LogHealth& health, const EngineOptions& options, Metrics& metrics);
  ~Pruner() { *alive_ = false; }
  Pruner(const Pruner&) = delete;
  Pruner& operator=(const Pruner&) = delete;

  void start();
  void stop();

  /// True for a day after a step of the log's clock.
  [[nodiscard]] static bool must_wait(const LogHealth& health, MonoTime now);

 private:
  static constexpr Duration kEvery{60'000};
  static constexpr Duration kBetweenBatches{100};
  static constexpr Duration kAfterStep = std::chrono::hours(24);
  static constexpr int kBatch = 1'000;
  void prune();

  Loop& loop_;
  LogLane& lane_;
  const LogHealth& health_;
  const EngineOptions& options_;
  Metrics& metrics_;
  Timer timer_;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // answers after the end find it false
};

}  // namespace waybill
