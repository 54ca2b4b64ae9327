// What a person may want to know of a SQLite log before, or while, an instance holds it.
#pragma once

#include <string>

#include "base/result.h"

namespace waybill {

struct SqliteFacts {
  int schema = 0;              ///< number of the newest migration, which is the newest that this program knows
  std::string journal_mode;    ///< of the file; `wal` once an instance has opened it
  bool syncs_commits = false;  ///< a connection of ours waits for the disk at every commit
};

/// Reads alone, and takes no lock from an instance. Errors: kPermanent (not a log, older or newer, altered, damaged),
/// kRetry; one sentence each.
[[nodiscard]] Result<SqliteFacts> inspect_sqlite(const std::string& path);

}  // namespace waybill
