// A database of one's own on a server, for benchmarks: made empty, removed when destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "log/postgres/postgres_options.h"
#include "log/shared_log.h"

namespace waybill {

/// Named `prefix` with a random part. Errors: kPermanent (no right to make one), kRetry.
[[nodiscard]] Result<std::unique_ptr<OwnDatabase>> make_postgres_database(const PostgresOptions& server,
                                                                          const std::string& prefix);

/// Bytes of write-ahead log that the server has written so far; none if that cannot be told.
[[nodiscard]] std::optional<std::int64_t> postgres_wal_bytes(const PostgresOptions& server);

}  // namespace waybill
