#include "log/sqlite/events.h"
#include "log/sqlite/standing.h"
#include "log/sqlite/verbs.h"

namespace waybill::sqlite {
namespace {

// A foreign row that becomes final or is held stops being foreign (see relay_verbs.cc). An undecided queue was never
// handed to a publisher, whatever its publish number.
constexpr char kCancel[] =
    "UPDATE msg_log SET status = 7, next_try_time = NULL, update_time = ?2, "
    "publish_count = CASE WHEN queue IS NULL THEN max(publish_count, 1) ELSE publish_count END "
    "WHERE msg_id = ?1 AND owner IS NULL AND status IN (0, 1, 2, 4, 6) "
    "AND (queue IS NULL OR queue <> '' OR publish_count = 0) RETURNING attempt";

constexpr char kReschedule[] =
    "UPDATE msg_log SET status = 0, not_before = ?2, next_try_time = ?2, update_time = ?3, "
    "publish_count = publish_count + 1 "
    "WHERE msg_id = ?1 AND owner IS NULL AND status IN (0, 1, 2, 4) "
    "AND (status <> 0 OR not_before IS NOT ?2 OR next_try_time <> ?2) RETURNING attempt";

constexpr char kHold[] =
    "UPDATE msg_log SET status = 6, next_try_time = NULL, last_error = ?2, update_time = ?3, "
    "publish_count = CASE WHEN queue IS NULL THEN max(publish_count, 1) ELSE publish_count END "
    "WHERE msg_id = ?1 AND owner IS NULL AND status IN (0, 1, 2, 4, 6) AND (status <> 6 OR next_try_time IS NOT NULL) "
    "RETURNING attempt";

constexpr char kResolveDone[] =
    "UPDATE msg_log SET status = 3, next_try_time = NULL, consume_time = ?2, update_time = ?2 "
    "WHERE msg_id = ?1 AND owner IS NULL AND status = 6 RETURNING attempt";

// ?4: the states it may start from, as bits; ?5: 1 if the effect may be known to have happened.
constexpr char kDriveAgain[] =
    "UPDATE msg_log SET status = 0, next_try_time = max(?2, ifnull(not_before, ?2)), update_time = ?3, "
    "publish_count = publish_count + 1, try_count = 0, crash_count = 0, replay_attempt = attempt, "
    "consume_time = NULL, late_done = 0, again_count = again_count + ?5 "
    "WHERE msg_id = ?1 AND owner IS NULL AND (?4 >> status) & 1 AND (late_done = 0 OR ?5) RETURNING attempt";

constexpr States kUnknown = set_of(State::kOutcomeUnknown);
constexpr States kReplayable = set_of(State::kDead, State::kOutcomeUnknown, State::kCancelled);
constexpr States kReplayableAgain = set_of(State::kConsumed, State::kDead, State::kOutcomeUnknown, State::kCancelled);

struct DriveAgain {
  States from;
  Duration after{0};
  bool again = false;
  std::string_view event;
  std::string_view detail;
};

// These writes carry no token: one that finds the row just driven again finds the result it asked for.
VerbAnswer drive_again(Transaction& tx, const MessageId& id, const DriveAgain& how) {
  auto driven =
      tx.db.query(kDriveAgain, id, tx.now + how.after, tx.now, static_cast<std::int64_t>(how.from.bits), how.again);
  if (driven.next()) {
    add_event(tx, id, {how.event, driven.small(0), how.detail});
    return applied(State::kSending);
  }
  return explain(tx, id, [&](const Standing& row) {
    return row.status == State::kSending && !row.owner && last_event_kind(tx, id) == how.event;
  });
}

}  // namespace

VerbAnswer apply(Transaction& tx, const Cancel& write) {
  auto cancelled = tx.db.query(kCancel, write.id, tx.now);
  if (cancelled.next()) {
    add_event(tx, write.id, {kEventCancelled, cancelled.small(0), ""});
    return applied(State::kCancelled);
  }
  return explain(tx, write.id, [](const Standing& row) { return row.status == State::kCancelled; });
}

VerbAnswer apply(Transaction& tx, const Reschedule& write) {
  auto moved = tx.db.query(kReschedule, write.id, write.not_before, tx.now);
  if (moved.next()) {
    add_event(tx, write.id, {kEventRescheduled, moved.small(0), to_rfc3339(write.not_before)});
    return applied(State::kSending);
  }
  return explain(tx, write.id, [&](const Standing& row) {
    return row.status == State::kSending && !row.owner && row.not_before == write.not_before &&
           row.next_try_time == write.not_before;
  });
}

VerbAnswer apply(Transaction& tx, const Hold& write) {
  const auto reason = bounded(write.reason);
  auto held = tx.db.query(kHold, write.id, reason, tx.now);
  if (held.next()) {
    add_event(tx, write.id, {kEventHeld, held.small(0), reason});
    return applied(State::kOutcomeUnknown);
  }
  return explain(tx, write.id, [](const Standing& row) { return row.on_hold(); });
}

VerbAnswer apply(Transaction& tx, const Resolve& write) {
  if (!write.happened) {
    return drive_again(tx, write.id, {.from = kUnknown, .event = kEventResolved, .detail = "it did not happen"});
  }
  auto resolved = tx.db.query(kResolveDone, write.id, tx.now);
  if (resolved.next()) {
    add_event(tx, write.id, {kEventResolved, resolved.small(0), "it happened"});
    return applied(State::kConsumed);
  }
  return explain(tx, write.id, [](const Standing& row) { return row.status == State::kConsumed; });
}

VerbAnswer apply(Transaction& tx, const Replay& write) {
  return drive_again(tx, write.id,
                     {.from = write.again ? kReplayableAgain : kReplayable,
                      .after = write.after,
                      .again = write.again,
                      .event = kEventReplayed,
                      .detail = write.again ? "again" : ""});
}

}  // namespace waybill::sqlite
