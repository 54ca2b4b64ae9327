#include "core/delivery_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waybill {
namespace {

constexpr std::array kPhases = {Phase::kAbsent, Phase::kUnclaimed, Phase::kHeld, Phase::kAttempt, Phase::kLapsed};

std::string as_text(const Transition& t) {
  return std::string(to_string(t.verb)) + " to " + (t.to ? std::string(to_string(*t.to)) : "the same state");
}

// What runs by itself or by a worker, as against what an operator asks for.
bool is_operators(Verb verb) {
  return verb == Verb::kReplay || verb == Verb::kReplayAgain || verb == Verb::kResolveDone ||
         verb == Verb::kResolveRetry;
}

TEST(States, KeepTheNumbersThatAreStored) {
  const std::vector<std::pair<State, int>> stored = {
      {State::kSending, 0},       {State::kSent, 1}, {State::kSendFailed, 2},     {State::kConsumed, 3},
      {State::kConsumeFailed, 4}, {State::kDead, 5}, {State::kOutcomeUnknown, 6}, {State::kCancelled, 7}};
  for (const auto& [state, number] : stored) EXPECT_EQ(static_cast<int>(state), number);
}

TEST(States, AreReadByNameAndByNumber) {
  for (const State state : kAllStates) {
    EXPECT_EQ(parse_state(to_string(state)), state);
    EXPECT_EQ(parse_state(std::to_string(static_cast<int>(state))), state);
  }
}

TEST(States, AreReadFromNothingElse) {
  for (const char* text : {"", " ", "8", "-1", "00", "Sending", "sending ", "send", "unknown", "1.0"}) {
    EXPECT_EQ(parse_state(text), std::nullopt) << "'" << text << "'";
  }
}

TEST(States, AreOpenOrFinal) {
  for (const State state : kAllStates) EXPECT_NE(kOpenStates.has(state), is_final(state)) << to_string(state);
}

TEST(Verbs, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kVerbCount; ++i) {
    const auto name = to_string(static_cast<Verb>(i));
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(TransitionTable, KnowsEveryVerb) {
  for (std::size_t i = 0; i < kVerbCount; ++i) {
    const auto verb = static_cast<Verb>(i);
    EXPECT_TRUE(std::ranges::any_of(transitions(), [&](const Transition& t) { return t.verb == verb; }))
        << to_string(verb);
  }
}

TEST(TransitionTable, LeavesFinalStatesOnlyByAnOperator) {
  for (const Transition& t : transitions()) {
    for (const State from : kAllStates) {
      if (!t.from.has(from) || !is_final(from) || t.phases.has(Phase::kAbsent)) continue;
      EXPECT_TRUE(t.to.value_or(from) == from || is_operators(t.verb)) << as_text(t) << " from " << to_string(from);
    }
  }
}

TEST(TransitionTable, LeavesConsumedOnlyByReplayAgain) {
  for (std::size_t i = 0; i < kVerbCount; ++i) {
    const auto verb = static_cast<Verb>(i);
    const bool leaves = std::ranges::any_of(kAllStates, [&](State to) {
      return to != State::kConsumed && is_allowed(State::kConsumed, Phase::kUnclaimed, verb, to, Phase::kUnclaimed);
    });
    EXPECT_EQ(leaves, verb == Verb::kReplayAgain) << to_string(verb);
  }
}

TEST(TransitionTable, HoldsOnlyUnknownOutcomes) {
  for (const Transition& t : transitions()) {
    if (t.to_phase != Phase::kHeld) continue;
    EXPECT_EQ(t.to, State::kOutcomeUnknown) << as_text(t);
  }
}

TEST(TransitionTable, HasAttemptsOnlyInOpenStates) {
  for (const Transition& t : transitions()) {
    if (t.to_phase != Phase::kAttempt && t.to_phase != Phase::kLapsed) continue;
    for (const State from : kAllStates) {
      if (!t.from.has(from)) continue;
      EXPECT_TRUE(kOpenStates.has(t.to.value_or(from))) << as_text(t);
    }
  }
}

TEST(TransitionTable, NeverTakesAnOpenAttemptAway) {
  for (const Verb verb :
       {Verb::kTake, Verb::kRefuse, Verb::kClaim, Verb::kLost, Verb::kCancel, Verb::kReschedule, Verb::kHold,
        Verb::kResolveDone, Verb::kResolveRetry, Verb::kReplay, Verb::kReplayAgain, Verb::kPrune}) {
    for (const State state : kAllStates) {
      EXPECT_FALSE(may_begin(state, Phase::kAttempt, verb)) << to_string(verb) << " from " << to_string(state);
      EXPECT_FALSE(may_begin(state, Phase::kLapsed, verb)) << to_string(verb) << " from " << to_string(state);
    }
  }
}

TEST(TransitionTable, LetsEveryOpenRowGoOn) {
  for (const State state : kAllStates) {
    if (!kOpenStates.has(state)) continue;
    EXPECT_TRUE(may_begin(state, Phase::kUnclaimed, Verb::kTake)) << to_string(state);
    EXPECT_TRUE(may_begin(state, Phase::kUnclaimed, Verb::kClaim)) << to_string(state);
    EXPECT_TRUE(may_begin(state, Phase::kLapsed, Verb::kLapse)) << to_string(state);
    EXPECT_TRUE(may_begin(state, Phase::kAttempt, Verb::kFinishDone)) << to_string(state);
  }
}

TEST(TransitionTable, NeverLeadsAMarkFromAnywhereButSending) {
  for (const State state : kAllStates) {
    for (const Phase phase : kPhases) {
      if (state == State::kSending) continue;
      EXPECT_FALSE(may_begin(state, phase, Verb::kMarkSent)) << to_string(state);
      EXPECT_FALSE(may_begin(state, phase, Verb::kMarkFailed)) << to_string(state);
    }
  }
}

TEST(TransitionTable, ComparesTheWholeArrow) {
  EXPECT_TRUE(is_allowed(State::kSending, Phase::kUnclaimed, Verb::kMarkSent, State::kSent, Phase::kUnclaimed));
  EXPECT_FALSE(is_allowed(State::kSending, Phase::kUnclaimed, Verb::kMarkSent, State::kSent, Phase::kAttempt));
  EXPECT_FALSE(is_allowed(State::kSending, Phase::kUnclaimed, Verb::kMarkSent, State::kSendFailed, Phase::kUnclaimed));
  EXPECT_FALSE(is_allowed(State::kSent, Phase::kUnclaimed, Verb::kMarkSent, State::kSent, Phase::kUnclaimed));
  // A claim keeps the state.
  EXPECT_TRUE(is_allowed(State::kSent, Phase::kUnclaimed, Verb::kClaim, State::kSent, Phase::kAttempt));
  EXPECT_FALSE(is_allowed(State::kSent, Phase::kUnclaimed, Verb::kClaim, State::kSending, Phase::kAttempt));
}

}  // namespace
}  // namespace waybill
