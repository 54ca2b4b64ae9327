#include "core/delivery_state.h"

#include <algorithm>

namespace waybill {
namespace {

using S = State;
using P = Phase;
using V = Verb;

constexpr std::array<std::string_view, kStateCount> kStateNames = {
    "sending", "sent", "send_failed", "consumed", "consume_failed", "dead", "outcome_unknown", "cancelled"};

constexpr std::array<std::string_view, kVerbCount> kVerbNames = {
    "append",        "take",    "refuse",       "mark_sent",    "mark_failed", "claim",          "renew",
    "begin_effect",  "release", "finish_done",  "finish_retry", "finish_fail", "finish_unknown", "lapse",
    "lost",          "adopt",   "park",         "cancel",       "reschedule",  "hold",           "resolve_done",
    "resolve_retry", "replay",  "replay_again", "prune"};

constexpr Phases kAbsent = set_of(P::kAbsent);
constexpr Phases kUnclaimed = set_of(P::kUnclaimed);
constexpr Phases kOwned = set_of(P::kAttempt, P::kLapsed);
constexpr Phases kNoAttempt = set_of(P::kUnclaimed, P::kHeld);
constexpr std::optional<S> kStays = std::nullopt;

constexpr auto kTransitions = std::to_array<Transition>({
    {set_of(S::kSending), kAbsent, V::kAppend, S::kSending, P::kUnclaimed},

    // The redeliverer. `sent` is taken or refused only of a foreign row, which nobody has published yet. A lapsed
    // attempt is ended first, by an arrow of its own.
    {kOpenStates, kUnclaimed, V::kTake, S::kSending, P::kUnclaimed},
    {kOpenStates, kUnclaimed, V::kRefuse, S::kDead, P::kUnclaimed},

    // The publisher's marks. A claimed row gets the status only: its clock is the lease.
    {set_of(S::kSending), kUnclaimed, V::kMarkSent, S::kSent, P::kUnclaimed},
    {set_of(S::kSending), set_of(P::kAttempt), V::kMarkSent, S::kSent, P::kAttempt},
    {set_of(S::kSending), set_of(P::kLapsed), V::kMarkSent, S::kSent, P::kLapsed},
    {set_of(S::kSending), kUnclaimed, V::kMarkFailed, S::kSendFailed, P::kUnclaimed},
    {set_of(S::kSending), set_of(P::kAttempt), V::kMarkFailed, S::kSendFailed, P::kAttempt},
    {set_of(S::kSending), set_of(P::kLapsed), V::kMarkFailed, S::kSendFailed, P::kLapsed},

    // A claim keeps the state and opens an attempt; a lapsed one it ends first, by an arrow of its own.
    {kOpenStates, kUnclaimed, V::kClaim, kStays, P::kAttempt},

    // A renewal revives a lapsed attempt that nobody has ended.
    {kOpenStates, kOwned, V::kRenew, kStays, P::kAttempt},
    {kOpenStates, set_of(P::kAttempt), V::kBeginEffect, kStays, P::kAttempt},
    {kOpenStates, set_of(P::kLapsed), V::kBeginEffect, kStays, P::kLapsed},
    {kOpenStates, kOwned, V::kRelease, S::kSending, P::kUnclaimed},

    // A true `done` counts from wherever its attempt was left: throwing it away would cause a further effect. On a
    // final state it only adds what it knows.
    {kOpenStates, set_of(P::kUnclaimed, P::kHeld, P::kAttempt, P::kLapsed), V::kFinishDone, S::kConsumed,
     P::kUnclaimed},
    {set_of(S::kConsumed, S::kDead, S::kCancelled), kUnclaimed, V::kFinishDone, kStays, P::kUnclaimed},
    {kOpenStates, kOwned, V::kFinishRetry, S::kConsumeFailed, P::kUnclaimed},
    {kOpenStates, kOwned, V::kFinishRetry, S::kDead, P::kUnclaimed},
    {kOpenStates, kOwned, V::kFinishFail, S::kDead, P::kUnclaimed},
    {kOpenStates, kOwned, V::kFinishUnknown, S::kOutcomeUnknown, P::kUnclaimed},
    {kOpenStates, kOwned, V::kFinishUnknown, S::kOutcomeUnknown, P::kHeld},

    // Ending the attempt of a holder that never reported; of a holder proven dead, before its lease has passed.
    {kOpenStates, kOwned, V::kLapse, S::kSending, P::kUnclaimed},
    {kOpenStates, kOwned, V::kLapse, S::kOutcomeUnknown, P::kHeld},
    {kOpenStates, kOwned, V::kLapse, S::kDead, P::kUnclaimed},

    {set_of(S::kSent), kUnclaimed, V::kLost, S::kSendFailed, P::kUnclaimed},
    {set_of(S::kSending), kAbsent, V::kAdopt, S::kSent, P::kAttempt},
    {set_of(S::kSending), kAbsent, V::kPark, S::kDead, P::kUnclaimed},

    // People.
    {kOpenStates, kNoAttempt, V::kCancel, S::kCancelled, P::kUnclaimed},
    {set_of(S::kSending, S::kSent, S::kSendFailed, S::kConsumeFailed), kUnclaimed, V::kReschedule, S::kSending,
     P::kUnclaimed},
    {kOpenStates, kNoAttempt, V::kHold, S::kOutcomeUnknown, P::kHeld},
    {set_of(S::kOutcomeUnknown), kNoAttempt, V::kResolveDone, S::kConsumed, P::kUnclaimed},
    {set_of(S::kOutcomeUnknown), kNoAttempt, V::kResolveRetry, S::kSending, P::kUnclaimed},
    {set_of(S::kDead, S::kOutcomeUnknown, S::kCancelled), kNoAttempt, V::kReplay, S::kSending, P::kUnclaimed},
    {set_of(S::kConsumed, S::kDead, S::kOutcomeUnknown, S::kCancelled), kNoAttempt, V::kReplayAgain, S::kSending,
     P::kUnclaimed},

    {set_of(S::kConsumed, S::kCancelled, S::kSent), kUnclaimed, V::kPrune, kStays, P::kAbsent},
});

}  // namespace

std::string_view to_string(State state) { return kStateNames.at(static_cast<std::size_t>(state)); }
std::string_view to_string(Verb verb) { return kVerbNames.at(static_cast<std::size_t>(verb)); }

std::optional<State> parse_state(std::string_view text) {
  for (const State state : kAllStates) {
    const char digit = static_cast<char>('0' + static_cast<int>(state));
    if (text == to_string(state) || text == std::string_view(&digit, 1)) return state;
  }
  return std::nullopt;
}

std::span<const Transition> transitions() { return kTransitions; }

bool is_allowed(State from, Phase phase, Verb verb, State to, Phase to_phase) {
  return std::ranges::any_of(kTransitions, [&](const Transition& t) {
    return t.verb == verb && t.from.has(from) && t.phases.has(phase) && t.to.value_or(from) == to &&
           t.to_phase == to_phase;
  });
}

bool may_begin(State from, Phase phase, Verb verb) {
  return std::ranges::any_of(
      kTransitions, [&](const Transition& t) { return t.verb == verb && t.from.has(from) && t.phases.has(phase); });
}

}  // namespace waybill
