// MariaDB, and MySQL, as a kind of shared log.
#pragma once

#include "log/shared_log.h"

namespace waybill {

[[nodiscard]] const SharedLogKind& mariadb_logs();

}  // namespace waybill
