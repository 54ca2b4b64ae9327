// The lock that gives one process a SQLite log: a file of its own beside the database, because closing any descriptor
// of the database file would drop SQLite's own locks. Held for the life of the object, and by the kernel alone: however
// a process ends, its lock is free, so whoever gets the lock knows that the former holder is gone.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace waybill {

class LockFile {
 public:
  /// Takes `DATABASE.lock` without waiting, beside the file that `database` leads to: links to one database are one
  /// lock. Errors: kConflict (held: the sentence names the holder), kPermanent (the file cannot be made or written).
  [[nodiscard]] static Result<std::unique_ptr<LockFile>> acquire(const std::string& database,
                                                                 const std::string& instance);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

 private:
  explicit LockFile(int descriptor) : descriptor_(descriptor) {}

  const int descriptor_;
};

}  // namespace waybill
