#include "log/sqlite/schema.h"

namespace waybill::sqlite {
namespace {

// "WYBL", in the file's header: tells our databases from other programs'.
constexpr std::int64_t kApplicationId = 0x5759424C;

constexpr char kMigrationTable[] =
    "CREATE TABLE IF NOT EXISTS schema_migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
    "checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";

Error permanent(std::string message) { return make_error(ErrorClass::kPermanent, std::move(message)); }

Status failure_of(Connection& connection) {
  if (auto failure = connection.take_failure()) return failure->error;
  return ok_status();
}

std::string read_text(Connection& connection, const char* sql) {
  auto query = connection.query(sql);
  return query.next() ? query.string(0) : std::string();
}

std::int64_t read_integer(Connection& connection, const char* sql) {
  auto query = connection.query(sql);
  return query.next() ? query.integer(0) : 0;
}

bool has_migration_table(Connection& connection) {
  return read_integer(connection, "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_migration'") == 1;
}

// A fresh file has no tables and no application id; anything else that is not ours belongs to somebody.
Status refuse_strangers(Connection& connection, const std::string& path) {
  const auto id = read_integer(connection, "PRAGMA application_id");
  const auto tables = read_integer(connection, "SELECT count(*) FROM sqlite_schema");
  if (auto status = failure_of(connection); !status.ok()) return status;
  const bool fresh = id == 0 && tables == 0;
  if (fresh || id == kApplicationId) return ok_status();
  return permanent(path + " is another program's SQLite database; name a file of its own for the message log");
}

bool is_larger_than(Connection& connection, std::size_t bytes) {
  const auto pages = read_integer(connection, "PRAGMA page_count");
  const auto page = read_integer(connection, "PRAGMA page_size");
  return static_cast<std::size_t>(pages * page) > bytes;
}

Result<std::vector<Migration>> missing_migrations(Connection& connection) {
  std::vector<AppliedMigration> applied;
  {
    auto query = connection.query("SELECT number, name, checksum FROM schema_migration ORDER BY number");
    while (query.next()) applied.push_back({query.small(0), query.string(1), query.string(2)});
  }
  if (auto status = failure_of(connection); !status.ok()) return status.error();
  return plan_migrations(migrations(), applied);
}

Status apply_missing(Connection& connection, WallTime now) {
  connection.script(std::string(kMigrationTable) + ";PRAGMA application_id=" + std::to_string(kApplicationId));
  if (auto status = failure_of(connection); !status.ok()) return status;
  const auto missing = missing_migrations(connection);
  if (!missing.ok()) return missing.error();
  for (const Migration& migration : *missing) {
    connection.script(std::string(migration.sql));
    connection.run("INSERT INTO schema_migration (number, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
                   migration.number, migration.name, checksum_of(migration), now);
  }
  connection.script("COMMIT");
  return failure_of(connection);
}

}  // namespace

Status make_durable(Connection& connection, const std::string& path) {
  const std::string mode = read_text(connection, "PRAGMA journal_mode=WAL");
  connection.script("PRAGMA synchronous=FULL");
  const auto synchronous = read_integer(connection, "PRAGMA synchronous");
  if (auto status = failure_of(connection); !status.ok()) return status;
  if (mode != "wal") {
    return permanent("the file system of " + path +
                     " does not support SQLite's write-ahead log; keep the message log on a local disk");
  }
  constexpr std::int64_t kFull = 2;
  if (synchronous != kFull) {
    return permanent("SQLite did not accept synchronous=FULL, without which nothing accepted would be safe");
  }
  return ok_status();
}

Status refuse_damage(Connection& connection, const std::string& path) {
  const std::string verdict = read_text(connection, "PRAGMA quick_check(1)");
  if (auto status = failure_of(connection); !status.ok()) return status;
  if (verdict == "ok") return ok_status();
  return permanent("the message log " + path + " is damaged (" + verdict + "); restore it from a backup");
}

Result<bool> prepare_store(Connection& connection, const std::string& path, std::size_t checked_max, WallTime now) {
  if (connection.read_only_file()) {
    return permanent("the message log " + path +
                     " is read-only; it must be on a file system that this user may write to");
  }
  // Before anything is changed in a file that may be somebody else's.
  if (auto status = refuse_strangers(connection, path); !status.ok()) return status.error();
  if (auto status = make_durable(connection, path); !status.ok()) return status.error();
  const bool checked = !is_larger_than(connection, checked_max);
  if (auto status = checked ? refuse_damage(connection, path) : failure_of(connection); !status.ok()) {
    return status.error();
  }
  connection.script("BEGIN IMMEDIATE");
  auto status = apply_missing(connection, now);
  connection.rollback();  // after a commit there is nothing to roll back
  if (!status.ok()) return status.error();
  return checked;
}

Status check_store(Connection& connection, const std::string& path) {
  if (auto status = refuse_strangers(connection, path); !status.ok()) return status;
  if (!has_migration_table(connection))
    return permanent(path + " is not a message log yet; start `waybill serve` once");
  const auto missing = missing_migrations(connection);
  if (!missing.ok()) return missing.error();
  if (!missing->empty()) return permanent(path + " was made by an older program; start `waybill serve` once");
  return ok_status();
}

}  // namespace waybill::sqlite
