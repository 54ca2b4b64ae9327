// What the worker's answers from the log mean to people: counted, measured, and told where someone must know.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "ports/log_writes.h"
#include "ports/metrics.h"

namespace waybill {

/// What is remembered of a write until its answer comes.
struct WorkerAsked {
  std::optional<Measure> measure;
  std::string id;        ///< of a finish
  bool failed = false;   ///< it is no `done`
  bool late = false;     ///< and a report after the one that ended the attempt: only its recipients count
  bool uses_try = true;  ///< or it is a `Retry` that uses up none
  std::string error;     ///< its reason
  bool parks = false;
};
[[nodiscard]] WorkerAsked remember(const Write& write, bool late = false);

void report(Metrics& metrics, const WorkerAsked& asked, const Result<Answer>& answer,
            std::chrono::steady_clock::duration time);

}  // namespace waybill
