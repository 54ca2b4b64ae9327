#include "engine/reconciler_machine.h"

#include <algorithm>
#include <string>

namespace waybill {
namespace {

constexpr Duration kPenaltyFirst{30'000};
constexpr Duration kPenaltyLongest{600'000};

void later(std::optional<WallTime>& time, const std::optional<WallTime>& other) {
  if (other && (!time || *time < *other)) time = other;
}

}  // namespace

ReconcilerMachine::ReconcilerMachine(const EngineOptions& options, bool broker_forgets)
    : options_(options), start_done_(!broker_forgets) {}

std::optional<Lost> ReconcilerMachine::on_start() const {
  if (start_done_) return std::nullopt;
  Lost lost;
  lost.published_not_by = options_.owner.boot;
  lost.limit = kLimitMax;
  lost.evidence = "the in-process broker of another boot is gone";
  return lost;
}

std::optional<WallTime> ReconcilerMachine::bound(const QueueName& queue, Case& state,
                                                 const QueueFactsAnswer& facts) const {
  std::optional<WallTime> before;
  std::optional<WallTime> newest;
  std::optional<WallTime> in_hand;
  for (const auto& fact : facts.facts) {
    if (fact.queue != queue) continue;
    if (fact.idle_since && *fact.idle_since + options_.reconciler.idle <= facts.store_now)
      later(before, facts.store_now - options_.reconciler.idle);
    later(newest, fact.newest_out);
    if (fact.oldest_in_hand && (!in_hand || *fact.oldest_in_hand < *in_hand)) in_hand = fact.oldest_in_hand;
  }
  later(before, state.newest_before);
  state.newest_before = newest;
  if (before && in_hand) before = std::min(*before, *in_hand);
  return before;
}

bool ReconcilerMachine::judge_last(Case& state, const QueueName& queue, const QueueFactsAnswer& facts,
                                   std::uint64_t originals, MonoTime now) const {
  if (now < state.quiet_until) return false;
  if (!state.driven_at) return true;
  if (originals > state.originals_then) {
    // An original came out after all: the queue is honest, only slow.
    state.penalty = std::clamp(state.penalty * 2, kPenaltyFirst, kPenaltyLongest);
    state.quiet_until = now + state.penalty;
    state.limit = 1;
    state.driven_at.reset();
    return false;
  }
  const bool came_out = std::ranges::any_of(facts.facts, [&](const QueueFact& fact) {
    return fact.queue == queue && fact.newest_out && *fact.newest_out >= *state.driven_at;
  });
  if (came_out) {
    state.limit = std::min(state.limit * 10, kLimitMax);
    state.penalty = Duration{0};
    state.driven_at.reset();
    return true;
  }
  if (now - state.driven < options_.reconciler.idle) return false;
  state.limit = 1;
  state.driven_at.reset();
  return true;
}

std::vector<Lost> ReconcilerMachine::on_facts(const QueueFactsAnswer& facts, const std::vector<QueueSight>& sights,
                                              MonoTime now) {
  std::vector<Lost> verdicts;
  for (const auto& sight : sights) {
    const QueueName& queue = sight.fact.queue;
    Case& state = cases_[queue];
    const auto confirmed_before = bound(queue, state, facts);
    if (!judge_last(state, queue, facts, sight.originals_out, now) || !confirmed_before) continue;
    state.originals_then = sight.originals_out;
    state.judged_at = facts.store_now;
    Lost lost;
    lost.queue = queue;
    lost.confirmed_before = confirmed_before;
    lost.limit = state.limit;
    lost.evidence = "confirmed, but the queue gave out later messages, or nothing for " +
                    std::to_string(options_.reconciler.idle / std::chrono::seconds(1)) + " s";
    verdicts.push_back(std::move(lost));
  }
  return verdicts;
}

void ReconcilerMachine::on_lost(const QueueName& queue, int rows, MonoTime now) {
  Case& state = cases_[queue];
  if (rows == 0) {
    state.limit = 1;
    state.quiet_until = now + options_.reconciler.round;
    return;
  }
  // Not the time of this answer: the copies may have been taken, and be out, before it is heard.
  state.driven_at = state.judged_at;
  state.driven = now;
}

}  // namespace waybill
