// What a PostgreSQL log is called: `postgresql://user:password@host:port/database?sslmode=verify-full&…`.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill {

[[nodiscard]] bool is_postgres_url(std::string_view text);
/// Errors: kPermanent, what libpq does not understand of it.
[[nodiscard]] Status check_postgres_url(const std::string& url);
/// For people: without its passwords.
[[nodiscard]] std::string mask_postgres_url(std::string_view url);
/// The same server with another database.
[[nodiscard]] std::string with_database(std::string_view url, std::string_view database);

}  // namespace waybill
