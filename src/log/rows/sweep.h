// Which rows a sweep pulls forward: those whose time lies further ahead than their state explains.
#pragma once

#include "log/rows/standing.h"

namespace waybill::rows {

/// An unowned row with a time, as a sweep walks over it.
struct SweepEntry {
  State status = State::kSending;
  bool foreign = false;
  WallTime next_try_time{};
  std::optional<WallTime> not_before;
};

[[nodiscard]] bool is_too_far(const SweepEntry& row, const Sweep& sweep, WallTime now);

}  // namespace waybill::rows
