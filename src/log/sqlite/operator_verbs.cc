#include "log/sqlite/events.h"
#include "log/sqlite/recipients.h"
#include "log/sqlite/standing.h"
#include "log/sqlite/verbs.h"

namespace waybill::sqlite {
namespace {

// A foreign row that becomes final or is held stops being foreign (see relay_verbs.cc). An undecided queue was never
// handed to a publisher, whatever its publish number.
constexpr char kCancel[] =
    "UPDATE msg_log SET status = 7, next_try_time = NULL, update_time = ?2, "
    "publish_count = CASE WHEN queue IS NULL THEN max(publish_count, 1) ELSE publish_count END "
    "WHERE rowid = ?1 AND owner IS NULL AND status <> 3 AND status <> 5 AND status <> 7 "
    "AND (queue IS NULL OR queue <> '' OR publish_count = 0)";

// What was never published has no publish whose mark could come late: its number stays 0, and it may still be withdrawn
// (docs/adr/0006). So it is with a replay.
constexpr char kReschedule[] =
    "UPDATE msg_log SET status = 0, not_before = ?2, next_try_time = ?2, update_time = ?3, "
    "publish_count = publish_count + (publish_count > 0) "
    "WHERE rowid = ?1 AND owner IS NULL AND (status <= 2 OR status = 4) "
    "AND (status <> 0 OR not_before IS NOT ?2 OR next_try_time <> ?2)";

constexpr char kHold[] =
    "UPDATE msg_log SET status = 6, next_try_time = NULL, last_error = ?2, update_time = ?3, "
    "publish_count = CASE WHEN queue IS NULL THEN max(publish_count, 1) ELSE publish_count END "
    "WHERE rowid = ?1 AND owner IS NULL AND status <> 3 AND status <> 5 AND status <> 7 "
    "AND (status <> 6 OR next_try_time IS NOT NULL)";

constexpr char kResolveDone[] =
    "UPDATE msg_log SET status = 3, next_try_time = NULL, consume_time = ?2, update_time = ?2 "
    "WHERE rowid = ?1 AND owner IS NULL AND status = 6";

// ?4: the states it may start from, as bits; ?5: 1 if the effect may be known to have happened; ?6: 1 if ?2 lies ahead,
// which `not_before` then explains to the sweep.
constexpr char kDriveAgain[] =
    "UPDATE msg_log SET status = 0, next_try_time = max(?2, ifnull(not_before, ?2)), "
    "not_before = CASE WHEN ?6 THEN max(?2, ifnull(not_before, ?2)) ELSE not_before END, update_time = ?3, "
    "publish_count = publish_count + (publish_count > 0), try_count = 0, crash_count = 0, replay_attempt = attempt, "
    "consume_time = NULL, late_done = 0, again_count = again_count + ?5 "
    "WHERE rowid = ?1 AND owner IS NULL AND (?4 >> status) & 1 AND (late_done = 0 OR ?5)";

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

// A verb that found `row` has changed it: what that means for the counts of finished rows, and its line in the history.
void note_change(Transaction& tx, const MessageId& id, const FoundRow& row, State to, const Event& event) {
  if (row.finished()) tx.finished.leave(row.status);
  if (to == State::kConsumed || to == State::kCancelled) tx.finished.enter(to);
  add_event(tx, id, event);
}

// These writes carry no token: one that finds the row just driven again finds the result it asked for.
VerbAnswer drive_again(Transaction& tx, const MessageId& id, const DriveAgain& how) {
  const auto row = find_row(tx, id);
  if (!row) return {.kind = VerbAnswer::Kind::kUnknownId};
  if (tx.db.run(kDriveAgain, row->rowid, tx.now + how.after, tx.now, static_cast<std::int64_t>(how.from.bits),
                how.again, how.after > Duration{0}) == 1) {
    note_change(tx, id, *row, State::kSending, {how.event, row->attempt, how.detail});
    if (how.opens_refused) open_refused(tx, id);
    return applied(State::kSending);
  }
  return explain(tx, id, [&](const Standing& standing) {
    return standing.status == State::kSending && !standing.owner && last_event_kind(tx, id) == how.event;
  });
}

}  // namespace

VerbAnswer apply(Transaction& tx, const Cancel& write) {
  const auto row = find_row(tx, write.id);
  if (!row) return {.kind = VerbAnswer::Kind::kUnknownId};
  if (tx.db.run(kCancel, row->rowid, tx.now) == 1) {
    note_change(tx, write.id, *row, State::kCancelled, {kEventCancelled, row->attempt, ""});
    return applied(State::kCancelled);
  }
  return explain(tx, write.id, [](const Standing& standing) { return standing.status == State::kCancelled; });
}

VerbAnswer apply(Transaction& tx, const Reschedule& write) {
  const auto row = find_row(tx, write.id);
  if (!row) return {.kind = VerbAnswer::Kind::kUnknownId};
  if (tx.db.run(kReschedule, row->rowid, write.not_before, tx.now) == 1) {
    note_change(tx, write.id, *row, State::kSending, {kEventRescheduled, row->attempt, to_rfc3339(write.not_before)});
    return applied(State::kSending);
  }
  return explain(tx, write.id, [&](const Standing& standing) {
    return standing.status == State::kSending && !standing.owner && standing.not_before == write.not_before &&
           standing.next_try_time == write.not_before;
  });
}

VerbAnswer apply(Transaction& tx, const Hold& write) {
  const auto row = find_row(tx, write.id);
  if (!row) return {.kind = VerbAnswer::Kind::kUnknownId};
  const auto reason = bounded(write.reason);
  if (tx.db.run(kHold, row->rowid, reason, tx.now) == 1) {
    note_change(tx, write.id, *row, State::kOutcomeUnknown, {kEventHeld, row->attempt, reason});
    return applied(State::kOutcomeUnknown);
  }
  return explain(tx, write.id, [](const Standing& standing) { return standing.on_hold(); });
}

VerbAnswer apply(Transaction& tx, const Resolve& write) {
  if (!write.happened) {
    return drive_again(tx, write.id, {.from = kUnknown, .event = kEventResolved, .detail = "it did not happen"});
  }
  const auto row = find_row(tx, write.id);
  if (!row) return {.kind = VerbAnswer::Kind::kUnknownId};
  if (tx.db.run(kResolveDone, row->rowid, tx.now) == 1) {
    note_change(tx, write.id, *row, State::kConsumed, {kEventResolved, row->attempt, "it happened"});
    return applied(State::kConsumed);
  }
  return explain(tx, write.id, [](const Standing& standing) { return standing.status == State::kConsumed; });
}

VerbAnswer apply(Transaction& tx, const Replay& write) {
  return drive_again(tx, write.id,
                     {.from = write.again ? kReplayableAgain : kReplayable,
                      .after = write.after,
                      .again = write.again,
                      .opens_refused = true,
                      .event = kEventReplayed,
                      .detail = write.again ? "again" : ""});
}

}  // namespace waybill::sqlite
