// The message log of a configuration, held and opened.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "base/time.h"
#include "log/sqlite/lock_file.h"
#include "log/sqlite/sqlite_log.h"
#include "log/sqlite/sqlite_reader.h"

namespace waybill::app {

/// Closed in the reverse order: whoever is the next to hold the log finds it closed.
struct Store {
  std::unique_ptr<LockFile> lock;
  std::unique_ptr<SqliteLog> log;
  std::unique_ptr<SqliteReader> reader;
};

/// What the log is opened for; see SqliteOptions.
struct StoreUse {
  std::function<Status(const std::string& identity, std::int64_t boot_number)> admit = {};
  bool counted = true;
};

/// `clock` outlives the store; `instance` is told to others that want the log. Errors: kConflict (another process holds
/// the log), kPermanent, kRetry; one sentence each.
[[nodiscard]] Result<Store> open_store(const Config& config, const WallClock& clock, const std::string& instance,
                                       const StoreUse& use = {});

}  // namespace waybill::app
