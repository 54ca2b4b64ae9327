// What an error of the server means.
#pragma once

#include <string>
#include <string_view>

#include "log/postgres/connection.h"

namespace waybill::postgres {

/// `code` is the SQLSTATE, `message` what the server said first.
[[nodiscard]] Failure failure_of(std::string_view code, std::string_view message);

/// The same for a connection that could not be made. `code` may be empty: libpq does not tell it.
[[nodiscard]] Error connect_error(std::string_view message);

/// The first line, without what libpq puts before it.
[[nodiscard]] std::string first_line(std::string_view message);

}  // namespace waybill::postgres
