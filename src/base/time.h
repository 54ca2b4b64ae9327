// The two kinds of time. Wall time is the store's and goes into rows; monotonic time is a process's own and is the
// only one that deadlines are measured in (protocol, section 1).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waybill {

using Duration = std::chrono::milliseconds;
/// UTC, millisecond resolution: what rows, headers and answers carry.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using MonoTime = std::chrono::steady_clock::time_point;

[[nodiscard]] constexpr std::int64_t to_millis(WallTime time) { return time.time_since_epoch().count(); }
[[nodiscard]] constexpr WallTime from_millis(std::int64_t millis) { return WallTime{Duration{millis}}; }

/// RFC 3339 with milliseconds, in UTC: `2026-01-31T08:00:00.125Z`.
[[nodiscard]] std::string to_rfc3339(WallTime time);
/// Any RFC 3339 date and time: with or without a fraction (beyond milliseconds cut off), `Z` or an offset, also the
/// leap second; nothing if it is none.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);

/// Where wall time comes from: the system in production, a test's hand elsewhere. Any thread.
class WallClock {
 public:
  virtual ~WallClock() = default;
  [[nodiscard]] virtual WallTime now() const = 0;
};

class SystemWallClock final : public WallClock {
 public:
  [[nodiscard]] WallTime now() const override;
};

}  // namespace waybill
