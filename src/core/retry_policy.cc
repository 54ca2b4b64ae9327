#include "core/retry_policy.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace waybill {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::int64_t> parse_between(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  if (number < least || number > most) return std::nullopt;
  return number;
}

std::optional<Duration> parse_delay(std::string_view text) {
  const auto millis = parse_between(text, 0, RetryPolicy::kDelayMax.count());
  return millis ? std::optional(Duration(*millis)) : std::nullopt;
}

Error malformed(std::string_view text) {
  return make_error(ErrorClass::kPermanent,
                    "'" + std::string(text) +
                        "' is not a retry policy; write 'classic', 'standard', 'fixed 3 8000', 'exponential 10 1000 "
                        "60000' or 'list 4 1000,5000,30000' (1 to 1000 attempts in all, then delays of up to "
                        "86400000 ms)");
}

constexpr std::string_view kClassic = "classic";
constexpr std::string_view kStandard = "standard";
// By chance each delay is three quarters of what it could be: 3 h for all but the first six.
constexpr int kStandardAttempts = 45;

}  // namespace

Duration exponential_delay(Duration first, Duration longest, int failures, double chance) {
  Duration delay = std::min(first, longest);
  for (int i = 1; i < failures && delay < longest; ++i) delay = std::min(delay * 2, longest);
  return delay - std::chrono::duration_cast<Duration>(delay * (chance / 2));
}

Duration RetryPolicy::delay_after(int failed, double chance) const {
  if (const auto* fixed = std::get_if<FixedDelay>(&delays)) return fixed->delay;
  if (const auto* grow = std::get_if<ExponentialDelay>(&delays)) {
    return exponential_delay(grow->first, grow->longest, failed, chance);
  }
  const auto& list = std::get<DelayList>(delays).delays;
  if (list.empty()) return Duration{0};
  return list[std::min(static_cast<std::size_t>(std::max(failed, 1)) - 1, list.size() - 1)];
}

RetryPolicy standard_retry() {
  return {kStandardAttempts, ExponentialDelay{std::chrono::minutes(5), std::chrono::hours(4)}};
}

std::string to_string(const RetryPolicy& policy) {
  if (policy == standard_retry()) return std::string(kStandard);
  const std::string attempts = " " + std::to_string(policy.attempts) + " ";
  if (const auto* fixed = std::get_if<FixedDelay>(&policy.delays)) {
    return "fixed" + attempts + std::to_string(fixed->delay.count());
  }
  if (const auto* grow = std::get_if<ExponentialDelay>(&policy.delays)) {
    return "exponential" + attempts + std::to_string(grow->first.count()) + " " + std::to_string(grow->longest.count());
  }
  std::string text = "list" + attempts;
  for (const char* separator = ""; const Duration delay : std::get<DelayList>(policy.delays).delays) {
    text += separator + std::to_string(delay.count());
    separator = ",";
  }
  return text;
}

Result<RetryPolicy> parse_retry_policy(std::string_view text) {
  if (text == kClassic) return RetryPolicy{};
  if (text == kStandard) return standard_retry();
  const auto words = split(text, ' ');
  if (words.size() < 3) return malformed(text);
  const auto attempts = parse_between(words[1], 1, RetryPolicy::kAttemptsMax);
  if (!attempts) return malformed(text);
  RetryPolicy policy;
  policy.attempts = static_cast<int>(*attempts);
  if (words[0] == "fixed" && words.size() == 3) {
    const auto delay = parse_delay(words[2]);
    if (!delay) return malformed(text);
    policy.delays = FixedDelay{*delay};
  } else if (words[0] == "exponential" && words.size() == 4) {
    const auto first = parse_delay(words[2]);
    const auto longest = parse_delay(words[3]);
    if (!first || !longest) return malformed(text);
    policy.delays = ExponentialDelay{*first, *longest};
  } else if (words[0] == "list" && words.size() == 3) {
    DelayList list;
    for (const auto word : split(words[2], ',')) {
      const auto delay = parse_delay(word);
      if (!delay) return malformed(text);
      list.delays.push_back(*delay);
    }
    policy.delays = std::move(list);
  } else {
    return malformed(text);
  }
  return policy;
}

}  // namespace waybill
