#include "log/rows/answers.h"
#include "log/rows/decide.h"

namespace waybill::rows {
namespace {

// How an outcome other than `done` ends an attempt.
struct Ending {
  Outcome outcome = Outcome::kRetry;
  std::string_view event;
  std::string_view error;
  State state = State::kConsumeFailed;
  State used_up = State::kDead;  ///< the state when no try is left
  std::optional<WallTime> due;
  bool counts_try = true;
  bool counts_unknown = false;
};

Ending ending_of(const Finish& write, WallTime now) {
  if (const auto* retry = std::get_if<Retry>(&write.outcome)) {
    return {.event = kEventRetry,
            .error = retry->error,
            .due = now + retry->after.value_or(write.delay),
            .counts_try = retry->uses_try};
  }
  if (const auto* unknown = std::get_if<Unknown>(&write.outcome)) {
    Ending ending{.outcome = Outcome::kUnknown,
                  .event = kEventUnknown,
                  .error = unknown->detail,
                  .state = State::kOutcomeUnknown,
                  .used_up = State::kOutcomeUnknown,
                  .counts_unknown = true};
    if (write.unknown == UnknownPolicy::kRetry) ending.due = now + write.delay;
    return ending;
  }
  return {.outcome = Outcome::kFail,
          .event = kEventFailed,
          .error = std::get<Fail>(write.outcome).error,
          .state = State::kDead,
          .counts_try = false};
}

FinishAnswer answer_finish(const WorkingRow& row, FinishAnswer::Kind kind, bool duplicate = false) {
  return {kind, row.now->status, duplicate};
}

FinishAnswer end_attempt(WorkingSet& set, WorkingRow& row, const Finish& write) {
  const Ending ending = ending_of(write, set.now);
  if (!row.now->stands(write.fence)) {
    const bool run_again =
        !row.now->owner && row.now->outcome == ending.outcome && row.now->last_attempt_was(write.fence);
    return answer_finish(row, run_again ? FinishAnswer::Kind::kRecorded : FinishAnswer::Kind::kStale);
  }
  Standing& r = set.edit(row);
  const bool used_up = ending.counts_try && r.try_count + 1 >= write.max_tries;
  if (ending.counts_try) ++r.try_count;
  if (ending.counts_unknown) ++r.unknown_count;
  settle(r, used_up ? ending.used_up : ending.state);
  if (!used_up && ending.due) r.next_try_time = due_at(r, *ending.due);
  r.outcome = ending.outcome;
  r.last_error = for_people(ending.error);
  note(r, write.times);
  set.add_event(row, ending.event, r.attempt, ending.error);
  if (r.status == State::kDead) set.copy_to_dead_letters(row, write.dead_letter);
  return answer_finish(row, FinishAnswer::Kind::kRecorded);
}

void add_possible_duplicate(WorkingSet& set, WorkingRow& row, std::int32_t attempt) {
  ++set.edit(row).unknown_count;
  set.add_event(row, kEventPossibleDuplicate, attempt, "a newer attempt exists");
}

FinishAnswer note_late_done(WorkingSet& set, WorkingRow& row, std::int32_t attempt, std::string_view result) {
  const bool duplicate = row.now->attempt > attempt;
  if (!row.history.has(kEventLateDone, attempt)) {
    Standing& r = set.edit(row);
    r.result = result;
    r.late_done = true;
    set.add_event(row, kEventLateDone, attempt, result);
    if (duplicate) add_possible_duplicate(set, row, attempt);
  }
  return answer_finish(row, FinishAnswer::Kind::kLateDone, duplicate);
}

FinishAnswer note_done_twice(WorkingSet& set, WorkingRow& row, std::int32_t attempt) {
  const bool duplicate = row.now->attempt > attempt;
  if (duplicate && !row.history.has(kEventPossibleDuplicate, attempt)) add_possible_duplicate(set, row, attempt);
  return answer_finish(row, FinishAnswer::Kind::kRecorded, duplicate);
}

// From any attempt since the last replay, open or not: throwing a true `done` away would cause a further effect. With a
// newer attempt there may be another effect already, which is counted.
FinishAnswer finish_done(WorkingSet& set, WorkingRow& row, const Finish& write, const Done& done) {
  const std::int32_t attempt = write.fence.attempt;
  const std::string result = for_people(done.result);
  const Standing& was = *row.now;
  const bool since_replay = attempt > was.replay_attempt && attempt <= was.attempt;
  const bool of_another = was.attempt == attempt && was.owner && *was.owner != to_string(write.fence.owner);
  if (!since_replay) return answer_finish(row, FinishAnswer::Kind::kStale);
  if (was.status == State::kConsumed) return note_done_twice(set, row, attempt);
  if (is_final(was.status)) return note_late_done(set, row, attempt, result);
  if (of_another) return answer_finish(row, FinishAnswer::Kind::kStale);
  Standing& r = set.edit(row);
  settle(r, State::kConsumed);
  r.consume_time = set.now;
  r.result = result;
  r.outcome = Outcome::kDone;
  note(r, write.times);
  const bool duplicate = r.attempt > attempt;
  if (duplicate) add_possible_duplicate(set, row, attempt);
  return answer_finish(row, FinishAnswer::Kind::kRecorded, duplicate);
}

// What an attempt from before the last replay was refused has been opened since: only its deliveries still count. An
// attempt that this row never had is another row's of this id.
void record_recipients(const WorkingSet& set, WorkingRow& row, const Finish& write) {
  const std::int32_t attempt = write.fence.attempt;
  if (attempt < 1 || attempt > row.now->attempt) return;
  if (attempt > row.now->replay_attempt) {
    row.recipients.record(write.recipients, set.now);
  } else {
    row.recipients.record_deliveries(write.recipients, set.now);
  }
}

}  // namespace

Result<Answer> decide(WorkingSet& set, const Finish& write) {
  if (const auto status = check_recipients(write.recipients); !status) return status.error();
  WorkingRow& row = set.at(write.fence.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return Answer(FinishAnswer{.kind = FinishAnswer::Kind::kUnknownId});
  record_recipients(set, row, write);
  if (const auto* done = std::get_if<Done>(&write.outcome)) return Answer(finish_done(set, row, write, *done));
  return Answer(end_attempt(set, row, write));
}

}  // namespace waybill::rows
