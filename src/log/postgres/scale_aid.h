// What a benchmark of a large log needs of PostgreSQL (log/scale_aid.h).
#pragma once

#include <memory>

#include "base/result.h"
#include "log/postgres/postgres_options.h"
#include "log/scale_aid.h"

namespace waybill::postgres {

[[nodiscard]] Result<std::unique_ptr<ScaleAid>> make_scale_aid(const PostgresOptions& options);

}  // namespace waybill::postgres
