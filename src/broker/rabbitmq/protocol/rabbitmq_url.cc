#include "broker/rabbitmq/protocol/rabbitmq_url.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/names.h"
#include "core/wire_limits.h"

namespace waybill {
namespace {

constexpr std::uint16_t kPlainPort = 5672;
constexpr std::uint16_t kTlsPort = 5671;
constexpr std::size_t kAddressesMax = 16;
constexpr const char* kForm = "write amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps://…";

Error refuse(const std::string& what) { return make_error(ErrorClass::kPermanent, what + "; " + kForm); }

Result<std::string> decode_percent(std::string_view text, const char* what) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned value = 0;
    const auto digits = text.substr(i + 1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() < 2 || error != std::errc() || end != digits.data() + digits.size()) {
      return refuse(std::string("a '%' in the ") + what + " of the broker's URL is not followed by two hex digits");
    }
    decoded += static_cast<char>(value);
    i += 2;
  }
  const bool controls =
      std::any_of(decoded.begin(), decoded.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (decoded.size() > kShortStringMax || controls || !is_valid_utf8(decoded)) {
    return refuse(std::string("the ") + what + " of the broker's URL is longer than 255 bytes or no plain text");
  }
  return decoded;
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
Result<RabbitMqAddress> parse_address(std::string_view text, std::uint16_t fallback) {
  RabbitMqAddress address{{}, fallback};
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return refuse("an address in the broker's URL has no closing ']'");
    address.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    address.host = text.substr(0, text.find(':'));
    rest = text.substr(address.host.size());
  }
  const bool plain = std::all_of(address.host.begin(), address.host.end(), [](unsigned char c) {
    return c > 0x20 && c < 0x7F && std::string_view("@/?#\\%").find(static_cast<char>(c)) == std::string_view::npos;
  });
  if (address.host.empty() || !plain) return refuse("the broker's URL names no host");
  if (rest.empty()) return address;
  const auto digits = rest.substr(1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (rest[0] != ':' || error != std::errc() || end != digits.data() + digits.size() || port == 0 || port > 65'535) {
    return refuse("'" + std::string(text) + "' in the broker's URL has no port from 1 to 65535");
  }
  address.port = static_cast<std::uint16_t>(port);
  return address;
}

std::optional<Error> read_user(RabbitMqUrl& url, std::string_view user_info) {
  const auto colon = user_info.find(':');
  auto user = decode_percent(user_info.substr(0, colon), "user");
  if (!user.ok()) return user.error();
  url.user = std::move(*user);
  url.password.clear();
  if (colon == std::string_view::npos) return std::nullopt;
  auto password = decode_percent(user_info.substr(colon + 1), "password");
  if (!password.ok()) return password.error();
  url.password = std::move(*password);
  return std::nullopt;
}

std::optional<Error> read_addresses(RabbitMqUrl& url, std::string_view list) {
  while (true) {
    const auto comma = list.find(',');
    auto address = parse_address(list.substr(0, comma), url.tls ? kTlsPort : kPlainPort);
    if (!address.ok()) return address.error();
    url.addresses.push_back(std::move(*address));
    if (url.addresses.size() > kAddressesMax) return refuse("the broker's URL names more than 16 addresses");
    if (comma == std::string_view::npos) return std::nullopt;
    list.remove_prefix(comma + 1);
  }
}

/// Where the authority ends: a password may contain anything but '/', '?' and '#', which must be encoded.
std::string_view authority_of(std::string_view after_scheme) {
  return after_scheme.substr(0, after_scheme.find_first_of("/?#"));
}

constexpr std::string_view kPlain = "amqp://";
constexpr std::string_view kTls = "amqps://";

}  // namespace

std::string RabbitMqAddress::text() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<RabbitMqUrl> parse_rabbitmq_url(std::string_view text) {
  RabbitMqUrl url;
  url.tls = text.starts_with(kTls);
  if (!url.tls && !text.starts_with(kPlain)) return refuse("the broker's URL begins neither with amqp:// nor amqps://");
  text.remove_prefix((url.tls ? kTls : kPlain).size());
  const auto authority = authority_of(text);
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) {
    if (auto refused = read_user(url, authority.substr(0, at))) return *refused;
  }
  if (auto refused = read_addresses(url, at == std::string_view::npos ? authority : authority.substr(at + 1))) {
    return *refused;
  }
  const auto path = text.substr(authority.size());
  if (path.empty() || path == "/") return url;
  if (path[0] != '/' || path.find_first_of("/?#", 1) != std::string_view::npos) {
    return refuse("the broker's URL goes on after its vhost (a '/' in a vhost's name is written %2F)");
  }
  auto vhost = decode_percent(path.substr(1), "vhost");
  if (!vhost.ok()) return vhost.error();
  url.vhost = std::move(*vhost);
  return url;
}

std::string mask_password(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const auto begin = scheme + 3;
  const auto at = authority_of(url.substr(begin)).rfind('@');
  if (at == std::string_view::npos) return std::string(url);
  const auto colon = url.substr(begin, at).find(':');
  if (colon == std::string_view::npos) return std::string(url);
  return std::string(url.substr(0, begin + colon + 1)) + "********" + std::string(url.substr(begin + at));
}

}  // namespace waybill
