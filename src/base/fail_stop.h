// The top of every thread. An exception that comes so far has broken an invariant: going on could lose what was
// accepted, while after a restart the log drives everything again.
#pragma once

#include <pthread.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

#include "base/log.h"

namespace waybill {

/// Runs a thread's work under its name (`top -H`, `perf`), of at most 15 characters. If it throws, the name and the
/// reason are logged and the process is aborted.
template <class Work>
void run_or_abort(std::string_view thread, const Work& work) noexcept {
  try {
    pthread_setname_np(pthread_self(), std::string(thread).c_str());
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
