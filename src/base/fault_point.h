// Named places where a test may make the process die or misbehave. Inert unless WAYBILL_FAULT=name[:n] (or
// WAYBILL_FAULT_GATE=FILE) is set when the process starts, which is announced loudly. The list is closed: a name that
// is not in it refuses the start.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"

namespace waybill {

/// Reads WAYBILL_FAULT and WAYBILL_FAULT_GATE. An unknown name is an error that lists the known ones. Call once, before
/// any thread starts.
[[nodiscard]] Status configure_fault_points();

/// The names that `WAYBILL_FAULT` accepts, in the order of a message's life.
[[nodiscard]] const std::vector<std::string_view>& fault_point_names();

/// At the n-th hit of the configured point: writes `fault point NAME reached` to stderr and kills the process
/// (SIGKILL).
void crash_point(std::string_view name);

/// True from the n-th hit of the configured point on: the caller then leaves out what the point is named after.
[[nodiscard]] bool fault_active(std::string_view name);

/// Where a handler is about to begin: waits while the file that WAYBILL_FAULT_GATE names exists, at most 120 s.
void gate_point();

}  // namespace waybill
