#include <algorithm>
#include <utility>

#include "testing/memory_log/batch.h"

namespace waybill {
namespace {

constexpr States kReschedulable = set_of(State::kSending, State::kSent, State::kSendFailed, State::kConsumeFailed);
constexpr States kReplayable = set_of(State::kDead, State::kOutcomeUnknown, State::kCancelled);

// An external row that a publisher had may be with its receiver already.
bool may_be_withdrawn(const StoredRow& row, const Batch& batch) {
  if (row.owner && !batch.drop.cancel_open_attempt) return false;
  if (row.external() && row.publish_count > 0 && !batch.drop.cancel_handed_over) return false;
  return kOpenStates.has(row.status);
}

bool needs_again(const StoredRow& row, const Batch& batch) {
  return (row.status == State::kConsumed && !batch.drop.replay_consumed_without_again) || row.late_done;
}

// What was never published has no mark that could come late, and may still be withdrawn: its number stays 0.
bool keeps_publish_number(const StoredRow& row, bool dropped, bool counts_anyway) {
  return dropped || (row.publish_count == 0 && !counts_anyway);
}

// Drives the row again from zero tries.
void drive_again(StoredRow& row, Verb verb, bool effect_known, Duration after, Batch& batch) {
  batch.change(row, verb, [&](StoredRow& r) {
    const WallTime then = batch.now + after;
    if (after > Duration{0} && !batch.drop.replay_spread_not_explained) {
      r.message.not_before = std::max(then, r.message.not_before.value_or(then));
    }
    send_again(r, then,
               keeps_publish_number(r, batch.drop.replay_keeps_publish_number, batch.drop.replay_counts_as_publish));
    if (!batch.drop.replay_keeps_tries) r.try_count = 0;
    r.crash_count = 0;
    r.replay_attempt = r.attempt;
    r.consume_time.reset();
    r.late_done = false;
    if (effect_known) ++r.again_count;
  });
}

// Replays carry no token: one that finds a row just replayed finds the result asked for.
bool was_just_replayed(const StoredRow& row, std::string_view kind, const Batch& batch) {
  return row.status == State::kSending && !row.owner && batch.last_event_is(row, kind);
}

}  // namespace

Result<Answer> apply(const Cancel& write, Batch& batch) {
  StoredRow* row = batch.rows.find(write.id);
  if (row == nullptr) return Answer(no_such_row());
  if (!may_be_withdrawn(*row, batch)) return Answer(answer_of(*row, row->status == State::kCancelled));
  if (batch.drop.cancel_changes_nothing) return Answer(answer_of(*row, true));
  batch.change(*row, Verb::kCancel, [](StoredRow& r) { settle(r, State::kCancelled); });
  batch.add_event(*row, kEventCancelled, row->attempt, "");
  return Answer(answer_of(*row, true));
}

Result<Answer> apply(const Reschedule& write, Batch& batch) {
  StoredRow* row = batch.rows.find(write.id);
  if (row == nullptr) return Answer(no_such_row());
  if (row->owner || !kReschedulable.has(row->status)) return Answer(answer_of(*row, false));
  const bool again = row->status == State::kSending && row->message.not_before == write.not_before &&
                     row->next_try_time == write.not_before;
  if (again) return Answer(answer_of(*row, true));
  batch.change(*row, Verb::kReschedule, [&](StoredRow& r) {
    r.message.not_before = write.not_before;
    send_again(
        r, write.not_before,
        keeps_publish_number(r, batch.drop.reschedule_keeps_publish_number, batch.drop.reschedule_counts_as_publish));
  });
  batch.add_event(*row, kEventRescheduled, row->attempt, to_rfc3339(write.not_before));
  return Answer(answer_of(*row, true));
}

Result<Answer> apply(const Hold& write, Batch& batch) {
  StoredRow* row = batch.rows.find(write.id);
  if (row == nullptr) return Answer(no_such_row());
  if (row->on_hold()) return Answer(answer_of(*row, true));
  if (row->owner || !kOpenStates.has(row->status)) return Answer(answer_of(*row, false));
  batch.change(*row, Verb::kHold, [&](StoredRow& r) {
    settle(r, State::kOutcomeUnknown);
    r.last_error = write.reason;
  });
  batch.add_event(*row, kEventHeld, row->attempt, write.reason);
  return Answer(answer_of(*row, true));
}

Result<Answer> apply(const Resolve& write, Batch& batch) {
  StoredRow* row = batch.rows.find(write.id);
  if (row == nullptr) return Answer(no_such_row());
  const bool unknown = row->status == State::kOutcomeUnknown && !row->owner;
  if (!unknown && !(batch.drop.resolve_any_state && kOpenStates.has(row->status))) {
    const bool again =
        write.happened ? row->status == State::kConsumed : was_just_replayed(*row, kEventResolved, batch);
    return Answer(answer_of(*row, again));
  }
  if (write.happened) {
    batch.change(*row, Verb::kResolveDone, [&](StoredRow& r) {
      settle(r, State::kConsumed);
      r.consume_time = batch.now;
    });
  } else {
    drive_again(*row, Verb::kResolveRetry, false, Duration{0}, batch);
  }
  batch.add_event(*row, kEventResolved, row->attempt, write.happened ? "it happened" : "it did not happen");
  return Answer(answer_of(*row, true));
}

Result<Answer> apply(const Replay& write, Batch& batch) {
  StoredRow* row = batch.rows.find(write.id);
  if (row == nullptr) return Answer(no_such_row());
  const bool possible = !row->owner && (kReplayable.has(row->status) || row->status == State::kConsumed);
  const bool effect_known = needs_again(*row, batch);
  if (!possible || (effect_known && !write.again)) {
    return Answer(answer_of(*row, was_just_replayed(*row, kEventReplayed, batch)));
  }
  if (!batch.drop.replay_leaves_refusals) batch.open_refused(*row);
  drive_again(*row, write.again ? Verb::kReplayAgain : Verb::kReplay, write.again, write.after, batch);
  batch.add_event(*row, kEventReplayed, row->attempt, write.again ? "again" : "");
  return Answer(answer_of(*row, true));
}

Result<Answer> apply(const Prune& write, Batch& batch) {
  constexpr auto kKeyAge = std::chrono::hours(24);
  std::vector<StoredRow*> old;
  for (const auto& entry : batch.rows.settled().entries()) {
    if (std::ssize(old) == write.limit || entry.at >= batch.now - write.age) break;
    if (entry.row->status != State::kDead || batch.drop.prune_takes_dead) old.push_back(entry.row);
  }
  for (StoredRow* row : old) {
    for (auto& [_, key] : batch.rows.keys) {
      if (key.id == row->message.id && !batch.drop.prune_forgets_status) key.pruned_as = row->status;
    }
    batch.remove(*row);
  }
  std::erase_if(batch.rows.keys, [&](const auto& entry) {
    return entry.second.at < batch.now - kKeyAge && batch.rows.find(entry.second.id) == nullptr;
  });
  return Answer(CountAnswer{static_cast<int>(old.size())});
}

}  // namespace waybill
