// A database of one's own on a server, for benchmarks: made empty, removed when destroyed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "log/postgres/postgres_options.h"

namespace waybill {

class OwnDatabase {
 public:
  /// Named `prefix` with a random part. Errors: kPermanent (no right to make one), kRetry.
  [[nodiscard]] static Result<std::unique_ptr<OwnDatabase>> make(const PostgresOptions& server,
                                                                 const std::string& prefix);
  ~OwnDatabase();
  OwnDatabase(const OwnDatabase&) = delete;
  OwnDatabase& operator=(const OwnDatabase&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  OwnDatabase(PostgresOptions server, std::string name);

  const PostgresOptions server_;
  const std::string name_;
  const std::string url_;
};

/// Bytes of write-ahead log that the server has written so far; none if that cannot be told.
[[nodiscard]] std::optional<std::int64_t> wal_bytes(const PostgresOptions& server);

}  // namespace waybill
