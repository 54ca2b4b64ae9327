// Runs the redeliverer machine: due rows from the log to the publisher, unreadable ones refused. Lives on the loop.
#pragma once

#include <memory>

#include "base/loop.h"
#include "engine/log_health.h"
#include "engine/publisher.h"
#include "engine/redeliverer_machine.h"
#include "ports/log_lane.h"

namespace waybill {

class Redeliverer {
 public:
  Redeliverer(Loop& loop, LogLane& lane, const LogHealth& health, Publisher& publisher, const EngineOptions& options,
              Metrics& metrics);
  ~Redeliverer() { *alive_ = false; }
  Redeliverer(const Redeliverer&) = delete;
  Redeliverer& operator=(const Redeliverer&) = delete;

  void start() { wake(); }
  void stop();
  /// Something may be due, or the publisher has room again.
  void hint();
  /// The worker has handled the crashed row that was taken last.
  void crashed_handled();

 private:
  void wake();
  void on_answer(Result<TakeAnswer> answer, MonoTime asked);
  void tell(const TakeAnswer& answer);
  [[nodiscard]] RedelivererMoment moment() const;

  Loop& loop_;
  LogLane& lane_;
  const LogHealth& health_;
  Publisher& publisher_;
  const EngineOptions& options_;
  Metrics& metrics_;
  RedelivererMachine machine_;
  Timer timer_;
  bool stopped_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // answers after the end find it false
};

}  // namespace waybill
