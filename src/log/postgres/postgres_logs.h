// PostgreSQL as a kind of shared log.
#pragma once

#include "log/shared_log.h"

namespace waybill {

[[nodiscard]] const SharedLogKind& postgres_logs();

}  // namespace waybill
