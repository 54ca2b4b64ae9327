#include <utility>

#include "testing/memory_log/batch.h"

namespace waybill {
namespace {

bool is_another_message(const StoredRow& row, const Claim& claim) {
  return row.digest && claim.digest && *row.digest != *claim.digest;
}

ClaimVerdict verdict_on(const StoredRow& row, const Batch& batch) {
  const auto is_ahead = [&](std::optional<WallTime> time) { return time && *time > batch.now; };
  if (row.owner && !batch.drop.claim_grants_open_attempt) return ClaimVerdict::kBusy;
  if (row.on_hold() && !batch.drop.claim_grants_on_hold) return ClaimVerdict::kOnHold;
  if (!is_final(row.status) && is_ahead(row.message.not_before) && !batch.drop.claim_ignores_not_before) {
    return ClaimVerdict::kNotDue;
  }
  switch (row.status) {
    case State::kConsumed:
      return ClaimVerdict::kFinished;
    case State::kCancelled:
      return ClaimVerdict::kCancelled;
    case State::kDead:
      return ClaimVerdict::kDead;
    case State::kConsumeFailed:
    case State::kOutcomeUnknown:
      if (is_ahead(row.next_try_time) && !batch.drop.claim_ignores_retry_delay) return ClaimVerdict::kNotDue;
      break;
    case State::kSending:
    case State::kSent:
    case State::kSendFailed:
      break;
  }
  return ClaimVerdict::kGranted;
}

void open_attempt(StoredRow& row, const Claim& claim, Batch& batch) {
  batch.change(row, Verb::kClaim, [&](StoredRow& r) {
    r.owner = claim.owner;
    r.claim_token = batch.drop.claim_token_not_kept ? Token{} : claim.token;
    if (batch.drop.append_token_lost_by_claim) r.append_token = Token{};
    ++r.attempt;
    r.effect_begun = claim.effect_begun;
    r.ended_by.reset();
    r.next_try_time = batch.now + claim.lease;
    r.claim_time = batch.now;
    // It has passed, and a clock that steps back must not bring it up again.
    if (!batch.drop.claim_keeps_not_before) r.message.not_before.reset();
    if (!r.digest) r.digest = claim.digest;
    if (!r.queue) r.queue = claim.queue;
    note(r, claim.times);
  });
}

ClaimAnswer answer_claim(const StoredRow& row, const Claim& claim, ClaimVerdict verdict, const Batch& batch) {
  ClaimAnswer answer{.verdict = verdict,
                     .attempt = row.attempt,
                     .try_count = row.try_count,
                     .crash_count = row.crash_count,
                     .publish_number = row.publish_count,
                     .retry = row.message.retry,
                     .store_now = batch.now};
  if (verdict == ClaimVerdict::kGranted) answer.recipients = batch.recipients_of(row);
  if (claim.want_body && verdict == ClaimVerdict::kGranted) answer.body = row.message.body;
  return answer;
}

}  // namespace

Result<Answer> apply(const Claim& write, Batch& batch) {
  StoredRow* row = batch.rows.find(write.id);
  if (row == nullptr) return Answer(ClaimAnswer{.verdict = ClaimVerdict::kUnknownId, .store_now = batch.now});
  std::optional<LapsedRow> lapsed;
  const auto answer = [&](ClaimVerdict verdict) {
    ClaimAnswer claimed = answer_claim(*row, write, verdict, batch);
    claimed.lapsed = lapsed;
    return Answer(std::move(claimed));
  };
  if (is_another_message(*row, write) && !batch.drop.claim_ignores_digest) {
    return answer(ClaimVerdict::kAnotherMessage);
  }
  if (is_dead_letter_copy(row->message)) return answer(ClaimVerdict::kDead);
  if (row->owner == write.owner && row->claim_token == write.token) {
    // The worker counts its lease from this run, so the row must too.
    batch.change(*row, Verb::kRenew, [&](StoredRow& r) { r.next_try_time = batch.now + write.lease; });
    return answer(ClaimVerdict::kGranted);
  }
  if (phase_of(*row, batch.now) == Phase::kLapsed && batch.may_lapse(write.lapse)) {
    batch.lapse(*row, write.lapse, !batch.drop.own_lapsed_claim_not_counted);
    if (!batch.drop.lapse_tells_nobody) lapsed = LapsedRow{write.id, row->status};
  }
  const ClaimVerdict verdict = verdict_on(*row, batch);
  if (verdict == ClaimVerdict::kGranted) open_attempt(*row, write, batch);
  return answer(verdict);
}

Result<Answer> apply(const Renew& write, Batch& batch) {
  StoredRow* row = batch.rows.find(write.fence.id);
  if (row == nullptr) return Answer(no_such_row());
  bool allowed = stands(*row, write.fence) || (batch.drop.renew_without_fencing && row->owner);
  if (batch.drop.renew_leaves_lapsed && phase_of(*row, batch.now) == Phase::kLapsed) allowed = false;
  if (allowed) batch.change(*row, Verb::kRenew, [&](StoredRow& r) { r.next_try_time = batch.now + write.lease; });
  return Answer(answer_of(*row, allowed));
}

Result<Answer> apply(const BeginEffect& write, Batch& batch) {
  StoredRow* row = batch.rows.find(write.fence.id);
  if (row == nullptr) return Answer(no_such_row());
  const bool allowed = stands(*row, write.fence) || (batch.drop.begin_effect_without_fencing && row->owner);
  if (allowed) batch.change(*row, Verb::kBeginEffect, [](StoredRow& r) { r.effect_begun = true; });
  return Answer(answer_of(*row, allowed));
}

Result<Answer> apply(const Release& write, Batch& batch) {
  StoredRow* row = batch.rows.find(write.fence.id);
  if (row == nullptr) return Answer(no_such_row());
  const bool attested = write.never_started && !batch.drop.release_only_by_what_the_claim_said;
  const bool allowed =
      stands(*row, write.fence) && (!row->effect_begun || attested || batch.drop.release_after_effect_begun);
  if (!allowed) {
    const bool again = row->status == State::kSending && !row->owner && !row->ended_by &&
                       row->attempt == write.fence.attempt && row->claim_token == write.fence.token;
    return Answer(answer_of(*row, again));
  }
  batch.change(*row, Verb::kRelease,
               [&](StoredRow& r) { send_again(r, batch.now, batch.drop.release_keeps_publish_number); });
  return Answer(answer_of(*row, true));
}

}  // namespace waybill
