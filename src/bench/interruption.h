// Lets Ctrl-C end a benchmark in order, so that its servers and files go with it; a second one ends it at once.
#pragma once

#include <atomic>
#include <thread>

#include "app/stop_signals.h"
#include "bench/run_watch.h"

namespace waybill::bench {

/// Construct it on the main thread before any other starts. `watch` outlives it.
class Interruption {
 public:
  explicit Interruption(RunWatch& watch);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

 private:
  app::StopSignals signals_;
  std::thread thread_;
};

}  // namespace waybill::bench
