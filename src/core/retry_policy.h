// When a failed attempt is tried again, and when it is not any more. Pure: chance is handed in.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace waybill {

struct FixedDelay {
  Duration delay{8'000};
  bool operator==(const FixedDelay&) const = default;
};
/// `first` doubled each time up to `longest`; jitter takes away up to half of it.
struct ExponentialDelay {
  Duration first{1'000};
  Duration longest{60'000};
  bool operator==(const ExponentialDelay&) const = default;
};
/// One delay for each further attempt; the last one repeats.
struct DelayList {
  std::vector<Duration> delays;
  bool operator==(const DelayList&) const = default;
};

/// Attempts in all, and the delay before each further one.
struct RetryPolicy {
  int attempts = 3;  ///< attempts in all, 1 to kAttemptsMax
  std::variant<FixedDelay, ExponentialDelay, DelayList> delays = FixedDelay{};

  bool operator==(const RetryPolicy&) const = default;

  static constexpr int kAttemptsMax = 1'000;
  static constexpr Duration kDelayMax = std::chrono::hours(24);
  static constexpr Duration kDelayMinWithoutTry{500};  ///< after what uses up no try: its number has no bound

  /// The delay after `failed` failed attempts (from 1). `chance` is uniform in [0, 1); only ExponentialDelay uses it.
  [[nodiscard]] Duration delay_after(int failed, double chance) const;
  /// True if `failed` failed attempts use the policy up.
  [[nodiscard]] bool used_up(int failed) const { return failed >= attempts; }
};

/// For what leaves the house, as mail does: 5 minutes at first, doubled up to 4 hours, for about 5 days (RFC 5321,
/// 4.5.4.1). Each delay loses up to half by chance, so all of them together vary by no more than a few hours.
[[nodiscard]] RetryPolicy standard_retry();

/// Stored in `msg_log.retry_policy` and written in configuration and requests:
/// `fixed 3 8000`, `exponential 10 1000 60000`, `list 4 1000,5000,30000` (attempts in all, then milliseconds), or
/// `standard`. The policy `fixed 3 8000` is also read as `classic`.
[[nodiscard]] std::string to_string(const RetryPolicy& policy);
/// Reads that form; the error says which part was wrong and what would be right.
[[nodiscard]] Result<RetryPolicy> parse_retry_policy(std::string_view text);

/// `first` · 2^(failures-1) up to `longest`, with up to half taken away by jitter: also the publisher's backoff.
[[nodiscard]] Duration exponential_delay(Duration first, Duration longest, int failures, double chance);

}  // namespace waybill
