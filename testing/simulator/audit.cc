#include "testing/simulator/audit.h"

namespace waybill::sim {

std::string describe(const Row& row) {
  std::string text(to_string(row.status));
  text += " on " + row.message.route.exchange + "/" + row.message.route.routing_key;
  text += " queue " + (row.queue ? "'" + row.queue->value + "'" : std::string("undecided"));
  text += " publish " + std::to_string(row.publish_count) + " attempt " + std::to_string(row.attempt);
  text += " tries " + std::to_string(row.try_count) + " crashes " + std::to_string(row.crash_count);
  if (row.owner) text += " owner " + to_string(*row.owner);
  if (row.next_try_time) text += " due " + to_rfc3339(*row.next_try_time);
  if (row.message.not_before) text += " not before " + to_rfc3339(*row.message.not_before);
  if (row.confirm_time) text += " confirmed " + to_rfc3339(*row.confirm_time);
  return text + " (" + row.last_error + ")";
}

void Audit::violation(std::string what) {
  if (violations_.size() < 20) violations_.push_back(std::move(what));
}

void Audit::changed(const MessageId& id, std::optional<State> from, Phase phase, Verb verb, State to, Phase to_phase,
                    MonoTime now) {
  const State start = from.value_or(State::kSending);
  if (!is_allowed(start, phase, verb, to, to_phase)) {
    violation("forbidden transition of " + id.value + ": " + std::string(to_string(start)) + " by " +
              std::string(to_string(verb)) + " to " + std::string(to_string(to)));
  }
  if (phase == Phase::kAbsent) effects_.appeared(id);
  effects_.changed(id, verb, to_phase, now);
  if (verb == Verb::kPrune) {
    effects_.pruned(id);
    // Its numbers begin anew if it comes again.
    const auto forget = [&](std::set<Publish>& publishes) {
      publishes.erase(publishes.lower_bound({id.value, 0}), publishes.upper_bound({id.value, INT64_MAX}));
    };
    forget(published_);
    forget(returned_);
    forget(confirmed_);
  }
  ++coverage_.arrows[{start, phase, verb, to, to_phase}];
}

void Audit::answered(const Write& write, const Answer& answer, MonoTime now, WallTime store_now) {
  effects_.answered(write, answer, now, store_now);
  const auto* sent = std::get_if<MarkSent>(&write);
  if (sent == nullptr || !std::get<VerbAnswer>(answer).applied()) return;
  const Publish publish{sent->id.value, sent->publish_number};
  const std::string what = "publish " + std::to_string(sent->publish_number) + " of " + sent->id.value;
  if (returned_.contains(publish)) violation(what + " was returned and marked sent");
  if (!confirmed_.contains(publish)) violation(what + " was marked sent and never confirmed");
}

void Audit::row_after_commit(const Row& row, WallTime store_now, bool taken, Duration grace) {
  effects_.seen(row);
  const std::string where = "row " + row.message.id.value + " in " + std::string(to_string(row.status));
  const bool final = is_final(row.status);
  if (final && (row.owner || row.next_try_time)) violation(where + " is final and still has an owner or a clock");
  const auto first = published_.lower_bound({row.message.id.value, 0});
  const bool handed_over = first != published_.end() && first->first == row.message.id.value;
  if (row.status == State::kCancelled && row.queue && row.queue->external() && handed_over) {
    violation(where + " was published to others before");
  }
  if (final) return;
  const bool waits_in_queue = row.status == State::kSent && !row.owner;
  if (!row.next_try_time && !waits_in_queue && !row.on_hold()) violation(where + " is open and has no clock");
  // A claim may follow in the same commit; then the clock is its lease.
  if (taken && !row.owner && row.next_try_time != store_now + grace)
    violation(where + " was taken and its clock was not set anew");
}

void Audit::published(const std::string& id, std::int64_t publish_number, const Row* row) {
  const std::string what = "publish " + std::to_string(publish_number) + " of " + id;
  const bool recorded = row != nullptr && row->publish_count >= publish_number;
  if (!recorded && !effects_.was_pruned(id)) violation(what + " was made before the log knew of it");
  if (!published_.insert({id, publish_number}).second) violation(what + " was made twice");
}

void Audit::acknowledged(const Row& row, std::int64_t publish_number) {
  const bool only_copy = row.status == State::kSent && !row.owner && row.publish_count == publish_number;
  // A pruned id that came again counts anew: a copy of its former life may bear the number of a later one.
  if (only_copy && !effects_.was_pruned(row.message.id.value))
    violation("the only copy of " + row.message.id.value + " was acknowledged before its claim");
}

}  // namespace waybill::sim
