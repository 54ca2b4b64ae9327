// Statistics of the message log: what is open is counted in its indexes, what is finished is kept counted.
#pragma once

#include <array>
#include <cstdint>

#include "log/mariadb/connection.h"
#include "ports/message_log.h"

namespace waybill::mariadb {

/// Without `store_now`.
[[nodiscard]] LogStats read_stats(Connection& db);
[[nodiscard]] std::array<std::int64_t, kStateCount> count_states(Connection& db);

}  // namespace waybill::mariadb
