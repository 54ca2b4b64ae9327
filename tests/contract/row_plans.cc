#include "tests/contract/row_plans.h"

#include <utility>

namespace waybill::contract {
namespace {

constexpr Duration kShort{1'000};
constexpr Duration kLong = std::chrono::hours(1);

bool has_attempt(const RowPlan& plan) { return plan.phase == Phase::kAttempt || plan.phase == Phase::kLapsed; }

// True if an attempt must have ended before the row can stand as planned.
bool needs_former_attempt(const RowPlan& plan) {
  switch (plan.state) {
    case State::kConsumed:
      return !plan.foreign;
    case State::kConsumeFailed:
    case State::kDead:
    case State::kOutcomeUnknown:
      return true;
    case State::kSending:
    case State::kSent:
    case State::kSendFailed:
    case State::kCancelled:
      break;
  }
  return plan.after_attempt;
}

Append append_of(LogHarness& h, const RowPlan& plan) {
  Append write = plan.external ? h.new_external_append(plan.id()) : h.new_append(plan.id());
  write.publish_now = plan.published;
  write.grace = plan.due ? kShort : kLong;
  return write;
}

Write end_of_former_attempt(LogHarness& h, const RowPlan& plan, const Fence& fence) {
  if (plan.after_attempt) return Release{fence};
  Finish finish = h.new_finish(fence, Done{"result"});
  if (plan.state == State::kConsumeFailed) finish.outcome = Retry{"busy", {}};
  if (plan.state == State::kDead) finish.outcome = Fail{"never"};
  if (plan.state == State::kOutcomeUnknown) finish.outcome = Unknown{"no answer"};
  if (plan.phase == Phase::kHeld) finish.unknown = UnknownPolicy::kHold;
  finish.delay = plan.due ? Duration{0} : kLong;
  return finish;
}

Claim claim_of(LogHarness& h, const RowPlan& plan, bool effect_begun, Duration lease) {
  Claim claim = h.new_claim(plan.id());
  claim.effect_begun = effect_begun;
  claim.lease = lease;
  return claim;
}

/// Claims rows in one commit and keeps their fences.
class Claims {
 public:
  void add(ReadyRow& row, Claim claim) {
    rows_.push_back(&row);
    claims_.push_back(std::move(claim));
  }
  void commit(LogHarness& h) {
    const auto answers = h.commit({claims_.begin(), claims_.end()});
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const auto& answer = std::get<ClaimAnswer>(answers[i]);
      check(answer.verdict == ClaimVerdict::kGranted, "the claim of " + claims_[i].id.value + " is granted");
      rows_[i]->fence = {claims_[i].id, claims_[i].owner, answer.attempt, claims_[i].token};
    }
  }

 private:
  std::vector<ReadyRow*> rows_;
  std::vector<Claim> claims_;
};

void append_all(LogHarness& h, std::vector<ReadyRow>& rows) {
  std::vector<Write> appends;
  for (const auto& [plan, _] : rows) {
    if (plan.phase == Phase::kAbsent) continue;
    if (plan.foreign) {
      h.append_foreign(plan.id(), static_cast<int>(plan.state));
    } else {
      appends.emplace_back(append_of(h, plan));
    }
  }
  h.commit(appends);
}

void run_former_attempts(LogHarness& h, std::vector<ReadyRow>& rows) {
  Claims claims;
  for (ReadyRow& row : rows) {
    if (needs_former_attempt(row.plan)) claims.add(row, claim_of(h, row.plan, !row.plan.after_attempt, kLong));
  }
  claims.commit(h);
  std::vector<Write> ends;
  for (const auto& [plan, fence] : rows) {
    if (needs_former_attempt(plan)) ends.push_back(end_of_former_attempt(h, plan, fence));
  }
  h.commit(ends);
}

void mark_and_cancel(LogHarness& h, std::vector<ReadyRow>& rows) {
  std::vector<Write> writes;
  for (const auto& [plan, _] : rows) {
    if (plan.foreign || plan.phase == Phase::kAbsent) continue;
    if (plan.state == State::kSent) writes.emplace_back(h.new_mark_sent(plan.id()));
    if (plan.state == State::kCancelled) writes.emplace_back(Cancel{{plan.id()}});
    if (plan.state != State::kSendFailed) continue;
    MarkFailed failed = h.new_mark_failed(plan.id());
    failed.backoff = plan.due ? Duration{0} : kLong;
    writes.emplace_back(failed);
  }
  h.commit(writes);
}

void open_attempts(LogHarness& h, std::vector<ReadyRow>& rows) {
  Claims claims;
  for (ReadyRow& row : rows) {
    if (!has_attempt(row.plan)) continue;
    const Duration lease = row.plan.phase == Phase::kLapsed ? kShort : kLong;
    claims.add(row, claim_of(h, row.plan, row.plan.effect_begun, lease));
  }
  claims.commit(h);
}

}  // namespace

std::string RowPlan::id() const {
  std::string text = show(state) + "." + show(phase);
  if (!due) text += ".later";
  if (external) text += ".external";
  if (!published) text += ".unpublished";
  if (foreign) text += ".foreign";
  if (after_attempt) text += ".after_attempt";
  if (!effect_begun) text += ".not_begun";
  return text;
}

std::vector<RowPlan> all_row_plans() {
  std::vector<RowPlan> plans = {{.phase = Phase::kAbsent}, {.state = State::kOutcomeUnknown, .phase = Phase::kHeld}};
  for (const State state : kAllStates) plans.push_back({.state = state});
  for (const State state : {State::kSending, State::kSendFailed, State::kConsumeFailed, State::kOutcomeUnknown}) {
    plans.push_back({.state = state, .due = false});
  }
  for (const State state : {State::kSending, State::kSent, State::kSendFailed}) {
    plans.push_back({.state = state, .external = true});
  }
  plans.push_back({.external = true, .published = false});
  for (const State state : {State::kSending, State::kSent, State::kSendFailed, State::kConsumed}) {
    plans.push_back({.state = state, .foreign = true});
  }
  for (const State state : {State::kSending, State::kSent, State::kSendFailed, State::kCancelled}) {
    plans.push_back({.state = state, .after_attempt = true});
  }
  for (const State state : kAllStates) {
    if (!kOpenStates.has(state)) continue;
    for (const Phase phase : {Phase::kAttempt, Phase::kLapsed}) {
      for (const bool begun : {true, false}) {
        plans.push_back({.state = state, .phase = phase, .effect_begun = begun});
      }
    }
  }
  return plans;
}

std::vector<ReadyRow> make_rows(LogHarness& h, const std::vector<RowPlan>& plans) {
  std::vector<ReadyRow> rows;
  for (const RowPlan& plan : plans) rows.push_back({plan, {{plan.id()}, kWorker, 1, h.fresh_token()}});
  append_all(h, rows);
  run_former_attempts(h, rows);
  mark_and_cancel(h, rows);
  open_attempts(h, rows);
  h.advance(kShort * 10);
  return rows;
}

Standing standing_of(LogHarness& h, const std::string& id) {
  Standing standing{.snapshot = h.snapshot({id})};
  if (!h.exists(id)) return standing;
  const Row row = h.row(id);
  standing.state = row.status;
  const bool lease_runs = row.owner && row.next_try_time > h.now();
  if (row.owner) {
    standing.phase = lease_runs ? Phase::kAttempt : Phase::kLapsed;
  } else {
    standing.phase = row.on_hold() ? Phase::kHeld : Phase::kUnclaimed;
  }
  return standing;
}

}  // namespace waybill::contract
