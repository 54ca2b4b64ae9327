// A database of one's own on a server, and what the server writes: for benchmarks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "log/mariadb/mariadb_options.h"
#include "log/shared_log.h"

namespace waybill {

/// Named `prefix` with a random part. Errors: kPermanent (no right to make one), kRetry.
[[nodiscard]] Result<std::unique_ptr<OwnDatabase>> make_mariadb_database(const MariadbOptions& server,
                                                                         const std::string& prefix);

/// Bytes of redo log that the server has written so far; none if that cannot be told.
[[nodiscard]] std::optional<std::int64_t> mariadb_wal_bytes(const MariadbOptions& server);

}  // namespace waybill
