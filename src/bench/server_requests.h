// What benchmarks ask of a server's interface.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "bench/server_process.h"

namespace waybill::bench {

/// The token that clients of this instance need; empty: none.
[[nodiscard]] std::string token_of(const app::Config& config);
/// A whole request with a JSON body.
[[nodiscard]] std::string post(const std::string& target, const std::string& body, const std::string& token);

using RowCounts = std::map<std::string, std::int64_t>;  ///< by the names of their states
/// Errors: kRetry.
[[nodiscard]] Result<RowCounts> rows_by_state(const ServerProcess& server, const std::string& token);
[[nodiscard]] std::int64_t sum_of(const RowCounts& rows);

}  // namespace waybill::bench
