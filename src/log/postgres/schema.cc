#include "log/postgres/schema.h"

#include "log/classic_table.h"

namespace waybill::postgres {
namespace {

// In the database's own space of advisory locks. Taken before the transaction begins: only a new transaction learns of
// the tables that another session has made meanwhile.
constexpr Statement kLock{"migration_lock", "SELECT pg_advisory_lock(6150173812543029301)"};
constexpr Statement kUnlock{"migration_unlock", "SELECT pg_advisory_unlock(6150173812543029301)"};
constexpr Statement kBegin{"begin_migration", "BEGIN"};
constexpr Statement kCommit{"commit_migration", "COMMIT"};
constexpr Statement kTables{"tables",
                            "SELECT to_regclass('schema_migration') IS NOT NULL, to_regclass('msg_log') IS NOT NULL, "
                            "to_regclass('msg_log_adoption') IS NOT NULL"};
constexpr Statement kApplied{"applied_migrations",
                             "SELECT number, name, checksum FROM schema_migration ORDER BY number"};
constexpr Statement kInTheWay{
    "in_the_way",
    "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = current_schema() AND c.relname IN ('msg_event', 'idempotency_key', 'node_lease', 'queue_fact', "
    "'instance', 'log_identity', 'finished_count', 'finished_change', 'mail_recipient') ORDER BY c.relname LIMIT 1"};
constexpr Statement kHasRows{"has_rows", "SELECT EXISTS (SELECT FROM msg_log)"};
constexpr Statement kRecord{
    "record_migration",
    "INSERT INTO schema_migration (number, name, checksum, applied_at) VALUES ($1, $2, $3, now() AT TIME ZONE 'utc')"};
constexpr Statement kPlace{"place",
                           "SELECT current_database()::text, coalesce(current_schema(), '')::text, current_user::text"};
constexpr Statement kDurability{
    "durability",
    "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')"};

constexpr char kMigrationTable[] =
    "CREATE TABLE IF NOT EXISTS schema_migration (number integer NOT NULL PRIMARY KEY, name text NOT NULL, "
    "checksum text NOT NULL, applied_at timestamp(3) NOT NULL)";

Error permanent(std::string message) { return make_error(ErrorClass::kPermanent, std::move(message)); }

Result<SchemaState> schema_of(Connection& connection) {
  SchemaState state;
  const Rows tables = connection.ask(kTables);
  if (!connection.failed() && tables.boolean(0, 0)) {
    const Rows applied = connection.ask(kApplied);
    for (int i = 0; i < applied.size(); ++i) {
      state.applied.push_back({applied.small(i, 0), applied.string(i, 1), applied.string(i, 2)});
    }
  }
  state.has_table = !connection.failed() && tables.boolean(0, 1);
  state.is_adopting = !connection.failed() && tables.boolean(0, 2);
  if (!connection.failed() && state.applied.empty()) {
    const Rows others = connection.ask(kInTheWay);
    if (others.size() > 0) state.in_the_way = others.string(0, 0);
  }
  if (state.has_table) {
    const Rows rows = connection.ask(kHasRows);
    state.has_rows = !connection.failed() && rows.boolean(0, 0);
  }
  if (auto failure = connection.take_failure()) return failure->error;
  auto missing = plan_migrations(migrations(), state.applied);
  if (!missing.ok()) return missing.error();
  state.missing = *std::move(missing);
  return state;
}

Status apply_missing(Connection& connection, Migrate how) {
  auto state = schema_of(connection);
  if (!state.ok()) return state.error();
  if (state->missing.empty()) return ok_status();
  if (state->applied.empty() && state->has_table) {
    return permanent(
        "the database holds a table msg_log that Waybill did not make; `waybill migrate adopt` takes a classic one "
        "over");
  }
  if (!state->in_the_way.empty()) return permanent(name_is_needed(state->in_the_way));
  if (how == Migrate::kIfEmpty && state->has_rows) {
    return permanent("the message log was made by an older program; run `waybill migrate up` once");
  }
  connection.script(kMigrationTable);
  for (const Migration& migration : state->missing) {
    connection.script(std::string(migration.sql));
    connection.ask(kRecord,
                   Params().add(migration.number).add(std::string_view(migration.name)).add(checksum_of(migration)));
  }
  return ok_status();
}

}  // namespace

Result<SchemaState> read_schema(Connection& connection) { return schema_of(connection); }

// Without the right to create nothing can be migrated; whoever has it must give it.
Error explain(Connection& connection, Failure failure) {
  if (failure.error.code != "42501" && failure.error.code != "3F000") return std::move(failure.error);
  connection.rollback();
  const Rows place = connection.ask(kPlace);
  if (connection.take_failure()) return std::move(failure.error);
  const std::string schema = place.text(0, 1).empty() ? "public" : place.string(0, 1);
  return permanent("the role " + place.string(0, 2) + " may not create tables in the database " + place.string(0, 0) +
                   "; an administrator must run there: GRANT CREATE, USAGE ON SCHEMA " + schema + " TO " +
                   place.string(0, 2));
}

Status make_schema(Connection& connection) {
  Status made = apply_missing(connection, Migrate::kAlways);
  if (auto failure = connection.take_failure()) return explain(connection, std::move(*failure));
  return made;
}

Status migrate(Connection& connection, Migrate how) {
  // Mostly there is nothing to do, and then nothing is locked.
  auto state = schema_of(connection);
  if (!state.ok()) return state.error();
  if (how == Migrate::kIfEmpty && state->is_adopting) return permanent(kAdoptionGoesOn);
  if (state->missing.empty()) return ok_status();
  connection.script("SET lock_timeout = '60s'; SET statement_timeout = '600s'");
  connection.ask(kLock);
  connection.ask(kBegin);
  Status done = apply_missing(connection, how);
  if (done.ok()) connection.ask(kCommit);
  if (auto failure = connection.take_failure()) done = explain(connection, std::move(*failure));
  connection.rollback();
  connection.ask(kUnlock);
  static_cast<void>(connection.take_failure());  // the end of the connection lets it go as well
  return done;
}

Result<std::string> check_durability(Connection& connection) {
  const Rows settings = connection.ask(kDurability);
  if (auto failure = connection.take_failure()) return failure->error;
  if (settings.text(0, 0) != "on") {
    return permanent(
        "the PostgreSQL server runs with fsync=off and forgets what it has committed when it crashes; set "
        "fsync = on in postgresql.conf");
  }
  if (const auto commit = settings.text(0, 2); commit != "on" && commit != "remote_apply") {
    return permanent("the PostgreSQL session commits with synchronous_commit=" + std::string(commit) +
                     ", which may forget what was accepted; it must be on");
  }
  if (settings.text(0, 1) == "on") return std::string();
  return std::string(
      "the PostgreSQL server runs with full_page_writes=off: after a power cut pages may be torn, unless "
      "its file system writes them whole");
}

}  // namespace waybill::postgres
