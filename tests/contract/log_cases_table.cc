// The generated case: every verb on a row of every kind, compared with the table of core/delivery_state.h. Where no
// arrow begins nothing may change; where one does, the row must end at its point or stay; and every arrow must be seen.
#include <functional>
#include <set>
#include <tuple>
#include <utility>

#include "core/delivery_state.h"
#include "tests/contract/log_harness.h"
#include "tests/contract/row_plans.h"

namespace waybill::contract {
namespace {

using Arrow = std::tuple<State, Phase, Verb, State, Phase>;

/// One verb in one form: on each row by itself, or once on the whole log.
struct VerbPlan {
  Verb verb;
  std::string form;
  std::function<Write(LogHarness&, const ReadyRow&)> on_row;
  std::function<Write(LogHarness&)> on_log = nullptr;
};

std::string show_arrow(const Arrow& arrow) {
  const auto& [from, phase, verb, to, to_phase] = arrow;
  return show(from) + "." + show(phase) + " --" + std::string(to_string(verb)) + "--> " + show(to) + "." +
         show(to_phase);
}

LapseRule rule_of(UnknownPolicy policy, int crash_limit) {
  LapseRule rule;
  rule.unknown = policy;
  rule.crash_limit = crash_limit;
  return rule;
}

const std::vector<std::pair<std::string, LapseRule>>& lapse_rules() {
  static const std::vector<std::pair<std::string, LapseRule>> kRules = {
      {"retry", rule_of(UnknownPolicy::kRetry, 5)},
      {"hold", rule_of(UnknownPolicy::kHold, 5)},
      {"last crash", rule_of(UnknownPolicy::kRetry, 1)}};
  return kRules;
}

template <class W>
VerbPlan by_id(Verb verb, std::string form, W write) {
  return {verb, std::move(form), [write](LogHarness&, const ReadyRow& row) {
            W copy = write;
            copy.id = row.fence.id;
            return Write(copy);
          }};
}

template <class W>
VerbPlan by_fence(Verb verb) {
  return {verb, "", [](LogHarness&, const ReadyRow& row) { return Write(W{row.fence}); }};
}

VerbPlan by_outcome(Verb verb, std::string form, HandlerOutcome outcome, int max_tries, UnknownPolicy policy) {
  return {verb, std::move(form), [=](LogHarness& h, const ReadyRow& row) {
            Finish finish = h.new_finish(row.fence, outcome);
            finish.max_tries = max_tries;
            finish.unknown = policy;
            return Write(finish);
          }};
}

void add_intake_verbs(std::vector<VerbPlan>& plans) {
  plans.push_back(
      {Verb::kAppend, "", [](LogHarness& h, const ReadyRow& row) { return Write(h.new_append(row.plan.id())); }});
  plans.push_back({Verb::kAdopt, "", [](LogHarness& h, const ReadyRow& row) {
                     Adopt adopt{h.message(row.plan.id()), digest_of("body"), h.new_claim(row.plan.id())};
                     return Write(adopt);
                   }});
  plans.push_back({Verb::kPark, "", [](LogHarness& h, const ReadyRow& row) {
                     return Write(Park{h.message(row.plan.id()), digest_of("body"), kMailQueue, "row gone"});
                   }});
}

void add_relay_verbs(std::vector<VerbPlan>& plans) {
  for (const auto& [name, rule] : lapse_rules()) {
    plans.push_back({Verb::kTake, name, nullptr, [rule](LogHarness& h) {
                       Take take = h.new_take();
                       take.lapse = rule;
                       return Write(take);
                     }});
    plans.push_back({Verb::kLapse, name, nullptr, [rule](LogHarness&) {
                       return Write(LapseOwner{{kWorker.instance, {99}}, 1'000, rule});
                     }});
  }
  plans.push_back(by_id(Verb::kRefuse, "", Refuse{{}, "too large"}));
  const auto publish_number = [](LogHarness& h, const ReadyRow& row) {
    return h.exists(row.plan.id()) ? h.row(row.plan.id()).publish_count : 1;
  };
  plans.push_back({Verb::kMarkSent, "", [=](LogHarness& h, const ReadyRow& row) {
                     return Write(MarkSent{row.fence.id, publish_number(h, row), h.now()});
                   }});
  plans.push_back({Verb::kMarkFailed, "", [=](LogHarness& h, const ReadyRow& row) {
                     return Write(MarkFailed{row.fence.id, publish_number(h, row), kBackoff, "late", "nacked"});
                   }});
  plans.push_back({Verb::kLost, "", nullptr, [](LogHarness& h) {
                     return Write(Lost{kMailQueue, h.now(), std::nullopt, 1'000, "later ones came"});
                   }});
}

void add_worker_verbs(std::vector<VerbPlan>& plans) {
  for (const auto& [name, rule] : lapse_rules()) {
    plans.push_back({Verb::kClaim, name, [rule](LogHarness& h, const ReadyRow& row) {
                       Claim claim = h.new_claim(row.plan.id());
                       claim.owner = kOtherWorker;
                       claim.lapse = rule;
                       return Write(claim);
                     }});
  }
  plans.push_back(by_fence<Renew>(Verb::kRenew));
  plans.push_back(by_fence<BeginEffect>(Verb::kBeginEffect));
  plans.push_back(by_fence<Release>(Verb::kRelease));
  const auto retry = UnknownPolicy::kRetry;
  plans.push_back(by_outcome(Verb::kFinishDone, "", Done{"late result"}, 100, retry));
  plans.push_back(by_outcome(Verb::kFinishRetry, "", Retry{"late", {}}, 100, retry));
  plans.push_back(by_outcome(Verb::kFinishRetry, "used up", Retry{"late", {}}, 1, retry));
  plans.push_back(by_outcome(Verb::kFinishRetry, "no try", Retry{"late", {}, false}, 1, retry));
  plans.push_back(by_outcome(Verb::kFinishFail, "", Fail{"late"}, 100, retry));
  plans.push_back(by_outcome(Verb::kFinishUnknown, "", Unknown{"late"}, 100, retry));
  plans.push_back(by_outcome(Verb::kFinishUnknown, "hold", Unknown{"late"}, 100, UnknownPolicy::kHold));
  plans.push_back(by_outcome(Verb::kFinishUnknown, "used up", Unknown{"late"}, 1, retry));
}

void add_peoples_verbs(std::vector<VerbPlan>& plans) {
  plans.push_back(by_id(Verb::kCancel, "", Cancel{}));
  plans.push_back({Verb::kReschedule, "", [](LogHarness& h, const ReadyRow& row) {
                     return Write(Reschedule{row.fence.id, h.now() + kDelay});
                   }});
  plans.push_back(by_id(Verb::kHold, "", Hold{{}, "look at it"}));
  plans.push_back(by_id(Verb::kResolveDone, "", Resolve{{}, true}));
  plans.push_back(by_id(Verb::kResolveRetry, "", Resolve{{}, false}));
  plans.push_back(by_id(Verb::kReplay, "", Replay{{}, false, {}}));
  plans.push_back(by_id(Verb::kReplayAgain, "", Replay{{}, true, {}}));
  plans.push_back({Verb::kPrune, "", nullptr, [](LogHarness&) { return Write(Prune{Duration{0}, 1'000}); }});
}

std::vector<VerbPlan> all_verb_plans() {
  std::vector<VerbPlan> plans;
  add_intake_verbs(plans);
  add_relay_verbs(plans);
  add_worker_verbs(plans);
  add_peoples_verbs(plans);
  return plans;
}

/// Every arrow of the table that a row can stand at the beginning of.
std::set<Arrow> all_arrows() {
  std::set<Arrow> arrows;
  const auto can_be = [](State state, Phase phase) {
    if (phase == Phase::kHeld) return state == State::kOutcomeUnknown;
    return phase == Phase::kUnclaimed || phase == Phase::kAbsent || kOpenStates.has(state);
  };
  for (const Transition& t : transitions()) {
    for (const State from : kAllStates) {
      for (const Phase phase : {Phase::kAbsent, Phase::kUnclaimed, Phase::kHeld, Phase::kAttempt, Phase::kLapsed}) {
        if (!t.from.has(from) || !t.phases.has(phase) || !can_be(from, phase)) continue;
        arrows.emplace(from, phase, t.verb, t.to.value_or(from), t.to_phase);
      }
    }
  }
  return arrows;
}

bool says_applied(const Answer& answer) {
  if (const auto* verb = std::get_if<VerbAnswer>(&answer)) return verb->applied();
  if (const auto* claim = std::get_if<ClaimAnswer>(&answer)) return claim->verdict == ClaimVerdict::kGranted;
  if (const auto* append = std::get_if<AppendAnswer>(&answer)) return append->kind == AppendAnswer::Kind::kAccepted;
  if (const auto* finish = std::get_if<FinishAnswer>(&answer)) {
    return finish->kind == FinishAnswer::Kind::kRecorded || finish->kind == FinishAnswer::Kind::kLateDone;
  }
  return false;
}

/// Compares what was seen with the table and keeps the arrows.
class TableCheck {
 public:
  void compare(Verb verb, const std::string& what, const Standing& before, const Standing& after, bool applied) {
    const bool changed = before.snapshot != after.snapshot;
    if (!changed && !applied) return;
    const State to = after.phase == Phase::kAbsent ? before.state : after.state;
    if (goes(before.state, before.phase, verb, to, after.phase)) return;
    if (ends_a_lapse(verb, before) && goes_by_lapse(verb, before, to, after.phase)) return;
    check(!changed, what + ": the table has no arrow " +
                        show_arrow({before.state, before.phase, verb, to, after.phase}) +
                        "\n  before: " + before.snapshot + "\n  after:  " + after.snapshot);
  }

  void must_have_seen_all() const {
    std::string missing;
    for (const Arrow& arrow : all_arrows()) {
      if (!seen_.contains(arrow)) missing += "\n  " + show_arrow(arrow);
    }
    check(missing.empty(), "these arrows of the table never occurred:" + missing);
  }

 private:
  static bool ends_a_lapse(Verb verb, const Standing& before) {
    return before.phase == Phase::kLapsed && (verb == Verb::kTake || verb == Verb::kClaim);
  }

  bool goes(State from, Phase phase, Verb verb, State to, Phase to_phase) {
    if (!is_allowed(from, phase, verb, to, to_phase)) return false;
    seen_.emplace(from, phase, verb, to, to_phase);
    return true;
  }

  // A take or a claim ends the lapsed attempt first: it stops there, or goes on from there.
  bool goes_by_lapse(Verb verb, const Standing& before, State to, Phase to_phase) {
    if (goes(before.state, before.phase, Verb::kLapse, to, to_phase)) return true;
    return goes(before.state, before.phase, Verb::kLapse, State::kSending, Phase::kUnclaimed) &&
           goes(State::kSending, Phase::kUnclaimed, verb, to, to_phase);
  }

  std::set<Arrow> seen_;
};

std::vector<Standing> standings_of(LogHarness& h, const std::vector<ReadyRow>& rows) {
  std::vector<Standing> standings;
  for (const ReadyRow& row : rows) standings.push_back(standing_of(h, row.plan.id()));
  return standings;
}

// Rows that exist are adopted as they are claimed.
Verb verb_on(const VerbPlan& plan, const Standing& before) {
  return plan.verb == Verb::kAdopt && before.phase != Phase::kAbsent ? Verb::kClaim : plan.verb;
}

void drive(LogHarness& h, const VerbPlan& plan, TableCheck& table) {
  h.start_afresh();
  const std::vector<ReadyRow> rows = make_rows(h, all_row_plans());
  const std::vector<Standing> before = standings_of(h, rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const RowPlan& row = rows[i].plan;
    const bool stands = before[i].phase == row.phase && (row.phase == Phase::kAbsent || before[i].state == row.state);
    check(stands, "a row stands as planned: " + row.id() + ", but it is " + before[i].snapshot);
  }
  std::vector<Write> writes;
  if (plan.on_log) {
    writes.push_back(plan.on_log(h));
  } else {
    for (const ReadyRow& row : rows) writes.push_back(plan.on_row(h, row));
  }
  const std::vector<Answer> answers = h.commit(writes);
  const std::vector<Standing> after = standings_of(h, rows);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string what = std::string(to_string(plan.verb)) + " (" + plan.form + ") on " + rows[i].plan.id();
    const bool applied = !plan.on_log && says_applied(answers[i]);
    table.compare(verb_on(plan, before[i]), what, before[i], after[i], applied);
  }
  h.check_statistics(std::string(to_string(plan.verb)) + " (" + plan.form + ") on a row of every kind");
}

}  // namespace

std::vector<LogCase> table_cases() {
  return {{"EveryVerbOnEveryRowGoesAsTheTableSays", [](LogHarness& h) {
             TableCheck table;
             for (const VerbPlan& plan : all_verb_plans()) drive(h, plan, table);
             table.must_have_seen_all();
           }}};
}

}  // namespace waybill::contract
