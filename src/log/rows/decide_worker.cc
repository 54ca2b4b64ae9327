#include "log/rows/answers.h"
#include "log/rows/decide.h"

namespace waybill::rows {
namespace {

ClaimVerdict verdict_on(const Standing& row, WallTime now) {
  if (row.owner) return ClaimVerdict::kBusy;
  if (row.on_hold()) return ClaimVerdict::kOnHold;
  switch (row.status) {
    case State::kConsumed:
      return ClaimVerdict::kFinished;
    case State::kCancelled:
      return ClaimVerdict::kCancelled;
    case State::kDead:
      return ClaimVerdict::kDead;
    case State::kConsumeFailed:
    case State::kOutcomeUnknown:
      if (is_ahead(row.next_try_time, now)) return ClaimVerdict::kNotDue;
      break;
    case State::kSending:
    case State::kSent:
    case State::kSendFailed:
      break;
  }
  return is_ahead(row.not_before, now) ? ClaimVerdict::kNotDue : ClaimVerdict::kGranted;
}

ClaimAnswer answer_claim(const WorkingSet& set, const WorkingRow& row, const Claim& write, ClaimVerdict verdict) {
  const Standing& r = *row.now;
  ClaimAnswer answer{.verdict = verdict,
                     .attempt = r.attempt,
                     .try_count = r.try_count,
                     .crash_count = r.crash_count,
                     .publish_number = r.publish_count,
                     .retry = r.retry(),
                     .store_now = set.now};
  if (verdict != ClaimVerdict::kGranted) return answer;
  if (write.want_body) answer.body = row.content ? row.content : row.body;
  answer.recipients = row.recipients.records();
  return answer;
}

void open_attempt(WorkingSet& set, WorkingRow& row, const Claim& write) {
  Standing& r = set.edit(row);
  r.owner = to_string(write.owner);
  r.claim_token = write.token;
  r.outcome.reset();
  ++r.attempt;
  r.effect_begun = write.effect_begun;
  r.next_try_time = set.now + write.lease;
  r.not_before.reset();  // it has passed, and a clock that steps back must not bring it up again
  r.claim_time = set.now;
  if (!r.digest) r.digest = write.digest;
  if (!r.queue) r.queue = write.queue;
  note(r, write.times);
}

}  // namespace

Result<Answer> decide(WorkingSet& set, const Claim& write) {
  WorkingRow& row = set.at(write.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return Answer(ClaimAnswer{.verdict = ClaimVerdict::kUnknownId, .store_now = set.now});
  if (row.now->digest && write.digest && *row.now->digest != *write.digest) {
    return Answer(answer_claim(set, row, write, ClaimVerdict::kAnotherMessage));
  }
  if (is_dead_letter_copy(write.id)) return Answer(answer_claim(set, row, write, ClaimVerdict::kDead));
  if (row.now->owner == to_string(write.owner) && row.now->claim_token == write.token) {
    // Run again: its worker counts the lease from this run, so the row must too.
    set.edit(row).next_try_time = set.now + write.lease;
    return Answer(answer_claim(set, row, write, ClaimVerdict::kGranted));
  }
  std::optional<LapsedRow> lapsed;
  if (row.now->owner && !is_ahead(row.now->next_try_time, set.now) && may_lapse(set.now, write.lapse)) {
    lapsed = LapsedRow{write.id, lapse(set, row, write.lapse)};
  }
  const ClaimVerdict verdict = verdict_on(*row.now, set.now);
  if (verdict == ClaimVerdict::kGranted && write.want_body && !row.content && !row.body) {
    return make_error(ErrorClass::kPermanent, "the body is larger than what is ever loaded");
  }
  if (verdict == ClaimVerdict::kGranted) open_attempt(set, row, write);
  ClaimAnswer answer = answer_claim(set, row, write, verdict);
  answer.lapsed = std::move(lapsed);
  return Answer(std::move(answer));
}

// Running these two again does the same thing again, so there is nothing to recognise.
Result<Answer> decide(WorkingSet& set, const Renew& write) {
  WorkingRow& row = set.at(write.fence.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return no_such_row();
  if (!row.now->stands(write.fence)) return answer_of(row, false);
  set.edit(row).next_try_time = set.now + write.lease;
  return answer_of(row, true);
}

Result<Answer> decide(WorkingSet& set, const BeginEffect& write) {
  WorkingRow& row = set.at(write.fence.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return no_such_row();
  if (!row.now->stands(write.fence)) return answer_of(row, false);
  set.edit(row).effect_begun = true;
  return answer_of(row, true);
}

Result<Answer> decide(WorkingSet& set, const Release& write) {
  WorkingRow& row = set.at(write.fence.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return no_such_row();
  if (!row.now->stands(write.fence) || (row.now->effect_begun && !write.never_started)) {
    const bool run_again = row.now->status == State::kSending && !row.now->owner && !row.now->outcome &&
                           row.now->last_attempt_was(write.fence);
    return answer_of(row, run_again);
  }
  Standing& r = set.edit(row);
  ++r.publish_count;
  send_again(r, set.now);
  return answer_of(row, true);
}

}  // namespace waybill::rows
