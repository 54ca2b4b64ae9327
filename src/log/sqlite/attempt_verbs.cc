#include "log/sqlite/standing.h"
#include "log/sqlite/verbs.h"

namespace waybill::sqlite {
namespace {

constexpr char kRenew[] =
    "UPDATE msg_log SET next_try_time = ?4, update_time = ?5 WHERE rowid = ?1 AND owner = ?2 AND attempt = ?3";

constexpr char kBeginEffect[] =
    "UPDATE msg_log SET effect_begun = 1, update_time = ?4 WHERE rowid = ?1 AND owner = ?2 AND attempt = ?3";

constexpr char kRelease[] =
    "UPDATE msg_log SET status = 0, owner = NULL, publish_count = publish_count + 1, "
    "next_try_time = max(?4, ifnull(not_before, ?4)), update_time = ?4 "
    "WHERE msg_id = ?1 AND owner = ?2 AND attempt = ?3 AND (effect_begun = 0 OR ?5)";

VerbAnswer refused(const FoundRow& row) { return {VerbAnswer::Kind::kRefused, row.status, row.owned}; }

}  // namespace

// Running these two again does the same thing again, so there is nothing to recognise.
VerbAnswer apply(Transaction& tx, const Renew& write) {
  const Fence& fence = write.fence;
  const auto row = find_row(tx, fence.id);
  if (!row) return {.kind = VerbAnswer::Kind::kUnknownId};
  const int renewed =
      tx.db.run(kRenew, row->rowid, tx.owners.of(fence.owner), fence.attempt, tx.now + write.lease, tx.now);
  return renewed == 1 ? applied(row->status, /*attempt_open=*/true) : refused(*row);
}

VerbAnswer apply(Transaction& tx, const BeginEffect& write) {
  const Fence& fence = write.fence;
  const auto row = find_row(tx, fence.id);
  if (!row) return {.kind = VerbAnswer::Kind::kUnknownId};
  const int begun = tx.db.run(kBeginEffect, row->rowid, tx.owners.of(fence.owner), fence.attempt, tx.now);
  return begun == 1 ? applied(row->status, /*attempt_open=*/true) : refused(*row);
}

VerbAnswer apply(Transaction& tx, const Release& write) {
  const Fence& fence = write.fence;
  if (tx.db.run(kRelease, fence.id, tx.owners.of(fence.owner), fence.attempt, tx.now, write.never_started) == 1) {
    return applied(State::kSending);
  }
  return explain(tx, fence.id, [&](const Standing& row) {
    return row.status == State::kSending && !row.owner && !row.outcome && row.last_attempt_was(fence);
  });
}

}  // namespace waybill::sqlite
