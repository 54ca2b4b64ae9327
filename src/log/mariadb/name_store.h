// Where the name of an instance is held in a MariaDB log: a session lock, and a row of the table `instance`.
#pragma once

#include <memory>

#include "log/mariadb/mariadb_options.h"
#include "log/name_hold.h"

namespace waybill::mariadb {

[[nodiscard]] std::unique_ptr<NameStore> make_name_store(const MariadbOptions& options, const Owner& owner);

}  // namespace waybill::mariadb
