// What tests of the SQLite log share: a directory that goes away with the test, and a database connection that knows
// nothing of Waybill, as another program has it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"

struct sqlite3;

namespace waybill {

/// Made when constructed, removed with everything in it when destroyed.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Opens as the contract for other programs says: wal_autocheckpoint=0, synchronous=FULL, a busy timeout.
class StrangerDatabase {
 public:
  explicit StrangerDatabase(const std::string& path);
  ~StrangerDatabase();
  StrangerDatabase(const StrangerDatabase&) = delete;
  StrangerDatabase& operator=(const StrangerDatabase&) = delete;

  /// An error carries SQLite's own words.
  [[nodiscard]] Status run(const std::string& sql);
  /// First column of the first row; empty without one.
  [[nodiscard]] std::string text(const std::string& sql);
  [[nodiscard]] std::int64_t integer(const std::string& sql);

 private:
  sqlite3* database_ = nullptr;
};

/// As an SQL literal.
[[nodiscard]] std::string quoted(const std::string& text);

}  // namespace waybill
