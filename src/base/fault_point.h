// Named places where a test may make the process die, misbehave or tell that it passed. Inert unless
// WAYBILL_FAULT=name[:n], WAYBILL_FAULT_GATE=FILE or WAYBILL_FAULT_TRACE=name is set when the process starts, which is
// announced loudly. The lists are closed: a name that is not in them refuses the start.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waybill {

/// Reads WAYBILL_FAULT, WAYBILL_FAULT_GATE and WAYBILL_FAULT_TRACE. An unknown name is an error that lists the known
/// ones. Call once, before any thread starts.
[[nodiscard]] Status configure_fault_points();

/// The names that `WAYBILL_FAULT` accepts, in the order of a message's life.
[[nodiscard]] const std::vector<std::string_view>& fault_point_names();

/// At the n-th hit of the configured point: writes `fault point NAME reached` to stderr and kills the process
/// (SIGKILL).
void crash_point(std::string_view name);

/// True from the n-th hit of the configured point on: the caller then does what the point is named after.
[[nodiscard]] bool fault_active(std::string_view name);

/// Where a handler is about to begin: waits while the file that WAYBILL_FAULT_GATE names exists, at most 120 s.
void gate_point();

/// True if WAYBILL_FAULT_TRACE names this point.
[[nodiscard]] bool fault_traced(std::string_view name);
void write_fault_trace(std::string_view name, const std::string& what);

/// Where a trace is asked for: writes `fault point NAME: WHAT` to stderr, in one call to the system, and goes on.
template <class What>
void trace_point(std::string_view name, What what) {
  if (fault_traced(name)) write_fault_trace(name, what());
}

}  // namespace waybill
