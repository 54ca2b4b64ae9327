// The URL of a MariaDB or MySQL database: `mariadb://user:password@host:port/database?parameter=value&…`, or
// `mysql://…`. Percent-encoding is decoded. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill {

struct MariadbUrl {
  std::string user;
  std::string password;
  std::string host = "127.0.0.1";
  unsigned port = 3'306;
  std::string database;
  enum class Tls {
    kOff,
    kRequired,  ///< encrypted, but to whoever answers
    kVerify,    ///< the certificate is one of `tls_ca`'s, or of the system's, and names the host
  };
  Tls tls = Tls::kOff;
  std::string tls_ca;    ///< file; empty: the system's
  std::string tls_cert;  ///< file of our own certificate; with `tls_key`
  std::string tls_key;
};

/// Parameters: `tls=off|required|verify`, `tls_ca=FILE` (implies verify), `tls_cert=FILE`, `tls_key=FILE`. Errors:
/// kPermanent, a sentence that does not repeat the password.
[[nodiscard]] Result<MariadbUrl> parse_mariadb_url(std::string_view url);

[[nodiscard]] bool is_mariadb_url(std::string_view text);
/// For people: without its password.
[[nodiscard]] std::string mask_mariadb_url(std::string_view url);
/// The same server with another database.
[[nodiscard]] std::string with_mariadb_database(std::string_view url, std::string_view database);

}  // namespace waybill
