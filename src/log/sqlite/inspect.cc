#include "log/sqlite/inspect.h"

#include "log/sqlite/connection.h"
#include "log/sqlite/schema.h"

namespace waybill {
namespace {

constexpr std::int64_t kSynchronousFull = 2;

}  // namespace

Result<SqliteFacts> inspect_sqlite(const std::string& path) {
  auto opened = sqlite::Connection::open({.path = path, .query_only = true});
  if (!opened.ok()) return opened.error();
  sqlite::Connection& db = **opened;
  if (Status checked = sqlite::check_store(db, path); !checked.ok()) return checked.error();
  SqliteFacts facts;
  if (auto row = db.query("SELECT max(number) FROM schema_migration"); row.next()) facts.schema = row.small(0);
  if (auto row = db.query("PRAGMA journal_mode"); row.next()) facts.journal_mode = row.string(0);
  db.script("PRAGMA synchronous=FULL");
  if (auto row = db.query("PRAGMA synchronous"); row.next()) facts.syncs_commits = row.integer(0) == kSynchronousFull;
  if (auto failure = db.take_failure()) return failure->error;
  return facts;
}

}  // namespace waybill
