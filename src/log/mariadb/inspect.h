// What a person may want to know of a MariaDB log before, or while, instances serve it; and its migration.
#pragma once

#include "base/result.h"
#include "log/mariadb/mariadb_options.h"
#include "log/shared_log.h"

namespace waybill {

/// Reads alone. Errors: kPermanent, kRetry; one sentence each.
[[nodiscard]] Result<SharedLogFacts> inspect_mariadb(const MariadbOptions& options);

/// Applies what is missing, with rows or without; safe beside others that do the same. Errors: as above.
[[nodiscard]] Status migrate_mariadb(const MariadbOptions& options);

}  // namespace waybill
