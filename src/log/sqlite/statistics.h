// What the statistics say of the rows in a log, without reading history: open rows are counted in the small indexes
// that hold them, finished ones in `finished_count`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "log/sqlite/connection.h"
#include "ports/message_log.h"

namespace waybill::sqlite {

/// The rows of each state.
[[nodiscard]] std::array<std::int64_t, kStateCount> count_states(Connection& db);

/// All but `store_now`.
[[nodiscard]] LogStats read_stats(Connection& db);

}  // namespace waybill::sqlite
