#include "testing/memory_log/batch.h"

#include <algorithm>
#include <utility>

#include "core/headers.h"

namespace waybill {
namespace {

constexpr std::size_t kEventsMax = 50;

// The id may be as long as a message id can be, so the copy's is a digest of it.
MessageId copy_id(const StoredRow& row) {
  return {std::string(kReservedIdPrefix) + "dead." +
          to_hex(sha256(row.message.id.value + "#" + std::to_string(row.attempt)))};
}

}  // namespace

StoredRow& Batch::insert(StoredRow row, Verb verb) {
  row.create_time = now;
  row.update_time = now;
  row.body_bytes = row.message.body.size();
  StoredRow& stored = rows.insert(std::move(row));
  tell(stored.message.id, std::nullopt, Phase::kAbsent, verb, stored.status, phase_of(stored, now));
  return stored;
}

void Batch::remove(StoredRow& row) {
  const MessageId id = row.message.id;
  const State state = row.status;
  const Phase phase = phase_of(row, now);
  if (!drop.prune_leaves_events) rows.events.erase(id);
  if (!drop.prune_leaves_recipients) rows.recipients.erase(id);
  rows.erase(row);
  tell(id, state, phase, Verb::kPrune, state, Phase::kAbsent);
}

void Batch::add_event(const StoredRow& row, std::string_view kind, std::int32_t attempt, std::string_view detail) {
  if (drop.event_not_written) return;
  auto& events = rows.events[row.message.id];
  const auto is_equal = [&](const MessageEvent& e) {
    return e.kind == kind && e.attempt == attempt && e.detail == detail;
  };
  if (!events.empty() && is_equal(events.back()) && !drop.events_not_folded) {
    ++events.back().count;
    events.back().at = now;
    return;
  }
  events.push_back({now, std::string(kind), attempt, 1, std::string(detail)});
  if (events.size() > kEventsMax && !drop.events_unbounded) events.erase(events.begin());
}

bool Batch::has_event(const StoredRow& row, std::string_view kind, std::int32_t attempt) const {
  const auto found = rows.events.find(row.message.id);
  return found != rows.events.end() && std::ranges::any_of(found->second, [&](const MessageEvent& e) {
           return e.kind == kind && e.attempt == attempt;
         });
}

bool Batch::has_event(const StoredRow& row, std::string_view kind) const {
  const auto found = rows.events.find(row.message.id);
  return found != rows.events.end() &&
         std::ranges::find(found->second, kind, &MessageEvent::kind) != found->second.end();
}

bool Batch::last_event_is(const StoredRow& row, std::string_view kind) const {
  const auto found = rows.events.find(row.message.id);
  return found != rows.events.end() && !found->second.empty() && found->second.back().kind == kind;
}

void Batch::record(const StoredRow& row, const RecipientRecord& told) {
  RecipientRecord kept = fit_to_keep(told);
  auto& of_row = rows.recipients[row.message.id];
  const auto known = of_row.find(kept.address);
  if (known != of_row.end()) {
    const RecipientRecord& was = known->second.record;
    if (was.outcome.fate == RecipientFate::kDelivered && !drop.delivery_may_be_overwritten) return;
    const bool refused = was.outcome.fate == RecipientFate::kRefused && !drop.refusal_may_be_overwritten;
    if (refused && kept.outcome.fate != RecipientFate::kDelivered) return;
    if (refused && drop.refusal_is_for_ever) return;
    if (was == kept && !drop.same_again_is_news) return;
  }
  std::string address = kept.address;
  of_row.insert_or_assign(std::move(address), RecordedRecipient{std::move(kept), now});
}

void Batch::open_refused(const StoredRow& row) {
  for (auto& [_, recorded] : rows.recipients[row.message.id]) {
    RecipientFate& fate = recorded.record.outcome.fate;
    const bool opens =
        fate == RecipientFate::kRefused || (fate == RecipientFate::kDelivered && drop.replay_opens_deliveries);
    if (!opens) continue;
    fate = RecipientFate::kTryAgain;
    recorded.at = now;
  }
}

std::vector<RecipientRecord> Batch::recipients_of(const StoredRow& row) const {
  std::vector<RecipientRecord> records;
  const auto found = rows.recipients.find(row.message.id);
  if (found == rows.recipients.end() || drop.claim_hides_recipients) return records;
  for (const auto& [_, recorded] : found->second) records.push_back(recorded.record);
  return records;
}

bool Batch::may_lapse(const LapseRule& rule) const {
  constexpr Duration kClockStep{1'000};
  if (!rule.allowed && !drop.lapse_ignores_allowed) return false;
  if (!rule.expected_now || drop.lapse_ignores_clock_step) return true;
  return std::chrono::abs(now - *rule.expected_now) <= kClockStep;
}

void Batch::lapse(StoredRow& row, const LapseRule& rule, bool counted) {
  const bool crashes_used_up =
      rule.crash_limit > 0 && row.crash_count + 1 >= rule.crash_limit && !drop.crash_limit_ignored;
  const bool hold = row.effect_begun && rule.unknown == UnknownPolicy::kHold && !drop.hold_policy_ignored;
  change(row, Verb::kLapse, [&](StoredRow& r) {
    r.claim_token = Token{};  // what its holder still writes is not the run again of something that happened
    ++r.crash_count;
    if (r.effect_begun && counted) ++r.lapse_count;
    if (drop.lapse_uses_up_tries) ++r.try_count;
    if (crashes_used_up) {
      settle(r, State::kDead);
      r.last_error = kNeverFinished;
    } else if (hold) {
      settle(r, State::kOutcomeUnknown);
    } else {
      send_again(r, now, drop.lapse_keeps_publish_number);
    }
  });
  add_event(row, kEventLapsed, row.attempt, row.effect_begun ? "effect begun" : "effect not begun");
  if (crashes_used_up) copy_to_dead_letters(row, rule.dead_letter);
}

std::vector<LapsedRow> Batch::lapse_all(const std::vector<StoredRow*>& attempts, const LapseRule& rule) {
  std::vector<LapsedRow> ended;
  for (StoredRow* row : attempts) {
    lapse(*row, rule);
    if (row->status != State::kSending && !drop.lapse_tells_nobody) ended.push_back({row->message.id, row->status});
  }
  return ended;
}

void Batch::copy_to_dead_letters(const StoredRow& row, const std::optional<Route>& dead_letter) {
  if (!dead_letter || row.external() || drop.dead_letter_copy_left_out) return;
  StoredRow copy;
  copy.message = row.message;
  copy.message.id = copy_id(row);
  copy.message.route = *dead_letter;
  copy.message.headers.emplace_back(kHeaderDeadOf, row.message.id.value);
  copy.message.retry.reset();
  copy.message.not_before.reset();
  copy.digest = row.digest;
  copy.queue = QueueName{};
  copy.next_try_time = now;
  if (rows.find(copy.message.id) == nullptr) insert(std::move(copy), Verb::kAppend);
}

void Batch::tell(const MessageId& id, std::optional<State> from, Phase from_phase, Verb verb, State to,
                 Phase to_phase) const {
  if (observer_) observer_(id, from, from_phase, verb, to, to_phase);
}

void send_again(StoredRow& row, WallTime at, bool keep_publish_number) {
  row.status = State::kSending;
  row.owner.reset();
  row.next_try_time = std::max(at, row.message.not_before.value_or(at));
  if (!keep_publish_number) ++row.publish_count;
}

void settle(StoredRow& row, State state) {
  // Only 0 to 3 are states of a foreign row, so one that is settled otherwise stops being foreign.
  if (row.foreign() && state != State::kConsumed) row.publish_count = 1;
  row.status = state;
  row.owner.reset();
  row.next_try_time.reset();
}

bool stands(const StoredRow& row, const Fence& fence) {
  return row.owner == fence.owner && row.attempt == fence.attempt;
}

void note(StoredRow& row, const KnownTimes& times) {
  if (!row.publish_time) row.publish_time = times.publish_time;
  if (!row.confirm_time) row.confirm_time = times.confirm_time;
}

VerbAnswer answer_of(const StoredRow& row, bool applied) {
  return {applied ? VerbAnswer::Kind::kApplied : VerbAnswer::Kind::kRefused, row.status, row.owner.has_value()};
}

bool is_dead_letter_copy(const Message& message) {
  return std::ranges::any_of(message.headers, [](const auto& header) { return header.first == kHeaderDeadOf; });
}

}  // namespace waybill
