// What one durable write costs on this disk: the quantum that every other figure is made of.
#pragma once

#include <string>

#include "base/result.h"
#include "bench/statistics.h"

namespace waybill::bench {

/// Microseconds of fdatasync(2) after a write of 4 KiB into a file that has its size already, as the write-ahead log
/// has. Takes about a second at most. Errors: kRetry.
[[nodiscard]] Result<Spread> measure_fdatasync_us(const std::string& directory);

}  // namespace waybill::bench
