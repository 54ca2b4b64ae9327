// The top of every thread. An exception that comes so far has broken an invariant: going on could lose what was
// accepted, while after a restart the log drives everything again.
#pragma once

#include <cstdlib>
#include <exception>
#include <string_view>

#include "base/log.h"

namespace waybill {

/// Runs a thread's work. If it throws, the thread's name and the reason are logged and the process is aborted.
template <class Work>
void run_or_abort(std::string_view thread, const Work& work) noexcept {
  try {
    return work();
  } catch (const std::exception& error) {
    log_event(LogLevel::kError, "fail_stop", "a thread failed", {{"thread", thread}, {"error", error.what()}});
  } catch (...) {
    log_event(LogLevel::kError, "fail_stop", "a thread failed",
              {{"thread", thread}, {"error", "not a std::exception"}});
  }
  std::abort();
}

}  // namespace waybill
