#include "testing/simulator/ghost.h"

#include <utility>

#include "testing/simulator/recipients.h"

namespace waybill::sim {

Ghost::Ghost(SimWorld& world, SimStore& store, Audit& audit, const Plan& plan, std::mt19937_64& random,
             std::function<std::optional<Prey>()> pick)
    : node_(world.add_node(kGhostName)),
      store_(store),
      audit_(audit),
      plan_(plan),
      random_(random),
      pick_(std::move(pick)) {}

void Ghost::start() {
  later(Duration{draw(50, 500)}, [this] { haunt(); });
}

void Ghost::submit(Write write, std::function<void(const Answer&)> done) {
  std::vector<Write> writes;
  writes.push_back(std::move(write));
  store_.commit(node_, std::move(writes), [done = std::move(done)](const Result<Committed>& committed) {
    if (committed.ok() && committed->answers[0].ok()) done(*committed->answers[0]);
  });
}

void Ghost::haunt() {
  if (stopped_) return;
  later(Duration{draw(30, 250)}, [this] { haunt(); });
  if (const auto prey = pick_()) {
    // Now and then it is a redeliverer that finds the row unreadable.
    const bool refuses = draw(0, 19) == 0;
    later(prey->after, [this, refuses, id = prey->id] {
      if (refuses) return submit(Refuse{id, "the ghost cannot read it"}, [](const Answer&) {});
      claim(id);
    });
  }
  if (draw(0, 19) == 0) be_declared_dead();
}

// Somebody takes the ghost for dead and ends what it holds, by the verb for that. Even a wrong proof breaks no promise:
// the fence keeps the ghost from a further effect, and what had begun is counted.
void Ghost::be_declared_dead() {
  LapseOwner lapse;
  lapse.successor = Owner{owner_.instance, BootNonce{1}};
  lapse.rule.crash_limit = draw(0, 4);
  lapse.rule.unknown = policy();
  submit(lapse, [](const Answer&) {});
}

void Ghost::claim(const MessageId& id) {
  auto attempt = std::make_shared<Attempt>();
  attempt->fence = Fence{id, owner_, 0, Token{next_token_++}};
  attempt->begun = draw(0, 2) == 0;
  Claim claim;
  claim.id = id;
  claim.token = attempt->fence.token;
  claim.owner = owner_;
  claim.queue = kQueue;
  claim.lease = plan_.options.worker.lease;
  claim.effect_begun = attempt->begun;
  claim.lapse.allowed = draw(0, 1) == 0;
  claim.lapse.crash_limit = plan_.options.crash_limit;
  claim.lapse.unknown = policy();
  submit(claim, [this, attempt](const Answer& answer) {
    const auto& granted = std::get<ClaimAnswer>(answer);
    if (granted.verdict != ClaimVerdict::kGranted) return;
    attempt->fence.attempt = granted.attempt;
    attempt->row = made_at(attempt->fence.id);
    attempt->open = open_recipients(attempt->fence.id, granted.recipients);
    if (attempt->begun) have_effect(*attempt);
    const auto lease = static_cast<int>(plan_.options.worker.lease.count());
    later(Duration{draw(1, 2 * lease)}, [this, attempt] { act(attempt); });
  });
}

void Ghost::have_effect(Attempt& attempt) {
  EffectBook& effects = audit_.effects();
  const auto begun =
      effects.begins(attempt.fence.id, owner_, attempt.fence.attempt, node_.now(), /*within=*/std::nullopt);
  effects.happens(begun);
  for (const std::string& address : attempt.open) effects.delivers(begun, address);
  attempt.effect = true;
}

void Ghost::act(const std::shared_ptr<Attempt>& attempt) {
  const auto lease = static_cast<int>(plan_.options.worker.lease.count());
  const auto go_on = [this, attempt, lease](const Answer& answer) {
    if (std::get<VerbAnswer>(answer).applied()) later(Duration{draw(1, 2 * lease)}, [this, attempt] { act(attempt); });
  };
  switch (draw(0, 4)) {
    case 0:
      return submit(Renew{attempt->fence, plan_.options.worker.lease}, go_on);
    case 1:
      if (attempt->begun) return report(attempt);
      attempt->begun = true;
      return submit(BeginEffect{attempt->fence}, [this, attempt, go_on](const Answer& answer) {
        if (std::get<VerbAnswer>(answer).applied()) have_effect(*attempt);
        go_on(answer);
      });
    case 2:
      if (!attempt->begun) return submit(Release{attempt->fence}, [](const Answer&) {});
      return report(attempt);
    default:
      return report(attempt);
  }
}

std::optional<WallTime> Ghost::made_at(const MessageId& id) {
  const auto row = store_.log().find(id, /*with_body=*/false);
  return row.ok() && *row ? std::optional((*row)->create_time) : std::nullopt;
}

void Ghost::report(const std::shared_ptr<Attempt>& attempt) {
  // What is pruned is older than any attempt that may still report; here prune.age is seconds. Another row under the
  // same id is not what it had an effect of.
  if (made_at(attempt->fence.id) != attempt->row) return;
  Finish finish;
  finish.fence = attempt->fence;
  finish.delay = Duration{draw(0, 1'500)};
  finish.max_tries = draw(1, 4);
  finish.unknown = policy();
  // What had its effect may only be reported as done or unknown.
  const int word = attempt->effect ? draw(0, 2) : draw(2, 5);
  if (word <= 1) {
    finish.outcome = Done{"by the ghost"};
  } else if (word == 2) {
    finish.outcome = Unknown{"the ghost does not know"};
  } else if (word <= 4) {
    finish.outcome = Retry{"the ghost failed", std::nullopt};
  } else {
    finish.outcome = Fail{"the ghost gave up"};
  }
  finish.recipients = recipients(*attempt, finish.outcome);
  submit(finish, [](const Answer&) {});
}

std::vector<RecipientRecord> Ghost::recipients(const Attempt& attempt, const HandlerOutcome& outcome) {
  const bool done = std::holds_alternative<Done>(outcome);
  std::vector<RecipientRecord> recorded;
  if (!done && draw(0, 1) == 0) return recorded;
  RecipientFate fate = RecipientFate::kTryAgain;
  if (done) fate = RecipientFate::kDelivered;
  if (std::holds_alternative<Unknown>(outcome)) fate = RecipientFate::kUnknown;
  if (std::holds_alternative<Fail>(outcome)) fate = RecipientFate::kRefused;
  for (const std::string& address : attempt.open) recorded.push_back(recorded_as(address, fate));
  return recorded;
}

}  // namespace waybill::sim
