// The states of a message and the one table of what may lead from which to which. The statements of every log repeat
// these guards in their WHERE; the contract suite drives every (state, verb) pair on every log and compares it with
// this table; `docs/message-states.md` draws it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace waybill {

/// Stored in `msg_log.status`; the numbers never change and are never reused.
enum class State : std::uint8_t {
  kSending = 0,
  kSent = 1,
  kSendFailed = 2,
  kConsumed = 3,
  kConsumeFailed = 4,
  kDead = 5,
  kOutcomeUnknown = 6,
  kCancelled = 7,
};
inline constexpr std::size_t kStateCount = 8;
inline constexpr std::array<State, kStateCount> kAllStates = {
    State::kSending,       State::kSent, State::kSendFailed,     State::kConsumed,
    State::kConsumeFailed, State::kDead, State::kOutcomeUnknown, State::kCancelled};

/// `sending`, `sent`, … as people and JSON write them.
[[nodiscard]] std::string_view to_string(State state);
/// Reads a name or a number; nothing else.
[[nodiscard]] std::optional<State> parse_state(std::string_view text);

/// Nothing leaves a final state except an operator's replay (and a true `done`, which only adds what it knows).
[[nodiscard]] constexpr bool is_final(State state) {
  return state == State::kConsumed || state == State::kDead || state == State::kCancelled;
}

/// What distinguishes rows of one state in the eyes of the verbs.
enum class Phase : std::uint8_t {
  kAbsent,     ///< no row
  kUnclaimed,  ///< no attempt is open (for state 6: the policy is to retry)
  kHeld,       ///< state 6, waiting for a person
  kAttempt,    ///< an attempt is open and its lease runs
  kLapsed,     ///< an attempt is open and its lease has passed
};

/// What may be done to a row (protocol, section 2).
enum class Verb : std::uint8_t {
  kAppend,
  kTake,
  kRefuse,
  kMarkSent,
  kMarkFailed,
  kClaim,
  kRenew,
  kBeginEffect,
  kRelease,
  kFinishDone,
  kFinishRetry,
  kFinishFail,
  kFinishUnknown,
  kLapse,
  kLost,
  kAdopt,
  kPark,
  kCancel,
  kReschedule,
  kHold,
  kResolveDone,
  kResolveRetry,
  kReplay,
  kReplayAgain,
  kPrune,
};
inline constexpr std::size_t kVerbCount = 25;
[[nodiscard]] std::string_view to_string(Verb verb);

/// A set of states or of phases, as bits.
template <class Enum>
struct SetOf {
  std::uint32_t bits = 0;
  [[nodiscard]] constexpr bool has(Enum e) const { return (bits >> static_cast<unsigned>(e) & 1U) != 0; }
};
template <class Enum, class... More>
[[nodiscard]] constexpr SetOf<Enum> set_of(Enum first, More... more) {
  return SetOf<Enum>{((1U << static_cast<unsigned>(first)) | ... | (1U << static_cast<unsigned>(more)))};
}
using States = SetOf<State>;
using Phases = SetOf<Phase>;

/// The states that the clock still drives.
inline constexpr States kOpenStates =
    set_of(State::kSending, State::kSent, State::kSendFailed, State::kConsumeFailed, State::kOutcomeUnknown);

/// Arrows of the drawing that share a verb and an end. Due times, publish numbers and attempt numbers are further
/// guards, which the verbs carry themselves.
struct Transition {
  States from;
  Phases phases;
  Verb verb = Verb::kAppend;
  std::optional<State> to;  ///< none: the state stays
  Phase to_phase = Phase::kUnclaimed;
};

/// Every arrow, in the order of the verbs.
[[nodiscard]] std::span<const Transition> transitions();

/// True if some arrow of `verb` leads from (from, phase) to (to, to_phase).
[[nodiscard]] bool is_allowed(State from, Phase phase, Verb verb, State to, Phase to_phase);
/// True if some arrow of `verb` begins at (from, phase).
[[nodiscard]] bool may_begin(State from, Phase phase, Verb verb);

}  // namespace waybill
