// The message log of a configuration, held and opened. Which adapter stands behind the port is known here alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "base/time.h"
#include "core/names.h"
#include "log/shared_log.h"
#include "log/sqlite/lock_file.h"
#include "ports/message_log.h"

namespace waybill::app {

/// Closed in the reverse order: whoever is the next to hold the log finds it closed.
struct Store {
  std::unique_ptr<LockFile> lock;      ///< of a log in a file
  std::unique_ptr<InstanceHold> hold;  ///< of the instance's name in a shared log
  std::unique_ptr<MessageLog> log;
  std::unique_ptr<MessageLog> slow_log;  ///< of an instance on a shared log: the same, for what strangers delay
  std::unique_ptr<MessageReader> reader;
  std::int64_t boot_number = 0;                        ///< how many times this log has been opened for writing
  bool former_boot_is_dead = false;                    ///< proven of whoever had the instance's name before
  std::function<Result<bool>(std::stop_token)> check;  ///< looks a large file through for damage; none: nothing to do
};

/// What the log is opened for; see SqliteOptions and SharedLogOptions.
struct StoreUse {
  std::function<Status(const std::string& identity, std::int64_t boot_number)> admit = {};
  bool counted = true;  ///< false: no instance; a shared log is then not held
  /// Called once, from a thread of the store's, if somebody else has taken the instance's name: end the process.
  std::function<void(const Error&)> on_lost = {};
};

/// `clock` outlives the store; `owner` is told to others that want the log. Errors: kConflict (another process holds
/// the log or the name), kPermanent, kRetry; one sentence each.
[[nodiscard]] Result<Store> open_store(const Config& config, const WallClock& clock, const Owner& owner,
                                       const StoreUse& use = {});

/// What the log is called, for people: without a password.
[[nodiscard]] std::string place_of(const MessageLogConfig& log);

}  // namespace waybill::app
