#include "testing/simulator/coverage.h"

#include <sstream>

namespace waybill::sim {
namespace {

std::string_view name(Phase phase) {
  constexpr std::array<std::string_view, 5> kNames = {"absent", "unclaimed", "held", "attempt", "lapsed"};
  return kNames.at(static_cast<std::size_t>(phase));
}

std::string name(const Coverage::Arrow& arrow) {
  const auto& [from, phase, verb, to, to_phase] = arrow;
  std::ostringstream text;
  text << to_string(from) << '/' << name(phase) << " --" << to_string(verb) << "--> " << to_string(to) << '/'
       << name(to_phase);
  return text.str();
}

// The arrows of the drawing, one by one, but for two that change nothing, so that nobody can see them walked: to hold
// what is held, and to say of the consumed that it is done.
std::vector<Coverage::Arrow> all_arrows() {
  std::vector<Coverage::Arrow> arrows;
  for (const Transition& t : transitions()) {
    for (const State from : kAllStates) {
      for (const Phase phase : {Phase::kAbsent, Phase::kUnclaimed, Phase::kHeld, Phase::kAttempt, Phase::kLapsed}) {
        if (!t.from.has(from) || !t.phases.has(phase)) continue;
        if (from == State::kConsumed && t.verb == Verb::kFinishDone) continue;
        if (phase == Phase::kHeld && (from != State::kOutcomeUnknown || t.verb == Verb::kHold)) continue;
        arrows.emplace_back(from, phase, t.verb, t.to.value_or(from), t.to_phase);
      }
    }
  }
  return arrows;
}

}  // namespace

Coverage& Coverage::operator+=(const Coverage& other) {
  for (const auto& [arrow, count] : other.arrows) arrows[arrow] += count;
  for (std::size_t i = 0; i < verdicts.size(); ++i) verdicts[i] += other.verdicts[i];
  bodies_brought += other.bodies_brought;
  for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += other.faults[i];
  for (std::size_t i = 0; i < crash_points.size(); ++i) crash_points[i] += other.crash_points[i];
  for (std::size_t i = 0; i < acts.size(); ++i) acts[i] += other.acts[i];
  broker += other.broker;
  return *this;
}

std::vector<std::string> Coverage::missing() const {
  std::vector<std::string> never;
  for (const auto& arrow : all_arrows()) {
    if (!arrows.contains(arrow)) never.push_back("transition " + name(arrow));
  }
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i] == 0) never.push_back("verdict " + std::string(to_string(static_cast<ClaimVerdict>(i))));
  }
  if (bodies_brought == 0) never.emplace_back("a claim that brings the body");
  for (std::size_t i = 0; i < faults.size(); ++i) {
    if (faults[i] == 0) never.push_back("fault " + std::string(to_string(static_cast<Fault>(i))));
  }
  for (std::size_t i = 0; i < crash_points.size(); ++i) {
    if (crash_points[i] == 0) never.push_back("crash point " + std::string(to_string(static_cast<CrashPoint>(i))));
  }
  for (std::size_t i = 0; i < acts.size(); ++i) {
    if (acts[i] == 0) never.push_back("handler " + std::string(to_string(static_cast<Act>(i))));
  }
  for (std::size_t i = 0; i < kSimBrokerFaultCount; ++i) {
    const auto fault = static_cast<SimBrokerFault>(i);
    if (broker[fault] == 0) never.push_back("broker fault " + std::string(to_string(fault)));
  }
  return never;
}

std::string Coverage::table() const {
  std::ostringstream text;
  const auto row = [&](std::string_view kind, std::string_view what, std::uint64_t count) {
    text << "  " << kind << ' ' << what << ": " << count << '\n';
  };
  for (const auto& [arrow, count] : arrows) row("transition", name(arrow), count);
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    row("verdict", to_string(static_cast<ClaimVerdict>(i)), verdicts[i]);
  row("claim", "that brings the body", bodies_brought);
  for (std::size_t i = 0; i < faults.size(); ++i) row("fault", to_string(static_cast<Fault>(i)), faults[i]);
  for (std::size_t i = 0; i < crash_points.size(); ++i) {
    row("crash point", to_string(static_cast<CrashPoint>(i)), crash_points[i]);
  }
  for (std::size_t i = 0; i < acts.size(); ++i) row("handler", to_string(static_cast<Act>(i)), acts[i]);
  for (std::size_t i = 0; i < kSimBrokerFaultCount; ++i) {
    row("broker fault", to_string(static_cast<SimBrokerFault>(i)), broker[static_cast<SimBrokerFault>(i)]);
  }
  return text.str();
}

}  // namespace waybill::sim
