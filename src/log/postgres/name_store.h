// Where the name of an instance is held in a PostgreSQL log: an advisory lock, and a row of the table `instance`.
#pragma once

#include <memory>

#include "log/name_hold.h"
#include "log/postgres/postgres_options.h"

namespace waybill::postgres {

[[nodiscard]] std::unique_ptr<NameStore> make_name_store(const PostgresOptions& options, const Owner& owner);

}  // namespace waybill::postgres
