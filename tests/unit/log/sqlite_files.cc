#include "tests/unit/log/sqlite_files.h"

#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace waybill {

namespace {

// In memory where the system offers it: these tests open hundreds of logs and none cuts the power.
std::filesystem::path parent_directory() {
  const std::filesystem::path shared_memory = "/dev/shm";
  return ::access(shared_memory.c_str(), W_OK) == 0 ? shared_memory : std::filesystem::temp_directory_path();
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (parent_directory() / "waybill-log-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a temporary directory " + name);
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // what is left over is in the system's directory for such things
  std::filesystem::remove_all(path_, ignored);
}

StrangerDatabase::StrangerDatabase(const std::string& path) {
  if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) throw std::runtime_error("cannot open " + path);
  constexpr int kBusyTimeoutMs = 5'000;
  sqlite3_busy_timeout(database_, kBusyTimeoutMs);
  if (!run("PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=FULL").ok()) {
    throw std::runtime_error(path + " is not a database");
  }
}

StrangerDatabase::~StrangerDatabase() { sqlite3_close(database_); }

Status StrangerDatabase::run(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return ok_status();
  return make_error(ErrorClass::kPermanent, sqlite3_errmsg(database_));
}

std::string StrangerDatabase::text(const std::string& sql) {
  std::string found;
  const auto keep = [](void* to, int columns, char** values, char**) {
    if (columns > 0 && values[0] != nullptr) *static_cast<std::string*>(to) = values[0];
    return 1;  // the first row is enough
  };
  sqlite3_exec(database_, sql.c_str(), keep, &found, nullptr);
  return found;
}

std::int64_t StrangerDatabase::integer(const std::string& sql) { return std::atoll(text(sql).c_str()); }

std::string quoted(const std::string& text) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\'') literal += '\'';
    literal += c;
  }
  return literal + "'";
}

}  // namespace waybill
