#include <utility>

#include "testing/memory_log/batch.h"

namespace waybill {
namespace {

FinishAnswer answer_finish(const StoredRow& row, FinishAnswer::Kind kind, bool possible_duplicate = false) {
  return {kind, row.status, possible_duplicate};
}

// Another effect than the one that is reported may have been caused by a newer attempt. Counted once an attempt.
bool count_possible_duplicate(StoredRow& row, const Finish& write, Batch& batch) {
  const std::int32_t attempt = write.fence.attempt;
  if (row.attempt <= attempt || batch.drop.possible_duplicate_not_counted) return false;
  if (batch.has_event(row, kEventPossibleDuplicate, attempt)) return true;
  batch.rows.edit(row, [&](StoredRow& r) {
    ++r.unknown_count;
    r.update_time = batch.now;
  });
  batch.add_event(row, kEventPossibleDuplicate, attempt, "a newer attempt exists");
  return true;
}

FinishAnswer note_late_done(StoredRow& row, const Finish& write, const Done& done, Batch& batch) {
  const bool duplicate = count_possible_duplicate(row, write, batch);
  batch.change(row, Verb::kFinishDone, [&](StoredRow& r) {
    r.result = done.result;
    r.late_done = !batch.drop.late_done_forgotten;
    if (batch.drop.late_done_overwrites_dead) settle(r, State::kConsumed);
  });
  if (!batch.has_event(row, kEventLateDone, write.fence.attempt)) {
    batch.add_event(row, kEventLateDone, write.fence.attempt, done.result);
  }
  return answer_finish(row, FinishAnswer::Kind::kLateDone, duplicate);
}

// A true `done` counts from wherever its attempt was left: throwing it away would cause a further effect.
FinishAnswer finish_done(StoredRow& row, const Finish& write, const Done& done, Batch& batch) {
  const std::int32_t attempt = write.fence.attempt;
  const bool since_replay = attempt > row.replay_attempt || batch.drop.finish_done_before_replay;
  const bool only_open = batch.drop.finish_done_only_open_attempt && !stands(row, write.fence);
  const bool of_another = row.owner && row.attempt == attempt && row.owner != write.fence.owner;
  if (attempt < 1 || attempt > row.attempt || !since_replay || only_open || of_another) {
    return answer_finish(row, FinishAnswer::Kind::kStale);
  }
  if (row.status == State::kDead || row.status == State::kCancelled) return note_late_done(row, write, done, batch);
  const bool duplicate = count_possible_duplicate(row, write, batch);
  if (row.status == State::kConsumed) return answer_finish(row, FinishAnswer::Kind::kRecorded, duplicate);
  batch.change(row, Verb::kFinishDone, [&](StoredRow& r) {
    settle(r, State::kConsumed);
    r.consume_time = batch.now;
    r.result = done.result;
    r.ended_by = write.outcome.index();
    note(r, write.times);
  });
  return answer_finish(row, FinishAnswer::Kind::kRecorded, duplicate);
}

void finish_retry(StoredRow& row, const Finish& write, const Retry& retry, Batch& batch) {
  const bool last_try = row.try_count + 1 >= write.max_tries;
  const bool used_up = last_try && (retry.uses_try || batch.drop.retry_without_a_try_ends_the_last);
  batch.change(row, Verb::kFinishRetry, [&](StoredRow& r) {
    if (retry.uses_try || batch.drop.retry_always_uses_up_a_try) ++r.try_count;
    settle(r, used_up ? State::kDead : State::kConsumeFailed);
    if (!used_up) r.next_try_time = batch.now + retry.after.value_or(write.delay);
    r.last_error = retry.error;
  });
  batch.add_event(row, kEventRetry, row.attempt, retry.error);
  if (used_up) batch.copy_to_dead_letters(row, write.dead_letter);
}

void finish_unknown(StoredRow& row, const Finish& write, const Unknown& unknown, Batch& batch) {
  const bool used_up = row.try_count + 1 >= write.max_tries;
  const bool hold = (write.unknown == UnknownPolicy::kHold && !batch.drop.hold_policy_ignored) || used_up;
  batch.change(row, Verb::kFinishUnknown, [&](StoredRow& r) {
    ++r.try_count;
    if (!batch.drop.unknown_not_counted) ++r.unknown_count;
    settle(r, State::kOutcomeUnknown);
    if (!hold) r.next_try_time = batch.now + write.delay;
    r.last_error = unknown.detail;
  });
  batch.add_event(row, kEventUnknown, row.attempt, unknown.detail);
}

void finish_fail(StoredRow& row, const Finish& write, const Fail& fail, Batch& batch) {
  batch.change(row, Verb::kFinishFail, [&](StoredRow& r) {
    settle(r, State::kDead);
    r.last_error = fail.error;
  });
  batch.add_event(row, kEventFailed, row.attempt, fail.error);
  batch.copy_to_dead_letters(row, write.dead_letter);
}

// True if an earlier run of this very write ended the attempt.
bool is_run_again(const StoredRow& row, const Finish& write) {
  return row.attempt == write.fence.attempt && row.claim_token == write.fence.token &&
         row.ended_by == write.outcome.index();
}

// True of any attempt that the row has had, for what a relay said is true. What one from before the last replay was
// refused has been opened since.
void record_recipients(const StoredRow& row, const Finish& write, Batch& batch) {
  const std::int32_t attempt = write.fence.attempt;
  if (batch.drop.recipients_forgotten || attempt < 1 || attempt > row.attempt) return;
  if (batch.drop.stale_recipients_forgotten && !stands(row, write.fence)) return;
  const bool since_replay = attempt > row.replay_attempt || batch.drop.refusals_outlive_replay;
  for (const auto& told : write.recipients) {
    if (since_replay || told.outcome.fate == RecipientFate::kDelivered) batch.record(row, told);
  }
}

}  // namespace

Result<Answer> apply(const Finish& write, Batch& batch) {
  if (const auto status = check_recipients(write.recipients); !status) return status.error();
  StoredRow* row = batch.rows.find(write.fence.id);
  if (row == nullptr) return Answer(FinishAnswer{.kind = FinishAnswer::Kind::kUnknownId});
  if (batch.drop.finish_changes_nothing) return Answer(FinishAnswer{});
  record_recipients(*row, write, batch);
  if (const auto* done = std::get_if<Done>(&write.outcome)) return Answer(finish_done(*row, write, *done, batch));
  const bool unfenced = batch.drop.finish_without_fencing && kOpenStates.has(row->status);
  if (!stands(*row, write.fence) && !unfenced) {
    const bool again = is_run_again(*row, write);
    return Answer(answer_finish(*row, again ? FinishAnswer::Kind::kRecorded : FinishAnswer::Kind::kStale));
  }
  if (const auto* retry = std::get_if<Retry>(&write.outcome)) finish_retry(*row, write, *retry, batch);
  if (const auto* unknown = std::get_if<Unknown>(&write.outcome)) finish_unknown(*row, write, *unknown, batch);
  if (const auto* fail = std::get_if<Fail>(&write.outcome)) finish_fail(*row, write, *fail, batch);
  batch.rows.edit(*row, [&](StoredRow& r) {
    r.ended_by = write.outcome.index();
    note(r, write.times);
  });
  return Answer(answer_finish(*row, FinishAnswer::Kind::kRecorded));
}

}  // namespace waybill
