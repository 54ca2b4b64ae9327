#include "mail/smtp/relay_options.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "mail/mail_text.h"

namespace waybill::smtp {
namespace {

constexpr std::uint16_t kImplicitTlsPort = 465;
constexpr int kWeightMax = 1'000;
constexpr std::string_view kForm = "smtp://user:secret@mail.example.org:587 is right";

Error refuse(const std::string& why) { return make_error(ErrorClass::kPermanent, why); }

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    const auto digits = text.substr(at + 1, 2);
    unsigned value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || read.ptr != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(value);
    at += 2;
  }
  return decoded;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

bool is_host_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
}

bool is_ipv6(const std::string& text) {
  in6_addr parsed{};
  return ::inet_pton(AF_INET6, text.c_str(), &parsed) == 1;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Status read_login(std::string_view login, RelayOptions& options) {
  const auto colon = login.find(':');
  const auto user = percent_decoded(login.substr(0, colon));
  const auto secret = percent_decoded(colon == std::string_view::npos ? std::string_view() : login.substr(colon + 1));
  if (!user || !secret)
    return refuse("a relay's user or secret has a % without two hexadecimal digits; a % itself is written %25");
  options.user = *user;
  options.secret = *secret;
  return ok_status();
}

Status read_place(std::string_view place, RelayOptions& options) {
  std::string_view port;
  if (place.starts_with('[')) {
    const auto end = place.find(']');
    if (end == std::string_view::npos) return refuse("a relay's address has a [ without a ]; smtp://[::1]:25 is right");
    options.host = place.substr(1, end - 1);
    port = place.substr(end + 1);
  } else {
    const auto colon = place.find(':');
    options.host = place.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : place.substr(colon);
  }
  if (port.empty()) return ok_status();
  if (port.front() != ':' || !read_number(port.substr(1), options.port) || options.port == 0) {
    // Not quoted: behind a secret with a ? or a comma in it, it is a part of that.
    return refuse("a relay's port is not a number from 1 to 65535; of a secret, / ? @ and commas are percent-encoded");
  }
  return ok_status();
}

Status read_parameter(std::string_view name, std::string_view value, RelayOptions& options) {
  const auto wrong = [&](const char* right) {
    return refuse("a relay's " + std::string(name) + " '" + std::string(value) + "' is unknown; " + right +
                  " is right");
  };
  if (name == "tls") {
    if (options.tls == RelayTls::kImplicit)
      return refuse("smtps:// is TLS from the start and takes no tls=; smtp:// does");
    constexpr std::array<std::pair<std::string_view, RelayTls>, 3> kKinds = {
        {{"required", RelayTls::kStartTls}, {"opportunistic", RelayTls::kOpportunistic}, {"none", RelayTls::kNone}}};
    const auto* const kind =
        std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& one) { return one.first == value; });
    if (kind == kKinds.end()) return wrong("required, opportunistic or none");
    options.tls = kind->second;
    return ok_status();
  }
  if (name == "auth") {
    constexpr std::array<std::pair<std::string_view, RelayAuth>, 4> kKinds = {{{"any", RelayAuth::kAny},
                                                                               {"plain", RelayAuth::kPlain},
                                                                               {"login", RelayAuth::kLogin},
                                                                               {"xoauth2", RelayAuth::kXoauth2}}};
    const auto* const kind =
        std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& one) { return one.first == value; });
    if (kind == kKinds.end()) return wrong("any, plain, login or xoauth2");
    options.auth = kind->second;
    return ok_status();
  }
  if (name == "weight") return read_number(value, options.weight) ? ok_status() : wrong("a number from 0 to 1000");
  return refuse("a relay's URL knows tls, auth and weight, not '" + std::string(name) + "'");
}

Status read_query(std::string_view query, RelayOptions& options) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto one = query.substr(0, end);
    const auto equals = one.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view() : one.substr(equals + 1);
    if (auto read = read_parameter(one.substr(0, equals), value, options); !read) return read;
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
  }
  return ok_status();
}

}  // namespace

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text.front() != '-' && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), is_host_char);
}

bool is_loopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

std::string name_of(const RelayOptions& options) {
  const bool ipv6 = options.host.find(':') != std::string::npos;
  return (ipv6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(options.port);
}

Result<RelayOptions> parse_relay_url(std::string_view url) {
  RelayOptions options;
  const bool implicit = url.starts_with("smtps://");
  if (!implicit && !url.starts_with("smtp://")) {
    return refuse("a relay's URL begins neither with smtp:// nor with smtps://; " + std::string(kForm));
  }
  url.remove_prefix(url.find("//") + 2);
  if (implicit) {
    options.tls = RelayTls::kImplicit;
    options.port = kImplicitTlsPort;
  }
  const auto question = url.find('?');
  auto place = url.substr(0, question);
  if (place.ends_with('/')) place.remove_suffix(1);
  const auto at = place.rfind('@');
  if (at != std::string_view::npos) {
    if (auto read = read_login(place.substr(0, at), options); !read) return read.error();
    place.remove_prefix(at + 1);
  }
  if (auto read = read_place(place, options); !read) return read.error();
  if (!implicit && is_loopback(options.host)) options.tls = RelayTls::kNone;
  if (question != std::string_view::npos) {
    if (auto read = read_query(url.substr(question + 1), options); !read) return read.error();
  }
  if (auto valid = validate(options); !valid) return valid.error();
  return options;
}

std::string mask_relay_url(std::string_view url) {
  const auto scheme = url.find("://");
  if (!url.starts_with("smtp") || scheme == std::string_view::npos) return {};
  const auto begin = scheme + 3;
  const auto at = url.rfind('@');
  const auto colon = url.find(':', begin);
  if (at == std::string_view::npos || at < begin || colon > at) return std::string(url);
  return std::string(url.substr(0, colon + 1)) + "********" + std::string(url.substr(at));
}

Status validate(const RelayOptions& options) {
  if (!is_host_name(options.host) && !is_ipv6(options.host)) {
    return refuse("a relay's host " + quoted(options.host) + " is neither a name nor an address; " +
                  std::string(kForm));
  }
  const std::string relay = "the relay " + name_of(options);
  if (!is_host_name(options.ehlo_name)) {
    return refuse(relay + ": '" + options.ehlo_name + "' is not a host name to greet with; mail.example.org is right");
  }
  if (has_control_character(options.user) || has_control_character(options.secret)) {
    return refuse(relay + ": the user or the secret contains a control character");
  }
  if (options.user.empty() && (!options.secret.empty() || options.auth != RelayAuth::kAny)) {
    return refuse(relay + ": there is a secret or auth= without a user; " + std::string(kForm));
  }
  const bool may_be_plain = options.tls == RelayTls::kNone || options.tls == RelayTls::kOpportunistic;
  if (!options.user.empty() && may_be_plain && !is_loopback(options.host)) {
    return refuse(relay + ": a login without TLS would show the secret to the network; tls=required is right");
  }
  if (options.weight < 0 || options.weight > kWeightMax) return refuse(relay + ": a weight is from 0 to 1000");
  if (options.connections_max < 1 || options.mails_per_connection < 1) {
    return refuse(relay + ": connections and mails per connection are 1 or more");
  }
  if (options.idle_max < Duration(0) || options.connect_timeout <= Duration(0) || !(options.mails_per_second >= 0)) {
    return refuse(relay + ": times and rates are not negative, and connecting takes some time");
  }
  return ok_status();
}

}  // namespace waybill::smtp
