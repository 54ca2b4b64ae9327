// How many files this process may have open: every connection is one.
#pragma once

#include <cstdint>

#include "app/config.h"

namespace waybill::app {

/// What a configuration may need at once: its connections, its handlers, the log.
[[nodiscard]] std::uint64_t open_files_needed(const Config& config);

/// Raises the soft limit to `needed`, as far as the hard limit allows; never lowers it. Returns what then is allowed.
std::uint64_t allow_open_files(std::uint64_t needed);

}  // namespace waybill::app
