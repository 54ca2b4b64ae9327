#include "app/config_value.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace waybill::app {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array<Unit, 5> kTimeUnits = {Unit{"ms", 1}, Unit{"s", 1'000}, Unit{"m", 60'000}, Unit{"h", 3'600'000},
                                            Unit{"d", 86'400'000}};
constexpr std::array<Unit, 4> kSizeUnits = {Unit{"B", 1}, Unit{"KiB", 1 << 10}, Unit{"MiB", 1 << 20},
                                            Unit{"GiB", 1 << 30}};

struct RoleName {
  std::string_view name;
  bool Roles::*member;
};
constexpr std::array<RoleName, 3> kRoles = {RoleName{"api", &Roles::api}, RoleName{"relay", &Roles::relay},
                                            RoleName{"worker", &Roles::worker}};

Error wrong(std::string_view text, std::string_view what) {
  return make_error(ErrorClass::kPermanent, "'" + std::string(text) + "' is not " + std::string(what));
}

std::optional<std::int64_t> parse_whole(std::string_view digits) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

template <std::size_t N>
std::optional<std::int64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units) {
  const auto unit_at = text.find_first_not_of("0123456789");
  if (unit_at == 0 || unit_at == std::string_view::npos) return std::nullopt;
  const auto number = parse_whole(text.substr(0, unit_at));
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (unit.name != text.substr(unit_at)) continue;
    if (*number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string format_with_unit(std::int64_t number, const std::array<Unit, N>& units) {
  const Unit* best = &units[0];
  for (const Unit& unit : units) {
    if (number != 0 && number % unit.factor == 0) best = &unit;
  }
  return std::to_string(number / best->factor) + std::string(best->name);
}

bool is_literal_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return host == "localhost" || ::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const auto millis = parse_with_unit(text, kTimeUnits);
  if (!millis) return wrong(text, "a duration; write for example 200ms, 8s, 5m, 2h or 7d");
  return Duration(*millis);
}

std::string format_duration(Duration duration) { return format_with_unit(duration.count(), kTimeUnits); }

Result<std::size_t> parse_size(std::string_view text) {
  const auto bytes = parse_with_unit(text, kSizeUnits);
  if (!bytes) return wrong(text, "a size; write for example 512B, 16KiB, 1MiB or 1GiB");
  return static_cast<std::size_t>(*bytes);
}

std::string format_size(std::size_t bytes) { return format_with_unit(static_cast<std::int64_t>(bytes), kSizeUnits); }

Result<double> parse_rate(std::string_view text) {
  constexpr std::int64_t kMost = 1'000'000;
  const auto slash = std::min(text.find('/'), text.size());
  const auto number = parse_whole(text.substr(0, slash));
  const auto unit = text.substr(slash);
  const double seconds = unit == "/s" ? 1 : unit == "/m" ? 60 : unit == "/h" ? 3'600 : 0;
  if (!number || *number < 1 || *number > kMost || seconds == 0) {
    return wrong(text, "a rate; write for example 10/s, 90/m or 500/h, from 1 to 1000000");
  }
  return static_cast<double>(*number) / seconds;
}

Result<std::int64_t> parse_count(std::string_view text) {
  const auto number = parse_whole(text);
  if (!number) return wrong(text, "a whole number");
  return *number;
}

Result<ListenAddress> parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  const Error malformed = wrong(text,
                                "an address to listen on; write for example 127.0.0.1:8420, [::1]:8420 or "
                                "127.0.0.1:0 for any free port");
  if (colon == std::string_view::npos) return malformed;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') != host.ends_with(']')) return malformed;
  const bool bracketed = host.starts_with('[');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (bracketed != (host.find(':') != std::string_view::npos)) return malformed;
  const auto port = parse_whole(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65'535 || !is_literal_address(std::string(host))) return malformed;
  return ListenAddress{std::string(host), static_cast<std::uint16_t>(*port)};
}

Result<Route> parse_route(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size()) {
    return wrong(text, "a route; write EXCHANGE/ROUTING_KEY, for example mail.exchange/mail.urgent");
  }
  return Route{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

Result<Roles> parse_roles(std::string_view text) {
  Roles roles;
  for (const auto& name : split_list(text, ',')) {
    const auto* known =
        std::find_if(kRoles.begin(), kRoles.end(), [&](const RoleName& role) { return role.name == name; });
    if (known == kRoles.end()) return wrong(name, "a role; roles are api, relay and worker");
    roles.*known->member = true;
  }
  if (roles == Roles{}) return make_error(ErrorClass::kPermanent, "no role is named; roles are api, relay and worker");
  return roles;
}

std::string format_roles(const Roles& roles) {
  std::string text;
  for (const RoleName& role : kRoles) {
    if (roles.*role.member) text += (text.empty() ? "" : ",") + std::string(role.name);
  }
  return text;
}

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = text.find(separator);
    const auto part = trimmed(text.substr(0, end));
    if (!part.empty()) parts.emplace_back(part);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

bool ListenAddress::loopback() const { return host == "localhost" || host == "::1" || host.starts_with("127."); }

std::string ListenAddress::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace waybill::app
