#include "log/mariadb/schema.h"

#include "log/classic_table.h"

namespace waybill::mariadb {
namespace {

// Names of session locks are the server's, not the database's, and at most 64 characters.
constexpr char kLock[] = "SELECT GET_LOCK(LEFT(CONCAT('waybill.migrate.', DATABASE()), 64), 60)";
constexpr char kTables[] =
    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() "
    "AND table_name IN ('msg_log', 'schema_migration', 'msg_log_adoption')";
constexpr char kApplied[] =
    "SELECT number, name, checksum, applied_at IS NOT NULL FROM schema_migration ORDER BY number";
constexpr char kHasRows[] = "SELECT EXISTS (SELECT 1 FROM msg_log)";
constexpr char kInTheWay[] =
    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN ('msg_event', "
    "'idempotency_key', 'node_lease', 'queue_fact', 'instance', 'log_identity', 'kept_count', 'count_change', "
    "'own_commit', 'mail_recipient') ORDER BY table_name LIMIT 1";
constexpr char kForm[] =
    "SELECT c.collation_name, t.engine FROM information_schema.columns c JOIN information_schema.tables t "
    "ON t.table_schema = c.table_schema AND t.table_name = c.table_name "
    "WHERE c.table_schema = DATABASE() AND c.table_name = 'msg_log' AND c.column_name = 'msg_id'";
constexpr char kMigrationTable[] =
    "CREATE TABLE IF NOT EXISTS ? (number INT NOT NULL PRIMARY KEY, name VARCHAR(100) NOT NULL, "
    "checksum VARCHAR(64) NOT NULL, applied_at DATETIME(3)) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4";
constexpr char kBegun[] =
    "INSERT INTO ? (number, name, checksum) VALUES (?, ?, ?) "
    "ON DUPLICATE KEY UPDATE name = VALUES(name), checksum = VALUES(checksum)";
constexpr char kDone[] = "UPDATE ? SET applied_at = UTC_TIMESTAMP(3) WHERE number = ?";
constexpr char kDurability[] =
    "SELECT @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog, @@binlog_format, @@innodb_doublewrite";

constexpr unsigned kDeniedToDatabase = 1'044;
constexpr unsigned kDeniedToTable = 1'142;
constexpr unsigned kTriggersNeedSuper = 1'419;

Error permanent(std::string message) { return make_error(ErrorClass::kPermanent, std::move(message)); }

Status check_form(Connection& connection) {
  const Rows form = connection.ask(kForm);
  if (auto failure = connection.take_failure()) return failure->error;
  if (form.size() == 0) return ok_status();
  if (form.text(0, 0) != connection.collation()) {
    return permanent("the column msg_log.msg_id has the collation " + form.string(0, 0) + "; it must be " +
                     connection.collation() + ", or ids that differ would count as one");
  }
  if (form.text(0, 1) == "InnoDB") return ok_status();
  return permanent("the table msg_log is kept by the engine " + form.string(0, 1) +
                   ", which has no transactions; it must be InnoDB");
}

Result<SchemaState> schema_of(Connection& connection) {
  SchemaState state;
  const Rows tables = connection.ask(kTables);
  bool has_migrations = false;
  for (int i = 0; i < tables.size(); ++i) {
    state.has_table = state.has_table || tables.text(i, 0) == "msg_log";
    state.is_adopting = state.is_adopting || tables.text(i, 0) == kAdoptionTable;
    has_migrations = has_migrations || tables.text(i, 0) == "schema_migration";
  }
  if (has_migrations) {
    const Rows applied = connection.ask(kApplied);
    for (int i = 0; i < applied.size(); ++i) {
      state.begun = !applied.boolean(i, 3);
      if (!state.begun) state.applied.push_back({applied.small(i, 0), applied.string(i, 1), applied.string(i, 2)});
    }
  }
  // A migration or an adoption that was broken off has left its own.
  if (state.applied.empty() && !state.begun && !state.is_adopting) {
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
  if (!state.applied.empty()) {
    if (Status form = check_form(connection); !form.ok()) return form.error();
  }
  return state;
}

bool continues_name(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Whole names alone: `msg_log`, and not `msg_log_arrival`.
void rename(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    const auto end = at + from.size();
    const bool whole = (at == 0 || !continues_name(text[at - 1])) && (end == text.size() || !continues_name(text[end]));
    if (whole) text.replace(at, from.size(), to);
    at += whole ? to.size() : from.size();
  }
}

/// What the tables are called that an adoption has yet to put into their places.
struct Names {
  std::string msg_log = "msg_log";
  std::string schema_migration = "schema_migration";
};
/// A name in a statement.
struct Name {
  const std::string& text;
};
void append(std::string& out, const Name& value) { out += value.text; }

void run_migrations(Connection& connection, std::span<const Migration> missing, const Names& names) {
  const Name table{names.schema_migration};
  connection.script(sql(kMigrationTable, table));
  for (const Migration& migration : missing) {
    std::string text(migration.sql);
    rename(text, "utf8mb4_nopad_bin", connection.collation());  // which MySQL calls otherwise
    rename(text, "msg_log", names.msg_log);
    connection.ask(sql(kBegun, table, migration.number, migration.name, checksum_of(migration)));
    connection.script(text);
    connection.ask(sql(kDone, table, migration.number));
  }
}

Status apply_missing(Connection& connection, Migrate how) {
  auto state = schema_of(connection);
  if (!state.ok()) return state.error();
  if (state->missing.empty()) return ok_status();
  if (state->applied.empty() && state->has_table && !state->begun) {
    return permanent(
        "the database holds a table msg_log that Waybill did not make; `waybill migrate adopt` takes it over");
  }
  if (!state->in_the_way.empty()) return permanent(name_is_needed(state->in_the_way));
  if (how == Migrate::kIfEmpty && state->has_rows) {
    return permanent("the message log was made by an older program; run `waybill migrate up` once");
  }
  run_migrations(connection, state->missing, {});
  return ok_status();
}

}  // namespace

Result<SchemaState> read_schema(Connection& connection) { return schema_of(connection); }

// Without the right to create nothing can be migrated; whoever has it must give it.
Error explain(const Connection& connection, Failure failure) {
  const auto code = read_integer(failure.error.code);
  if (code == kTriggersNeedSuper) {
    return permanent(
        "the server keeps a binary log and lets only administrators create triggers; an administrator must run: "
        "SET GLOBAL log_bin_trust_function_creators = 1");
  }
  if (code != kDeniedToDatabase && code != kDeniedToTable) return std::move(failure.error);
  const std::string& user = connection.user();
  const auto at = user.rfind('@');
  return permanent("the user " + user + " may not create tables in the database " + connection.database() +
                   "; an administrator must run: GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP, "
                   "TRIGGER ON `" +
                   connection.database() + "`.* TO '" + user.substr(0, at) + "'@'" + user.substr(at + 1) + "'");
}

Status make_schema(Connection& connection, const std::string& msg_log, const std::string& schema_migration) {
  run_migrations(connection, migrations(), {msg_log, schema_migration});
  if (auto failure = connection.take_failure()) return explain(connection, std::move(*failure));
  return ok_status();
}

// The session lock goes with the connection.
Status migrate(const MariadbOptions& options, Migrate how) {
  constexpr Duration kLong = std::chrono::hours(1);
  MariadbOptions patient = options;
  patient.answer_timeout = kLong;
  patient.statement_timeout = kLong;
  patient.lock_timeout = std::chrono::minutes(1);
  auto opened = Connection::open(patient);
  if (!opened.ok()) return opened.error();
  Connection& connection = **opened;
  // Mostly there is nothing to do, and then nothing is locked.
  const auto state = schema_of(connection);
  if (!state.ok()) return state.error();
  if (how == Migrate::kIfEmpty && state->is_adopting) return permanent(kAdoptionGoesOn);
  if (state->missing.empty()) return ok_status();
  const Rows locked = connection.ask(kLock);
  if (auto failure = connection.take_failure()) return failure->error;
  if (!locked.boolean(0, 0)) {
    return make_error(ErrorClass::kRetry, "another process has been migrating the message log for a minute");
  }
  Status done = apply_missing(connection, how);
  if (auto failure = connection.take_failure()) done = explain(connection, std::move(*failure));
  return done;
}

Result<std::string> check_durability(Connection& connection) {
  const Rows settings = connection.ask(kDurability);
  if (auto failure = connection.take_failure()) return failure->error;
  if (settings.integer(0, 0) != 1) {
    return permanent("the database server runs with innodb_flush_log_at_trx_commit=" + settings.string(0, 0) +
                     " and forgets what it has committed when it crashes; set it to 1");
  }
  const bool has_binary_log = settings.boolean(0, 1);
  if (has_binary_log && settings.text(0, 3) == "STATEMENT") {
    return permanent(
        "the database server keeps a binary log with binlog_format=STATEMENT, which READ COMMITTED transactions cannot "
        "be written to; set it to ROW or MIXED");
  }
  // What is missing in the binary log after a power cut is rolled back.
  if (has_binary_log && settings.integer(0, 2) != 1) {
    return permanent("the database server keeps a binary log with sync_binlog=" + settings.string(0, 2) +
                     " and forgets what it has committed at a power cut; set it to 1");
  }
  // MySQL may only detect torn pages.
  const std::string doublewrite = settings.string(0, 4);
  if (doublewrite != "0" && doublewrite != "OFF" && doublewrite != "DETECT_ONLY") return std::string();
  return std::string(
      "the database server runs with innodb_doublewrite off: after a power cut pages may be torn, unless its file "
      "system writes them whole");
}

}  // namespace waybill::mariadb
