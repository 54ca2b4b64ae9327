#include "log/rows/standing.h"

#include <algorithm>

#include "log/rows/dead_letter.h"

namespace waybill::rows {
namespace {

constexpr std::size_t kPeopleMax = 2'000;

}  // namespace

std::optional<RetryPolicy> Standing::retry() const {
  if (!retry_policy) return std::nullopt;
  auto policy = parse_retry_policy(*retry_policy);
  return policy.ok() ? std::optional(*policy) : std::nullopt;
}

bool Standing::stands(const Fence& fence) const {
  return owner && attempt == fence.attempt && *owner == to_string(fence.owner);
}

bool Standing::last_attempt_was(const Fence& fence) const {
  return attempt == fence.attempt && claim_token == fence.token;
}

WallTime due_at(const Standing& row, WallTime time) { return std::max(time, row.not_before.value_or(time)); }

void send_again(Standing& row, WallTime time) {
  row.status = State::kSending;
  row.owner.reset();
  row.next_try_time = due_at(row, time);
}

void settle(Standing& row, State state) {
  if (!row.queue && state != State::kConsumed) row.publish_count = std::max<std::int64_t>(row.publish_count, 1);
  row.status = state;
  row.owner.reset();
  row.next_try_time.reset();
}

void note(Standing& row, const KnownTimes& times) {
  if (!row.publish_time) row.publish_time = times.publish_time;
  if (!row.confirm_time) row.confirm_time = times.confirm_time;
}

bool is_stored_as_text(const Body& body) {
  return !body.binary() && body.bytes().find('\0') == std::string::npos && is_valid_utf8(body.bytes());
}

std::string for_people(std::string_view text) { return as_utf8(cut_to(text, kPeopleMax)); }

bool is_dead_letter_copy(const MessageId& id) { return id.value.starts_with(kCopyPrefix); }

}  // namespace waybill::rows
