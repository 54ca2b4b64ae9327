#include "log/rows/answers.h"
#include "log/rows/decide.h"

namespace waybill::rows {
namespace {

constexpr States kReschedulable = set_of(State::kSending, State::kSent, State::kSendFailed, State::kConsumeFailed);
constexpr States kUnknown = set_of(State::kOutcomeUnknown);
constexpr States kReplayable = set_of(State::kDead, State::kOutcomeUnknown, State::kCancelled);
constexpr States kReplayableAgain = set_of(State::kConsumed, State::kDead, State::kOutcomeUnknown, State::kCancelled);

struct DriveAgain {
  States from;
  Duration after{0};
  bool again = false;
  bool opens_refused = false;  ///< recipients
  std::string_view event;
  std::string_view detail;
};

// What was never published has no publish whose mark could come late: its number stays 0, and it may still be withdrawn
// (docs/adr/0006). So it is with a replay.
void raise_publish_number(Standing& row) {
  if (row.publish_count > 0) ++row.publish_count;
}

// These writes carry no token: one that finds the row just driven again finds the result it asked for.
Answer drive_again(WorkingSet& set, WorkingRow& row, const DriveAgain& how) {
  const bool possible = !row.now->owner && how.from.has(row.now->status) && (!row.now->late_done || how.again);
  if (!possible) {
    const bool run_again =
        row.now->status == State::kSending && !row.now->owner && row.history.last_kind() == how.event;
    return answer_of(row, run_again);
  }
  Standing& r = set.edit(row);
  const WallTime due = due_at(r, set.now + how.after);
  if (how.after > Duration{0}) r.not_before = due;  // which explains it to the sweep
  send_again(r, due);
  raise_publish_number(r);
  r.try_count = 0;
  r.crash_count = 0;
  r.replay_attempt = r.attempt;
  r.consume_time.reset();
  r.late_done = false;
  if (how.again) ++r.again_count;
  if (how.opens_refused) row.recipients.open_refused(set.now);
  set.add_event(row, how.event, r.attempt, how.detail);
  return answer_of(row, true);
}

// An undecided queue was never handed to a publisher, whatever its publish number.
bool may_be_withdrawn(const Standing& row) {
  return !row.owner && !is_final(row.status) && (!row.external() || row.publish_count == 0);
}

}  // namespace

Result<Answer> decide(WorkingSet& set, const Cancel& write) {
  WorkingRow& row = set.at(write.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return no_such_row();
  if (!may_be_withdrawn(*row.now)) return answer_of(row, row.now->status == State::kCancelled);
  settle(set.edit(row), State::kCancelled);
  set.add_event(row, kEventCancelled, row.now->attempt, "");
  return answer_of(row, true);
}

Result<Answer> decide(WorkingSet& set, const Reschedule& write) {
  WorkingRow& row = set.at(write.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return no_such_row();
  if (row.now->owner || !kReschedulable.has(row.now->status)) return answer_of(row, false);
  const bool run_again = row.now->status == State::kSending && row.now->not_before == write.not_before &&
                         row.now->next_try_time == write.not_before;
  if (run_again) return answer_of(row, true);
  Standing& r = set.edit(row);
  r.not_before = write.not_before;
  send_again(r, write.not_before);
  raise_publish_number(r);
  set.add_event(row, kEventRescheduled, r.attempt, to_rfc3339(write.not_before));
  return answer_of(row, true);
}

Result<Answer> decide(WorkingSet& set, const Hold& write) {
  WorkingRow& row = set.at(write.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return no_such_row();
  if (row.now->on_hold()) return answer_of(row, true);
  if (row.now->owner || is_final(row.now->status)) return answer_of(row, false);
  Standing& r = set.edit(row);
  settle(r, State::kOutcomeUnknown);
  r.last_error = for_people(write.reason);
  set.add_event(row, kEventHeld, r.attempt, write.reason);
  return answer_of(row, true);
}

Result<Answer> decide(WorkingSet& set, const Resolve& write) {
  WorkingRow& row = set.at(write.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return no_such_row();
  if (!write.happened) {
    return drive_again(set, row, {.from = kUnknown, .event = kEventResolved, .detail = "it did not happen"});
  }
  if (row.now->owner || row.now->status != State::kOutcomeUnknown) {
    return answer_of(row, row.now->status == State::kConsumed);
  }
  Standing& r = set.edit(row);
  settle(r, State::kConsumed);
  r.consume_time = set.now;
  set.add_event(row, kEventResolved, r.attempt, "it happened");
  return answer_of(row, true);
}

Result<Answer> decide(WorkingSet& set, const Replay& write) {
  WorkingRow& row = set.at(write.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return no_such_row();
  return drive_again(set, row,
                     {.from = write.again ? kReplayableAgain : kReplayable,
                      .after = write.after,
                      .again = write.again,
                      .opens_refused = true,
                      .event = kEventReplayed,
                      .detail = write.again ? "again" : ""});
}

}  // namespace waybill::rows
