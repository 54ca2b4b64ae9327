// The classic table of a PostgreSQL database, while it is adopted (log/classic_table.h).
#pragma once

#include <memory>

#include "base/result.h"
#include "log/classic_table.h"
#include "log/postgres/postgres_options.h"

namespace waybill::postgres {

/// Errors: kPermanent, kRetry (unreachable).
[[nodiscard]] Result<std::unique_ptr<ClassicTable>> open_classic(const PostgresOptions& options,
                                                                 const AdoptTerms& terms);

}  // namespace waybill::postgres
