// What an error of the server means.
#pragma once

#include <string_view>

#include "log/mariadb/connection.h"
#include "log/mariadb/mariadb_url.h"

namespace waybill::mariadb {

/// `number` is the server's or the library's, `message` what it said.
[[nodiscard]] Failure failure_of(unsigned number, std::string_view message);

/// The same for a connection that could not be made.
[[nodiscard]] Error connect_error(unsigned number, std::string_view message, const MariadbUrl& url);

/// The same for one that could not be made secure.
[[nodiscard]] Error insecure(std::string_view message, const MariadbUrl& url);

}  // namespace waybill::mariadb
