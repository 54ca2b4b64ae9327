// What a run, or many runs together, exercised, counted when it happened, not when it was asked for. The suite fails if
// something was never exercised.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/delivery_state.h"
#include "ports/log_writes.h"
#include "testing/sim_broker_faults.h"
#include "testing/simulator/plan.h"

namespace waybill::sim {

struct Coverage {
  using Arrow = std::tuple<State, Phase, Verb, State, Phase>;
  std::map<Arrow, std::uint64_t> arrows;
  std::array<std::uint64_t, kClaimVerdictCount> verdicts{};
  std::uint64_t bodies_brought = 0;  ///< by claims, for deliveries without one
  std::array<std::uint64_t, kFaultCount> faults{};
  std::array<std::uint64_t, kCrashPointCount> crash_points{};
  std::array<std::uint64_t, kActCount> acts{};
  SimBrokerCounts broker;

  Coverage& operator+=(const Coverage& other);
  /// Everything that could have been exercised and never was.
  [[nodiscard]] std::vector<std::string> missing() const;
  /// A table for people.
  [[nodiscard]] std::string table() const;
};

}  // namespace waybill::sim
