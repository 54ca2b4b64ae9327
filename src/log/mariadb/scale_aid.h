// What a benchmark of a large log needs of MariaDB (log/scale_aid.h).
#pragma once

#include <memory>

#include "base/result.h"
#include "log/mariadb/mariadb_options.h"
#include "log/scale_aid.h"

namespace waybill::mariadb {

[[nodiscard]] Result<std::unique_ptr<ScaleAid>> make_scale_aid(const MariadbOptions& options);

}  // namespace waybill::mariadb
