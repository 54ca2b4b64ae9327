// What a person may want to know of a PostgreSQL log before, or while, instances serve it; and its migration.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "log/postgres/postgres_options.h"

namespace waybill {

struct PostgresMigration {
  int number = 0;
  std::string name;
  bool applied = false;
};

struct PostgresFacts {
  std::string server;                         ///< its version
  std::vector<PostgresMigration> migrations;  ///< all that this program knows
  bool has_log = false;
  std::string fsync;
  std::string full_page_writes;
  std::string synchronous_commit;  ///< of a session of ours
  bool tls = false;
  bool read_only = false;
  bool may_write = false;  ///< the rights that an instance needs on the tables there are
  Duration clock_ahead{};  ///< the server's clock before this machine's
  int connections_left = 0;
};

/// Reads alone. Errors: kPermanent, kRetry; one sentence each.
[[nodiscard]] Result<PostgresFacts> inspect_postgres(const PostgresOptions& options);

/// Applies what is missing, with rows or without; safe beside others that do the same. Errors: as above.
[[nodiscard]] Status migrate_postgres(const PostgresOptions& options);

}  // namespace waybill
