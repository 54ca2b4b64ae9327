// How many files this process may have open: every connection is one. Handlers need theirs too, so that connections
// get only what is left.
#pragma once

#include <cstdint>

#include "app/config.h"
#include "base/result.h"

namespace waybill::app {

/// Connections beyond `max_connections` that are still told so at once.
[[nodiscard]] int refused_connections(int max_connections);

/// What a configuration may need at once: its connections, its handlers, the log.
[[nodiscard]] std::uint64_t open_files_needed(const Config& config);

/// The most connections, up to the configured ones, that leave enough of `allowed` files for the rest. Errors:
/// kPermanent, if that would be hardly any.
[[nodiscard]] Result<int> connections_within(const Config& config, std::uint64_t allowed);

/// Raises the soft limit to `needed`, as far as the hard limit allows; never lowers it. Returns what then is allowed.
std::uint64_t allow_open_files(std::uint64_t needed);

}  // namespace waybill::app
