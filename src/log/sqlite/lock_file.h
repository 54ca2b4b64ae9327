// The lock that gives one process a SQLite log: a file of its own beside the database, because closing any descriptor
// of the database file would drop SQLite's own locks. Held for the life of the object, and by the kernel alone: however
// a process ends, its lock is free, so whoever gets the lock knows that the former holder is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace waybill {

/// Who holds a log, as the lock file says for people and for the next holder.
struct LockHolder {
  std::string host;
  std::int64_t pid = 0;
  std::string instance;
  std::int64_t boot_number = 0;  ///< SqliteLog::boot_number() of its time; 0 until it was recorded
  bool operator==(const LockHolder&) const = default;
};

class LockFile {
 public:
  /// Takes `DATABASE.lock` without waiting. Errors: kConflict (held: the sentence names the holder), kPermanent (the
  /// file cannot be made or written).
  [[nodiscard]] static Result<std::unique_ptr<LockFile>> acquire(const std::string& database,
                                                                 const std::string& instance);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

  /// Who held it before, and is gone. Its boot number tells whether the log went back in time since.
  [[nodiscard]] const std::optional<LockHolder>& former() const { return former_; }

  /// Writes our boot number into the file, once the log is open.
  [[nodiscard]] Status record_boot(std::int64_t boot_number);

 private:
  LockFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  [[nodiscard]] Status write();

  const std::string path_;
  const int descriptor_;
  LockHolder self_;
  std::optional<LockHolder> former_;
};

}  // namespace waybill
