#include "log/sqlite/events.h"
#include "log/sqlite/lapse.h"
#include "log/sqlite/recipients.h"
#include "log/sqlite/standing.h"
#include "log/sqlite/verbs.h"

namespace waybill::sqlite {
namespace {

// Stored in msg_log.outcome; never changed. 0 is `done`, as its statements below say.
constexpr int kOutcomeRetry = 1;
constexpr int kOutcomeFail = 2;
constexpr int kOutcomeUnknown = 3;

// The usual end: by the attempt that is open.
constexpr char kDoneByOpenAttempt[] =
    "UPDATE msg_log SET status = 3, owner = NULL, next_try_time = NULL, consume_time = ?4, update_time = ?4, "
    "result = ?5, outcome = 0, publish_time = ifnull(publish_time, ?6), confirm_time = ifnull(confirm_time, ?7) "
    "WHERE msg_id = ?1 AND owner = ?3 AND attempt = ?2 AND attempt > replay_attempt "
    "AND status <> 3 AND status <> 5 AND status <> 7";

// From any attempt since the last replay, open or not: throwing a true `done` away would cause a further effect. With
// a newer attempt there may be another effect already, which is counted.
constexpr char kDone[] =
    "UPDATE msg_log SET status = 3, owner = NULL, next_try_time = NULL, consume_time = ?4, update_time = ?4, "
    "result = ?5, outcome = 0, unknown_count = unknown_count + (attempt > ?2), "
    "publish_time = ifnull(publish_time, ?6), confirm_time = ifnull(confirm_time, ?7) "
    "WHERE rowid = ?1 AND status <> 3 AND status <> 5 AND status <> 7 AND ?2 > replay_attempt AND ?2 <= attempt "
    "AND (attempt > ?2 OR owner IS NULL OR owner = ?3)";

constexpr char kLateDone[] =
    "UPDATE msg_log SET result = ?3, late_done = 1, unknown_count = unknown_count + (attempt > ?2), update_time = ?4 "
    "WHERE msg_id = ?1 AND status IN (5, 7) AND ?2 > replay_attempt AND ?2 <= attempt";

constexpr char kDoneTwice[] =
    "UPDATE msg_log SET unknown_count = unknown_count + 1, update_time = ?3 "
    "WHERE msg_id = ?1 AND status = 3 AND ?2 > replay_attempt AND ?2 < attempt";

constexpr char kEnd[] =
    "UPDATE msg_log SET owner = NULL, outcome = ?4, last_error = ?5, update_time = ?6, "
    "try_count = try_count + ?7, unknown_count = unknown_count + ?8, "
    "status = CASE WHEN ?7 AND try_count + 1 >= ?9 THEN ?11 ELSE ?10 END, "
    "next_try_time = CASE WHEN ?7 AND try_count + 1 >= ?9 THEN NULL ELSE max(?12, ifnull(not_before, ?12)) END, "
    "publish_time = ifnull(publish_time, ?13), confirm_time = ifnull(confirm_time, ?14) "
    "WHERE msg_id = ?1 AND owner = ?2 AND attempt = ?3";

// How an outcome other than `done` ends an attempt.
struct Ending {
  int outcome = kOutcomeRetry;
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
    Ending ending{.outcome = kOutcomeUnknown,
                  .event = kEventUnknown,
                  .error = unknown->detail,
                  .state = State::kOutcomeUnknown,
                  .used_up = State::kOutcomeUnknown,
                  .counts_unknown = true};
    if (write.unknown == UnknownPolicy::kRetry) ending.due = now + write.delay;
    return ending;
  }
  return {.outcome = kOutcomeFail,
          .event = kEventFailed,
          .error = std::get<Fail>(write.outcome).error,
          .state = State::kDead,
          .counts_try = false};
}

FinishAnswer end_attempt(Transaction& tx, const Finish& write) {
  const Fence& fence = write.fence;
  const Ending ending = ending_of(write, tx.now);
  const auto error = bounded(ending.error);
  const int ended =
      tx.db.run(kEnd, fence.id, tx.owners.of(fence.owner), fence.attempt, ending.outcome, error, tx.now,
                ending.counts_try, ending.counts_unknown, write.max_tries, static_cast<int>(ending.state),
                static_cast<int>(ending.used_up), ending.due, write.times.publish_time, write.times.confirm_time);
  if (ended == 0) {
    const auto row = read_standing(tx, fence.id);
    if (!row) return {.kind = FinishAnswer::Kind::kUnknownId};
    const bool run_again = !row->owner && row->outcome == ending.outcome && row->last_attempt_was(fence);
    return {run_again ? FinishAnswer::Kind::kRecorded : FinishAnswer::Kind::kStale, row->status};
  }
  const auto row = find_row(tx, fence.id);
  if (!row) return {};  // only after a failure
  add_event(tx, fence.id, {ending.event, fence.attempt, error});
  if (row->status == State::kDead) copy_to_dead_letters(tx, fence.id, fence.attempt, write.dead_letter);
  return {FinishAnswer::Kind::kRecorded, row->status};
}

void add_possible_duplicate(Transaction& tx, const Fence& fence) {
  add_event(tx, fence.id, {kEventPossibleDuplicate, fence.attempt, "a newer attempt exists"});
}

FinishAnswer note_late_done(Transaction& tx, const Fence& fence, const Standing& row, std::string_view result) {
  const bool duplicate = row.attempt > fence.attempt;
  if (!has_event(tx, fence.id, kEventLateDone, fence.attempt)) {
    tx.db.run(kLateDone, fence.id, fence.attempt, result, tx.now);
    add_event(tx, fence.id, {kEventLateDone, fence.attempt, result});
    if (duplicate) add_possible_duplicate(tx, fence);
  }
  return {FinishAnswer::Kind::kLateDone, row.status, duplicate};
}

FinishAnswer note_done_twice(Transaction& tx, const Fence& fence, const Standing& row) {
  const bool duplicate = row.attempt > fence.attempt;
  if (duplicate && !has_event(tx, fence.id, kEventPossibleDuplicate, fence.attempt)) {
    tx.db.run(kDoneTwice, fence.id, fence.attempt, tx.now);
    add_possible_duplicate(tx, fence);
  }
  return {FinishAnswer::Kind::kRecorded, row.status, duplicate};
}

FinishAnswer explain_done(Transaction& tx, const Fence& fence, std::string_view result) {
  const auto row = read_standing(tx, fence.id);
  if (!row) return {.kind = FinishAnswer::Kind::kUnknownId};
  const bool since_replay = fence.attempt > row->replay_attempt && fence.attempt <= row->attempt;
  if (since_replay && row->status == State::kConsumed) return note_done_twice(tx, fence, *row);
  if (since_replay && (row->status == State::kDead || row->status == State::kCancelled)) {
    return note_late_done(tx, fence, *row, result);
  }
  return {FinishAnswer::Kind::kStale, row->status};
}

FinishAnswer finish_done(Transaction& tx, const Finish& write, const Done& done) {
  const Fence& fence = write.fence;
  const auto result = bounded(done.result);
  const auto& owner = tx.owners.of(fence.owner);
  const FinishAnswer recorded{FinishAnswer::Kind::kRecorded, State::kConsumed};
  if (tx.db.run(kDoneByOpenAttempt, fence.id, fence.attempt, owner, tx.now, result, write.times.publish_time,
                write.times.confirm_time) == 1) {
    tx.finished.enter(State::kConsumed);
    return recorded;
  }
  const auto row = find_row(tx, fence.id);
  if (!row) return {.kind = FinishAnswer::Kind::kUnknownId};
  if (tx.db.run(kDone, row->rowid, fence.attempt, owner, tx.now, result, write.times.publish_time,
                write.times.confirm_time) == 0) {
    return explain_done(tx, fence, result);
  }
  if (row->finished()) tx.finished.leave(row->status);
  tx.finished.enter(State::kConsumed);
  if (row->attempt == fence.attempt) return recorded;
  add_possible_duplicate(tx, fence);
  return {FinishAnswer::Kind::kRecorded, State::kConsumed, /*possible_duplicate=*/true};
}

}  // namespace

FinishAnswer apply(Transaction& tx, const Finish& write) {
  if (const auto status = check_recipients(write.recipients); !status) tx.db.fail_statement(status.error().message);
  record_recipients(tx, write);
  if (const auto* done = std::get_if<Done>(&write.outcome)) return finish_done(tx, write, *done);
  return end_attempt(tx, write);
}

}  // namespace waybill::sqlite
