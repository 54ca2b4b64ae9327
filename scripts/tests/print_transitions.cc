// Prints every arrow of core/delivery_state.cc, one a line, as docs/message-states.md writes them:
// verb|from|phase|to|phase. Compiled and run by test_message_states.py.
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "core/delivery_state.h"

namespace {

using waybill::Phase;
using waybill::State;

constexpr std::array<std::pair<Phase, std::string_view>, 5> kPhases = {{{Phase::kAbsent, "absent"},
                                                                        {Phase::kUnclaimed, "unclaimed"},
                                                                        {Phase::kHeld, "held"},
                                                                        {Phase::kAttempt, "attempt"},
                                                                        {Phase::kLapsed, "lapsed"}}};

void print(const waybill::Transition& arrow, std::string_view from, std::string_view phase) {
  std::string_view to_phase;
  for (const auto& [candidate, name] : kPhases) {
    if (candidate == arrow.to_phase) to_phase = name;
  }
  const std::string line = std::string(to_string(arrow.verb)) + "|" + std::string(from) + "|" + std::string(phase) +
                           "|" + std::string(arrow.to ? to_string(*arrow.to) : "(stays)") + "|" + std::string(to_phase);
  std::puts(line.c_str());
}

}  // namespace

int main() {
  for (const auto& arrow : waybill::transitions()) {
    for (const auto& [phase, name] : kPhases) {
      if (!arrow.phases.has(phase)) continue;
      // Where there is no row there is no state.
      if (phase == Phase::kAbsent) print(arrow, "-", name);
      for (const State state : waybill::kAllStates) {
        if (phase != Phase::kAbsent && arrow.from.has(state)) print(arrow, to_string(state), name);
      }
    }
  }
  return 0;
}
