// Waits for SIGTERM, SIGINT and SIGHUP, and for a word from another thread of the process. A SIGHUP that was ignored
// when the process started (nohup) stays so.
#pragma once

#include "base/result.h"

namespace waybill::app {

/// Construct it on the main thread before any other starts: the signals are blocked for all of them, and stay so.
/// Throws std::system_error if the kernel refuses.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  enum class Event { kSignal, kWoken };
  /// Until either happens. Each signal and each wake is told once; several wakes may be told as one.
  [[nodiscard]] Event wait();
  /// Any thread.
  void wake();

 private:
  int signals_;
  int wakes_;
};

}  // namespace waybill::app
