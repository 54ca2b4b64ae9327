// How configuration values are written: `8s`, `1MiB`, `127.0.0.1:8420`. Errors (kPermanent) say what was wrong with
// the text and what would be right.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "base/time.h"

namespace waybill::app {

/// A whole number and one of ms, s, m, h, d.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
/// In the largest unit that says it exactly: `90s`, `2m`.
[[nodiscard]] std::string format_duration(Duration duration);

/// A whole number and one of B, KiB, MiB, GiB.
[[nodiscard]] Result<std::size_t> parse_size(std::string_view text);
[[nodiscard]] std::string format_size(std::size_t bytes);

/// So many `/s`, `/m` or `/h`, as `10/s`: 1 or more. In a second.
[[nodiscard]] Result<double> parse_rate(std::string_view text);

[[nodiscard]] Result<std::int64_t> parse_count(std::string_view text);

/// `IPv4:PORT`, `[IPv6]:PORT` or `localhost:PORT`.
[[nodiscard]] Result<ListenAddress> parse_listen(std::string_view text);

/// `EXCHANGE/ROUTING KEY`, divided at the first slash.
[[nodiscard]] Result<Route> parse_route(std::string_view text);

/// `api,relay,worker`: one of them at least.
[[nodiscard]] Result<Roles> parse_roles(std::string_view text);
[[nodiscard]] std::string format_roles(const Roles& roles);

/// The parts between separators, trimmed of blanks; empty parts are left out.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text, char separator);

}  // namespace waybill::app
