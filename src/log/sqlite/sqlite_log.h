// The message log in one SQLite file (WAL, synchronous=FULL). One process serves a file; the lock file beside it
// (log/sqlite/lock_file.h) sees to that and is taken first. Other programs may insert rows and read.
//
// Only this class checkpoints, between commits: SQLite 3.40 may lose a WAL that two connections reset at once
// (sqlite.org/wal.html#walresetbug).
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

#include "log/sqlite/sqlite_options.h"
#include "ports/message_log.h"

namespace waybill {

class SqliteLog final : public MessageLog {
 public:
  /// Opens or creates the file, checks it (damage, owner, schema) and migrates it. Errors: kPermanent with a sentence
  /// for a person, kRetry (locked, no room).
  [[nodiscard]] static Result<std::unique_ptr<SqliteLog>> open(const SqliteOptions& options);
  /// Carries the write-ahead log over into the database, so that the file alone is complete.
  ~SqliteLog() override;

  /// A constraint or a body that is too large fails its own write with kPermanent. After an I/O error the connection is
  /// opened anew by the next call.
  [[nodiscard]] Result<Committed> commit(std::span<const Write> writes) override;
  [[nodiscard]] Result<WallTime> now() override;
  [[nodiscard]] std::string identity() const override;

  /// False if the file was too large to be looked through for damage while it was opened: call `check`.
  [[nodiscard]] bool was_checked() const;
  /// Looks through the whole file for damage, on a connection of its own. Any thread, beside everything else, once at a
  /// time; the write-ahead log cannot be reset meanwhile. False: `stop` ended it, within a few milliseconds. Errors:
  /// kPermanent (the file is damaged: stop the process), kRetry (it could not be read).
  [[nodiscard]] Result<bool> check(std::stop_token stop);

  /// How many times this log has been opened for writing: it never falls, unless an older copy of the file was
  /// restored.
  [[nodiscard]] std::int64_t boot_number() const;

 private:
  class Impl;
  explicit SqliteLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill
