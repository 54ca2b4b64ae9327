#include "testing/simulator/effect_book.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "testing/simulator/recipients.h"

namespace waybill::sim {

void EffectBook::appeared(const MessageId& id) {
  lives_of_[id.value].push_back(lives_.size());
  lives_.emplace_back().id = id.value;
}

EffectBook::Life* EffectBook::current(const MessageId& id) {
  const auto found = lives_of_.find(id.value);
  if (found == lives_of_.end()) return nullptr;
  Life& last = lives_[found->second.back()];
  return last.pruned ? nullptr : &last;
}

EffectBook::Attempted* EffectBook::find(Life& life, const Owner& owner, std::int32_t attempt) {
  const auto found =
      std::ranges::find_if(life.attempts, [&](const Attempted& a) { return a.owner == owner && a.number == attempt; });
  return found == life.attempts.end() ? nullptr : &*found;
}

EffectBook::Attempted* EffectBook::attempt_of(const Fence& fence) {
  Life* life = current(fence.id);
  return life == nullptr ? nullptr : find(*life, fence.owner, fence.attempt);
}

void EffectBook::changed(const MessageId& id, Verb verb, Phase to_phase, MonoTime now) {
  Life* life = current(id);
  if (life == nullptr) return;
  if (verb == Verb::kResolveDone) life->done_by_word = true;
  if (verb == Verb::kFinishDone) life->done_by_word = false;
  if (verb == Verb::kLapse) check_lapse(*life, now);
  if (to_phase == Phase::kHeld) close(id, "held", /*withdrawn=*/false);
}

// A lease is what a step of the clock, or a wrong proof, must not cut short.
void EffectBook::check_lapse(const Life& life, MonoTime now) const {
  constexpr Duration kTolerance{2'000};  // what the clocks may differ by without anybody noticing, twice
  if (lapses_excused_ || life.attempts.empty()) return;
  const Attempted& open = life.attempts.back();
  if (now + kTolerance < open.held_since + open.lease) {
    violation_("attempt " + std::to_string(open.number) + " of " + life.id + " lapsed before its lease ended");
  }
}

void EffectBook::pruned(const MessageId& id) {
  pruned_any_ = true;
  if (Life* life = current(id)) life->pruned = true;
}

void EffectBook::seen(const Row& row) {
  Life* life = current(row.message.id);
  if (life == nullptr) return;
  life->state = row.status;
  life->explained = row.lapse_count + row.unknown_count + row.again_count;
}

// ---- what the log answered ------------------------------------------------------------------------------------------

void EffectBook::answered(const Write& write, const Answer& answer, MonoTime now, WallTime store_now) {
  latest_ = std::max(latest_, store_now);
  const auto applied = [&] { return std::get<VerbAnswer>(answer).applied(); };
  if (const auto* claim = std::get_if<Claim>(&write)) {
    claimed(*claim, std::get<ClaimAnswer>(answer), claim->id, now);
  } else if (const auto* adopt = std::get_if<Adopt>(&write)) {
    claimed(adopt->claim, std::get<ClaimAnswer>(answer), adopt->message.id, now);
  } else if (const auto* renew = std::get_if<Renew>(&write)) {
    if (Attempted* attempt = applied() ? attempt_of(renew->fence) : nullptr) {
      attempt->held_since = now;
      attempt->lease = renew->lease;
    }
  } else if (const auto* begin = std::get_if<BeginEffect>(&write)) {
    if (Attempted* attempt = applied() ? attempt_of(begin->fence) : nullptr) {
      let_begin(*current(begin->fence.id), *attempt);
    }
  } else if (const auto* release = std::get_if<Release>(&write)) {
    if (Attempted* attempt = applied() ? attempt_of(release->fence) : nullptr) attempt->may_begin = false;
  } else if (const auto* finish = std::get_if<Finish>(&write)) {
    finished(*finish, std::get<FinishAnswer>(answer), store_now);
  } else if (const auto* append = std::get_if<Append>(&write)) {
    const auto& appended = std::get<AppendAnswer>(answer);
    if (appended.kind == AppendAnswer::Kind::kAccepted) scheduled(appended.id, append->message.not_before);
  } else if (const auto* reschedule = std::get_if<Reschedule>(&write)) {
    if (applied()) scheduled(reschedule->id, reschedule->not_before);
  } else if (const auto* cancel = std::get_if<Cancel>(&write)) {
    if (applied()) close(cancel->id, "cancelled", /*withdrawn=*/true);
  } else if (const auto* hold = std::get_if<Hold>(&write)) {
    if (applied()) close(hold->id, "held", /*withdrawn=*/true);
  } else if (const auto* refuse = std::get_if<Refuse>(&write)) {
    if (applied()) close(refuse->id, "refused", /*withdrawn=*/true);
  } else if (const auto* resolve = std::get_if<Resolve>(&write)) {
    if (!applied()) return;
    if (resolve->happened) return close(resolve->id, "resolved as done", /*withdrawn=*/true);
    reopen(resolve->id);
  } else if (const auto* replay = std::get_if<Replay>(&write)) {
    if (applied()) reopen(replay->id);
  }
}

void EffectBook::claimed(const Claim& claim, const ClaimAnswer& answer, const MessageId& id, MonoTime now) {
  // A delivery that carries our mark was published, so its row was there.
  if (answer.verdict == ClaimVerdict::kUnknownId && !was_pruned(id.value)) {
    violation_("a delivery of " + id.value + " found no row, and none was pruned");
  }
  if (answer.verdict != ClaimVerdict::kGranted) return;
  Life* life = current(id);
  if (life == nullptr) return violation_(id.value + " was granted, and the log holds no such row");
  if (Attempted* again = find(*life, claim.owner, answer.attempt)) {
    again->held_since = now;
    again->lease = claim.lease;
    return;
  }
  check_time(*life);
  life->attempts.push_back({.owner = claim.owner, .number = answer.attempt, .held_since = now, .lease = claim.lease});
  for (const auto& [address, recipient] : life->recipients) {
    if (recipient.recorded) life->attempts.back().has_it.insert(address);
  }
  check_told(*life, life->attempts.back(), answer);
  if (claim.effect_begun) let_begin(*life, life->attempts.back());
}

void EffectBook::check_told(const Life& life, const Attempted& attempt, const ClaimAnswer& answer) const {
  for (const std::string& address : attempt.has_it) {
    const auto told = std::ranges::find(answer.recipients, address, &RecipientRecord::address);
    if (told != answer.recipients.end() && told->outcome.fate == RecipientFate::kDelivered) continue;
    violation_("attempt " + std::to_string(attempt.number) + " of " + life.id + " was not told that " + address +
               " has it");
  }
}

// By a clock that stepped back meanwhile it may look earlier than it was.
void EffectBook::check_time(const Life& life) const {
  if (life.not_before && *life.not_before > latest_) violation_(life.id + " was claimed before its time");
  if (retries_timed_ && life.retry_at && *life.retry_at > latest_) violation_(life.id + " was retried too early");
}

void EffectBook::scheduled(const MessageId& id, std::optional<WallTime> not_before) {
  Life* life = current(id);
  if (life == nullptr) return;
  life->not_before = not_before;
  life->retry_at.reset();
}

// Whatever became of the outcome: what was delivered is delivered.
void EffectBook::recorded(const Finish& finish) {
  Life* life = current(finish.fence.id);
  if (life == nullptr || find(*life, finish.fence.owner, finish.fence.attempt) == nullptr) return;
  for (const RecipientRecord& told : finish.recipients) {
    if (told.outcome.fate == RecipientFate::kDelivered) life->recipients[told.address].recorded = true;
  }
}

void EffectBook::finished(const Finish& finish, const FinishAnswer& answer, WallTime store_now) {
  recorded(finish);
  if (answer.kind != FinishAnswer::Kind::kRecorded) return;
  const MessageId& id = finish.fence.id;
  if (is_final(answer.status)) close(id, "recorded as " + std::string(to_string(answer.status)), /*withdrawn=*/false);
  Attempted* attempt = attempt_of(finish.fence);
  // A write may be run again; its first run counts.
  if (attempt == nullptr || std::exchange(attempt->reported, true)) return;
  const bool unknown = std::holds_alternative<Unknown>(finish.outcome);
  if (unknown && finish.unknown == UnknownPolicy::kHold) return close(id, "held as unknown", /*withdrawn=*/false);
  const auto* retry = std::get_if<Retry>(&finish.outcome);
  if (retry != nullptr) {
    const Duration delay = retry->after.value_or(finish.delay);
    current(id)->retry_at = store_now + delay;
    if (!retry->uses_try) check_free(id, answer.status, delay);
  }
  if (unknown) current(id)->retry_at = store_now + finish.delay;
}

// Nothing but its delay bounds how often such a row is driven.
void EffectBook::check_free(const MessageId& id, State status, Duration delay) const {
  if (status == State::kDead) violation_(id.value + " died of what uses up no try");
  if (delay < RetryPolicy::kDelayMinWithoutTry) violation_(id.value + " is tried again for nothing too soon");
}

void EffectBook::let_begin(Life& life, Attempted& attempt) {
  if (!life.closed.empty()) violation_("the log lets an effect of " + life.id + " begin, which was " + life.closed);
  attempt.may_begin = true;
}

void EffectBook::close(const MessageId& id, std::string how, bool withdrawn) {
  Life* life = current(id);
  if (life == nullptr) return;
  life->closed = std::move(how);
  life->withdrawn = withdrawn;
}

void EffectBook::reopen(const MessageId& id) {
  Life* life = current(id);
  if (life == nullptr) return;
  life->closed.clear();
  life->withdrawn = false;
  life->retry_at.reset();
}

// ---- what happened --------------------------------------------------------------------------------------------------

EffectBook::Begun EffectBook::begins(const MessageId& id, const Owner& owner, std::int32_t attempt, MonoTime now,
                                     std::optional<Duration> within) {
  const std::string what = "an effect of " + id.value + " in attempt " + std::to_string(attempt) + " begins";
  if (!lives_of_.contains(id.value)) {
    violation_(what + ", and the log never held such a row");
    appeared(id);
  }
  const auto& lives = lives_of_[id.value];
  // What began in a life may happen when its row is pruned already: another attempt's true `done` had ended it.
  for (const std::size_t index : lives | std::views::reverse) {
    Attempted* known = find(lives_[index], owner, attempt);
    if (known == nullptr) continue;
    if (!known->may_begin) violation_(what + ", and nothing durable says so");
    if (std::exchange(known->begun, true)) violation_(what + " for the second time");
    if (lives_[index].withdrawn) violation_(what + ", and the message was " + lives_[index].closed);
    if (within && now - known->held_since > *within) violation_(what + " so late that its lease may have ended");
    return Begun{index, static_cast<std::size_t>(known - lives_[index].attempts.data())};
  }
  violation_(what + ", which was never granted");
  auto& life = lives_[lives.back()];
  life.attempts.push_back({.owner = owner, .number = attempt});
  return Begun{lives.back(), life.attempts.size() - 1};
}

void EffectBook::delivers(Begun begun, const std::string& address) {
  Life& life = lives_[begun.life];
  ++life.recipients[address].deliveries;
  const Attempted& attempt = life.attempts[begun.attempt];
  if (!attempt.has_it.contains(address)) return;
  violation_(life.id + " went to " + address + " again in attempt " + std::to_string(attempt.number) +
             ", and the log knew that it has it");
}

void EffectBook::compare(const Row& row, const std::vector<RecordedRecipient>& recorded) {
  Life* life = current(row.message.id);
  if (life == nullptr || row.attempt == 0) return;
  for (const std::string& address : recipients_of(row.message.id)) {
    std::optional<RecipientFate> fate;
    for (const auto& [record, _] : recorded) {
      if (record.address == address) fate = record.outcome.fate;
    }
    const std::string who = life->id + ": " + address;
    const bool has_it = fate == RecipientFate::kDelivered;
    if (life->recipients[address].recorded != has_it) {
      violation_(who + (has_it ? " has it by the log, and nobody said so" : " has it, and the log has forgotten that"));
    }
    const bool settled = fate && !is_open(*fate);
    if (row.status == State::kConsumed && !life->done_by_word && !settled) {
      violation_(who + " was given up, and the message is consumed");
    }
  }
}

bool EffectBook::was_pruned(const std::string& id) const {
  const auto found = lives_of_.find(id);
  return found != lives_of_.end() &&
         std::ranges::any_of(found->second, [&](std::size_t life) { return lives_[life].pruned; });
}

int EffectBook::effects_of(const std::string& id) const {
  const auto found = lives_of_.find(id);
  return found == lives_of_.end() ? 0 : lives_[found->second.back()].effects;
}

void EffectBook::judge() const {
  for (const Life& life : lives_) judge(life);
}

// An effect is accounted for by the `done` that the row ended with, or by a lapse, an unknown outcome or a replay that
// the row counted.
void EffectBook::judge(const Life& life) const {
  const bool done = life.state == State::kConsumed && !life.done_by_word;
  const std::string row =
      life.id + (life.pruned ? ", pruned as " : ", in the end ") + std::string(to_string(life.state));
  judge_recipients(life, row);
  const bool whole = recipients_of({life.id}).empty();  // else each recipient has a count of its own
  if (whole && life.effects > life.explained + (done ? 1 : 0)) {
    violation_(row + ", had " + std::to_string(life.effects) + " effects, of which the log explains " +
               std::to_string(life.explained) + (done ? " repeats" : ""));
  }
  if (done && life.effects == 0) violation_(row + ", had no effect");
}

// A delivery is accounted for by its record, or by what the row counted.
void EffectBook::judge_recipients(const Life& life, const std::string& row) const {
  for (const auto& [address, recipient] : life.recipients) {
    if (recipient.deliveries > life.explained + (recipient.recorded ? 1 : 0)) {
      violation_(row + ", went to " + address + ' ' + std::to_string(recipient.deliveries) +
                 " times, of which the log explains " + std::to_string(life.explained) +
                 (recipient.recorded ? " repeats" : ""));
    }
    if (recipient.recorded && recipient.deliveries == 0) violation_(row + ", never went to " + address);
  }
}

}  // namespace waybill::sim
