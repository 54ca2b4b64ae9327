#include "log/postgres/url.h"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>

#include "log/postgres/failures.h"

namespace waybill {
namespace {

constexpr std::string_view kMask = "********";

// Where the authority begins and ends.
struct Authority {
  std::size_t begin = 0;
  std::size_t end = 0;
};
Authority authority_of(std::string_view url) {
  const std::size_t begin = url.find("://") + 3;
  return {begin, std::min(url.find_first_of("/?#", begin), url.size())};
}

}  // namespace

bool is_postgres_url(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

Status check_postgres_url(const std::string& url) {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(url.c_str(), &problem),
                                                                             PQconninfoFree);
  if (options) return ok_status();
  const std::string said = problem != nullptr ? postgres::first_line(problem) : "it cannot be read";
  PQfreemem(problem);
  return make_error(ErrorClass::kPermanent,
                    said + "; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with ?sslmode=verify-full for TLS");
}

std::string mask_postgres_url(std::string_view url) {
  std::string masked(url);
  const auto [begin, end] = authority_of(masked);
  const auto at = masked.rfind('@', end);
  const auto colon = masked.find(':', begin);
  if (at != std::string::npos && at > begin && at < end && colon < at) masked.replace(colon + 1, at - colon - 1, kMask);
  for (const std::string_view key : {"?password=", "&password=", "?sslpassword=", "&sslpassword="}) {
    const auto found = masked.find(key);
    if (found == std::string::npos) continue;
    const auto value = found + key.size();
    masked.replace(value, std::min(masked.find('&', value), masked.size()) - value, kMask);
  }
  return masked;
}

std::string with_database(std::string_view url, std::string_view database) {
  const auto end = authority_of(url).end;
  const auto parameters = std::min(url.find('?', end), url.size());
  return std::string(url.substr(0, end)) + "/" + std::string(database) + std::string(url.substr(parameters));
}

}  // namespace waybill
