#include "log/rows/decide.h"

namespace waybill::rows {
namespace {

State state_after(const Standing& row, const LapseRule& rule) {
  if (rule.crash_limit > 0 && row.crash_count + 1 >= rule.crash_limit) return State::kDead;
  if (row.effect_begun && rule.unknown == UnknownPolicy::kHold) return State::kOutcomeUnknown;
  return State::kSending;
}

}  // namespace

bool may_lapse(WallTime now, const LapseRule& rule) {
  constexpr Duration kStepMax{1'000};
  if (!rule.allowed) return false;
  return !rule.expected_now || std::chrono::abs(now - *rule.expected_now) <= kStepMax;
}

State lapse(WorkingSet& set, WorkingRow& row, const LapseRule& rule) {
  const State to = state_after(*row.now, rule);
  Standing& r = set.edit(row);
  r.claim_token.reset();  // what its holder still writes is not the run again of something that happened
  ++r.crash_count;
  if (r.effect_begun) ++r.lapse_count;
  if (to == State::kSending) {
    ++r.publish_count;
    send_again(r, set.now);
  } else {
    settle(r, to);
  }
  if (to == State::kDead) r.last_error = kNeverFinished;
  set.add_event(row, kEventLapsed, r.attempt, r.effect_begun ? "effect begun" : "effect not begun");
  if (to == State::kDead) set.copy_to_dead_letters(row, rule.dead_letter);
  return to;
}

}  // namespace waybill::rows
