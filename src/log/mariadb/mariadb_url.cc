#include "log/mariadb/mariadb_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace waybill {
namespace {

constexpr char kForm[] = "mariadb://user:password@host:port/database?tls=verify";

Error bad(std::string what) {
  return make_error(ErrorClass::kPermanent, std::move(what) + "; a MariaDB log is named " + kForm);
}

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    unsigned byte = 0;
    const char* end = text.data() + i + 3;
    if (std::from_chars(text.data() + i + 1, end, byte, 16).ptr != end) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

// What stands before the first `mark`, which is removed too; all of it if there is none.
std::string_view cut(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  const auto part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

Status read_place(MariadbUrl& url, std::string_view place) {
  // The password may hold an `@` that nobody encoded; a host never does.
  if (const auto at = place.rfind('@'); at != std::string_view::npos) {
    auto who = place.substr(0, at);
    place.remove_prefix(at + 1);
    const auto user = decode(cut(who, ':'));
    const auto password = decode(who);
    if (!user || !password) return bad("the user or the password in the log's URL is not percent-encoded");
    url.user = *user;
    url.password = *password;
  }
  std::string_view host;
  if (place.starts_with('[')) {
    place.remove_prefix(1);
    host = cut(place, ']');
    if (place.starts_with(':')) place.remove_prefix(1);
  } else {
    host = cut(place, ':');
  }
  if (!host.empty()) url.host = host;
  if (place.empty()) return ok_status();
  constexpr unsigned kPortMax = 65'535;
  const auto parsed = std::from_chars(place.data(), place.data() + place.size(), url.port);
  if (parsed.ec != std::errc() || parsed.ptr != place.data() + place.size() || url.port == 0 || url.port > kPortMax) {
    return bad("the port '" + std::string(place) + "' in the log's URL is none");
  }
  return ok_status();
}

Status read_parameter(MariadbUrl& url, std::string_view name, const std::string& value) {
  using Tls = MariadbUrl::Tls;
  if (name == "tls") {
    if (value != "off" && value != "required" && value != "verify") {
      return bad("tls=" + value + " in the log's URL is unknown: there are off, required and verify");
    }
    url.tls = value == "off" ? Tls::kOff : value == "required" ? Tls::kRequired : Tls::kVerify;
  } else if (name == "tls_ca") {
    url.tls_ca = value;
    url.tls = Tls::kVerify;
  } else if (name == "tls_cert") {
    url.tls_cert = value;
  } else if (name == "tls_key") {
    url.tls_key = value;
  } else {
    return bad("the parameter '" + std::string(name) +
               "' of the log's URL is unknown: there are tls, tls_ca, tls_cert and tls_key");
  }
  return ok_status();
}

// Where user, password, host and port stand.
struct Place {
  std::size_t begin = 0;
  std::size_t end = 0;
};
Place place_in(std::string_view url) {
  const std::size_t begin = url.find("://") + 3;
  return {begin, std::min(url.find_first_of("/?", begin), url.size())};
}

}  // namespace

bool is_mariadb_url(std::string_view text) { return text.starts_with("mariadb://") || text.starts_with("mysql://"); }

std::string mask_mariadb_url(std::string_view url) {
  const auto [begin, end] = place_in(url);
  std::string masked(url);
  const auto at = url.substr(0, end).rfind('@');
  const auto colon = url.find(':', begin);
  if (at != std::string_view::npos && at >= begin && colon < at) masked.replace(colon + 1, at - colon - 1, "********");
  return masked;
}

std::string with_mariadb_database(std::string_view url, std::string_view database) {
  const auto end = place_in(url).end;
  const auto parameters = std::min(url.find('?', end), url.size());
  return std::string(url.substr(0, end)) + "/" + std::string(database) + std::string(url.substr(parameters));
}

Result<MariadbUrl> parse_mariadb_url(std::string_view text) {
  MariadbUrl url;
  std::string_view rest = text;
  if (!is_mariadb_url(text)) return bad("the log's URL does not begin with mariadb:// or mysql://");
  rest.remove_prefix(place_in(text).begin);
  std::string_view place = cut(rest, '/');
  if (Status read = read_place(url, place); !read.ok()) return read.error();
  const auto database = decode(cut(rest, '?'));
  if (!database || database->empty()) return bad("the log's URL names no database");
  url.database = *database;
  while (!rest.empty()) {
    std::string_view parameter = cut(rest, '&');
    const auto name = cut(parameter, '=');
    const auto value = decode(parameter);
    if (!value) return bad("the parameter '" + std::string(name) + "' of the log's URL is not percent-encoded");
    if (Status read = read_parameter(url, name, *value); !read.ok()) return read.error();
  }
  return url;
}

}  // namespace waybill
