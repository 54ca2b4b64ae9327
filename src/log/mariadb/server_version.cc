#include "log/mariadb/server_version.h"

#include <array>
#include <charconv>
#include <string>

namespace waybill::mariadb {
namespace {

using Version = std::array<int, 3>;

constexpr Version kMariadb{10, 6, 0};
// The first with CREATE TRIGGER IF NOT EXISTS, without which a migration that was broken off could not be run again.
constexpr Version kMysql{8, 0, 29};

Version version_of(std::string_view text) {
  Version version{};
  for (int& part : version) {
    const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), part);
    if (trouble != std::errc() || end == text.data() + text.size() || *end != '.') break;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  }
  return version;
}

}  // namespace

bool is_mariadb(std::string_view version) { return version.find("MariaDB") != std::string_view::npos; }

Status check_version(std::string_view version) {
  if (version_of(version) >= (is_mariadb(version) ? kMariadb : kMysql)) return ok_status();
  return make_error(ErrorClass::kPermanent, "the server is version " + std::string(version) +
                                                "; the message log needs MariaDB 10.6 or MySQL 8.0.29, or newer");
}

}  // namespace waybill::mariadb
