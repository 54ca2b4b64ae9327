// Runs the reconciler machine: shares what this instance saw of its queues, and carries out the verdicts. On the loop.
#pragma once

#include <functional>
#include <memory>

#include "base/loop.h"
#include "engine/log_health.h"
#include "engine/reconciler_machine.h"
#include "engine/worker.h"
#include "ports/log_lane.h"

namespace waybill {

class Reconciler {
 public:
  /// `on_driven` is called when rows became due.
  Reconciler(Loop& loop, LogLane& lane, const LogHealth& health, const Worker& worker, const EngineOptions& options,
             Metrics& metrics, bool broker_forgets, std::function<void()> on_driven);
  ~Reconciler() { *alive_ = false; }
  Reconciler(const Reconciler&) = delete;
  Reconciler& operator=(const Reconciler&) = delete;

  void start();
  void stop();

 private:
  void judge_start();
  void round();
  [[nodiscard]] std::vector<QueueSight> sights() const;
  void carry_out(const Lost& verdict, std::function<void(const CountAnswer&)> done);

  Loop& loop_;
  LogLane& lane_;
  const LogHealth& health_;
  const Worker& worker_;
  const EngineOptions& options_;
  Metrics& metrics_;
  const std::function<void()> on_driven_;
  ReconcilerMachine machine_;
  Timer timer_;
  Timer start_timer_;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // answers after the end find it false
};

}  // namespace waybill
