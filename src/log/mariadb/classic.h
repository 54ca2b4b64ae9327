// The classic table of a MariaDB or MySQL database, while it is adopted (log/classic_table.h).
#pragma once

#include <memory>

#include "base/result.h"
#include "log/classic_table.h"
#include "log/mariadb/mariadb_options.h"

namespace waybill::mariadb {

/// Errors: kPermanent, kRetry (unreachable).
[[nodiscard]] Result<std::unique_ptr<ClassicTable>> open_classic(const MariadbOptions& options,
                                                                 const AdoptTerms& terms);

}  // namespace waybill::mariadb
