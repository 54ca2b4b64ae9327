#include "core/headers.h"

#include <algorithm>
#include <charconv>

namespace waybill {
namespace {

constexpr std::string_view kOwnPrefix = "x-waybill-";

std::optional<std::string_view> find(const Headers& headers, std::string_view name) {
  const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

std::optional<std::int64_t> find_number(const Headers& headers, std::string_view name) {
  const auto text = find(headers, name);
  std::int64_t number = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{})
    return std::nullopt;
  return number;
}

bool is_own(std::string_view name) { return name.starts_with(kOwnPrefix); }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

Headers with_mark(const Message& message, const Mark& mark) {
  // Names of ours in the message's own headers would be read as the mark.
  Headers headers = message.headers;
  std::erase_if(headers, [](const auto& header) { return is_own(header.first) && header.first != kHeaderDeadOf; });
  const auto add = [&](std::string_view name, std::string value) { headers.emplace_back(name, std::move(value)); };
  add(kHeaderLog, mark.log);
  add(kHeaderPublish, std::to_string(mark.publish_number));
  add(kHeaderTime, std::to_string(to_millis(mark.publish_time)));
  if (mark.digest) add(kHeaderDigest, to_hex(*mark.digest));
  add(kHeaderExchange, message.route.exchange);
  add(kHeaderKey, message.route.routing_key);
  if (mark.crashes > 0) add(kHeaderCrashes, std::to_string(mark.crashes));
  return headers;
}

std::optional<Mark> read_mark(const Headers& headers) {
  const auto log = find(headers, kHeaderLog);
  const auto number = find_number(headers, kHeaderPublish);
  const auto time = find_number(headers, kHeaderTime);
  if (!log || !number || !time) return std::nullopt;
  const auto digest = find(headers, kHeaderDigest);
  return Mark{std::string(*log), *number, from_millis(*time), digest ? parse_digest(*digest) : std::nullopt,
              static_cast<int>(find_number(headers, kHeaderCrashes).value_or(0))};
}

Headers without_mark(const Headers& headers) {
  Headers rest;
  std::ranges::copy_if(headers, std::back_inserter(rest), [](const auto& header) { return !is_own(header.first); });
  return rest;
}

std::optional<Digest> parse_digest(std::string_view hex) {
  Digest digest{};
  if (hex.size() != digest.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

}  // namespace waybill
