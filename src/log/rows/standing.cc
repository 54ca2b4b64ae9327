#include "log/rows/standing.h"

#include <algorithm>

#include "log/rows/dead_letter.h"

namespace waybill::rows {
namespace {

constexpr std::size_t kPeopleMax = 2'000;

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::size_t length_of_character(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && length < 4 && continues_character(text[length])) ++length;
  return length;
}

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

std::string as_utf8(std::string_view text) {
  if (is_valid_utf8(text) && text.find('\0') == std::string_view::npos) return std::string(text);
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const auto character = text.substr(0, length_of_character(text));
    const bool readable = character != std::string_view("\0", 1) && is_valid_utf8(character);
    clean += readable ? character : std::string_view("?");
    text.remove_prefix(character.size());
  }
  return clean;
}

std::string for_people(std::string_view text) {
  if (text.size() > kPeopleMax) {
    std::size_t end = kPeopleMax;
    while (end > 0 && continues_character(text[end])) --end;
    text = text.substr(0, end);
  }
  return as_utf8(text);
}

bool is_dead_letter_copy(const MessageId& id) { return id.value.starts_with(kCopyPrefix); }

}  // namespace waybill::rows
