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

void Audit::changed(const MessageId& id, std::optional<State> from, Phase phase, Verb verb, State to, Phase to_phase) {
  const State start = from.value_or(State::kSending);
  if (!is_allowed(start, phase, verb, to, to_phase)) {
    violation("forbidden transition of " + id.value + ": " + std::string(to_string(start)) + " by " +
              std::string(to_string(verb)) + " to " + std::string(to_string(to)));
  }
  if (verb == Verb::kPrune) {
    // With the row goes the memory of its id: if it comes again, it is a message of its own.
    pruned_.insert(id.value);
    // Whoever asks again after that gives the id a new life, whose publishes count from one.
    std::erase_if(returned_, [&](const auto& publish) { return publish.first == id.value; });
    effects_.erase(id.value);
  }
  ++coverage_.arrows[{start, phase, verb, to, to_phase}];
}

void Audit::row_after_commit(const Row& row, WallTime store_now, bool taken, Duration grace) {
  const std::string where = "row " + row.message.id.value + " in " + std::string(to_string(row.status));
  const bool final = is_final(row.status);
  if (final && (row.owner || row.next_try_time)) violation(where + " is final and still has an owner or a clock");
  if (final) return;
  const bool waits_in_queue = row.status == State::kSent && !row.owner;
  if (!row.next_try_time && !waits_in_queue && !row.on_hold()) violation(where + " is open and has no clock");
  // A claim may follow in the same commit; then the clock is its lease.
  if (taken && !row.owner && row.next_try_time != store_now + grace)
    violation(where + " was taken and its clock was not set anew");
}

void Audit::mark_sent_applied(const MessageId& id, std::int64_t publish_number) {
  if (returned_.contains({id.value, publish_number})) {
    violation("publish " + std::to_string(publish_number) + " of " + id.value + " was returned and marked sent");
  }
}

void Audit::acknowledged(const Row& row, std::int64_t publish_number) {
  const bool only_copy = row.status == State::kSent && !row.owner && row.publish_count == publish_number;
  // A pruned id that came again counts anew: a copy of its former life may bear the number of a later one.
  if (only_copy && !pruned_.contains(row.message.id.value))
    violation("the only copy of " + row.message.id.value + " was acknowledged before its claim");
}

void Audit::row_at_end(const Row& row, bool happened_by_operator) {
  const std::string& id = row.message.id.value;
  const auto found = effects_.find(id);
  const int effects = found == effects_.end() ? 0 : found->second;
  if (!is_final(row.status) && !(row.status == State::kSent && row.queue && row.queue->external())) {
    violation(id + " is stuck: " + describe(row));
  }
  const int explained = row.lapse_count + row.unknown_count + row.again_count;
  if (effects - 1 > explained) {
    violation(id + " had " + std::to_string(effects) + " effects, of which the log explains " +
              std::to_string(explained) + " repeats");
  }
  if (row.status == State::kConsumed && effects == 0 && !happened_by_operator) {
    violation(id + " is consumed without an effect");
  }
  if (row.status == State::kDead && row.last_error.empty()) violation(id + " is dead without a reason");
}

}  // namespace waybill::sim
