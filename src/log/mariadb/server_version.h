// Which servers know the statements of the log.
#pragma once

#include <string_view>

#include "base/result.h"

namespace waybill::mariadb {

/// Of what a server calls its version; otherwise it is MySQL.
[[nodiscard]] bool is_mariadb(std::string_view version);

/// Errors: kPermanent, too old.
[[nodiscard]] Status check_version(std::string_view version);

}  // namespace waybill::mariadb
