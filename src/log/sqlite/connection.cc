#include "log/sqlite/connection.h"

#include <sqlite3.h>

#include <cassert>
#include <cstring>
#include <thread>

namespace waybill::sqlite {
namespace {

constexpr Duration kBusyPause{1};

// How far a failure reaches. Anything that is not listed is a fault of ours or of the file's, and will not go away.
Failure::Scope scope_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return Failure::Scope::kStatement;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
      return Failure::Scope::kTransaction;
    default:
      return Failure::Scope::kStore;
  }
}

std::string sentence_for(int code, const std::string& path, const std::string& detail) {
  const std::string store = "the message log " + path;
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
      return "the log refuses the row: " + detail;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return store + " is locked by another program that writes for too long";
    case SQLITE_FULL:
      return store + " cannot grow: the disk is full; free some room";
    case SQLITE_IOERR:
      return store + " cannot be read or written: " + detail;
    case SQLITE_CANTOPEN:
      return store + " cannot be opened: " + detail + "; its directory must exist and be writable";
    case SQLITE_READONLY:
      return store + " is read-only; it must be on a file system that this user may write to";
    case SQLITE_CORRUPT:
      return store + " is damaged (" + detail + "); restore it from a backup";
    case SQLITE_NOTADB:
      return store + " is not an SQLite database; name another file";
    default:
      return store + " failed: " + detail;
  }
}

}  // namespace

// ---- Query --------------------------------------------------------------------------------------------------------

Query::~Query() {
  if (statement_ == nullptr) return;
  // A failed step was recorded when it happened; reset only repeats its code.
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Query::next() {
  if (statement_ == nullptr || connection_.failed()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_.record_failure(code);
  return false;
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Query::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Query::blob(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::optional<WallTime> Query::optional_time(int column) const {
  return is_null(column) ? std::nullopt : std::optional(time(column));
}

std::optional<Sha256> Query::optional_digest(int column) const {
  const auto bytes = blob(column);
  Sha256 digest{};
  if (bytes.size() != digest.size()) return std::nullopt;
  std::memcpy(digest.data(), bytes.data(), digest.size());
  return digest;
}

namespace {

sqlite3_destructor_type lifetime_of(Binding binding) {
  return binding == Binding::kBorrowed ? SQLITE_STATIC : SQLITE_TRANSIENT;
}

}  // namespace

// Binding fails only for lack of memory or a wrong index, and then the step that follows fails too.
void Query::bind(int at, std::int64_t value) { sqlite3_bind_int64(statement_, at, value); }
void Query::bind(int at, std::string_view value) {
  sqlite3_bind_text64(statement_, at, value.data() != nullptr ? value.data() : "", value.size(), lifetime_of(binding_),
                      SQLITE_UTF8);
}
void Query::bind(int at, const Sha256& value) {
  sqlite3_bind_blob64(statement_, at, value.data(), value.size(), lifetime_of(binding_));
}
void Query::bind(int at, Blob value) {
  // A null pointer would bind NULL; empty bytes are a value.
  sqlite3_bind_blob64(statement_, at, value.bytes.data() != nullptr ? value.bytes.data() : "", value.bytes.size(),
                      SQLITE_STATIC);
}
void Query::bind(int at, LongText value) {
  sqlite3_bind_text64(statement_, at, value.text.data() != nullptr ? value.text.data() : "", value.text.size(),
                      SQLITE_STATIC, SQLITE_UTF8);
}
void Query::bind_null(int at) { sqlite3_bind_null(statement_, at); }

// ---- Connection ---------------------------------------------------------------------------------------------------

void Connection::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Result<std::unique_ptr<Connection>> Connection::open(const Options& options) {
  // Statistics of the allocator take a process-wide lock at every allocation. Refused, and harmless, once some
  // connection is open.
  static const int kNoStatistics = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(kNoStatistics);
  std::unique_ptr<Connection> connection(new Connection(options));
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (options.query_only ? 0 : SQLITE_OPEN_CREATE);
  if (options.gathers_wal) connection->files_.emplace();
  const int code = sqlite3_open_v2(options.path.c_str(), &connection->database_, flags,
                                   options.gathers_wal ? connection->files_->name() : nullptr);
  if (connection->database_ == nullptr) return make_error(ErrorClass::kRetry, "no memory to open the message log");
  sqlite3_extended_result_codes(connection->database_, 1);
  if (code != SQLITE_OK) {
    connection->record_failure(code);
    return connection->take_failure()->error;
  }
  sqlite3_busy_handler(connection->database_, &Connection::on_busy, connection.get());
  // Closing the last connection would otherwise checkpoint; only SqliteLog decides when.
  sqlite3_db_config(connection->database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (!options.triggers) sqlite3_db_config(connection->database_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  connection->script("PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size=0; PRAGMA trusted_schema=0;");
  constexpr std::size_t kKibibyte = 1'024;
  connection->script("PRAGMA journal_size_limit=" + std::to_string(options.wal_bytes_kept) + "; PRAGMA cache_size=-" +
                     std::to_string(options.cache_bytes / kKibibyte));
  if (options.query_only) connection->script("PRAGMA query_only=1;");
  // After the pragma, which would remove it.
  sqlite3_wal_hook(connection->database_, &Connection::on_commit_to_wal, connection.get());
  if (auto failure = connection->take_failure()) return failure->error;
  return connection;
}

Connection::~Connection() {
  statements_.clear();
  sqlite3_close(database_);
}

// SQLite's own handler sleeps up to 100 ms at a time, which a foreign writer's short transactions do not deserve.
int Connection::on_busy(void* self, int tries) {
  auto& connection = *static_cast<Connection*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (tries == 0) connection.busy_since_ = now;
  if (now - connection.busy_since_ >= connection.options_.busy_timeout) return 0;
  std::this_thread::sleep_for(kBusyPause);
  return 1;
}

int Connection::on_commit_to_wal(void* self, sqlite3* /*database*/, const char* /*name*/, int pages) {
  static_cast<Connection*>(self)->wal_pages_ = pages;
  return SQLITE_OK;
}

int Connection::changes() const { return sqlite3_changes(database_); }

sqlite3_stmt* Connection::prepare(const char* sql) {
  if (failure_) return nullptr;
  auto& cached = statements_[sql];
  if (!cached) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) {
      record_failure(code);
      return nullptr;
    }
    cached.reset(statement);
  }
  assert(sqlite3_stmt_busy(cached.get()) == 0 && "a cached statement runs once at a time");
  return cached.get();
}

void Connection::script(const std::string& sql) {
  if (failure_) return;
  const int code = sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) record_failure(code);
}

template <class Read>
auto Connection::open_value(const char* table, const char* column, std::int64_t rowid, const Read& read)
    -> decltype(read(std::declval<sqlite3_blob*>())) {
  if (failure_) return std::nullopt;
  sqlite3_blob* value = nullptr;
  const int code = sqlite3_blob_open(database_, "main", table, column, rowid, /*flags=*/0, &value);
  if (code != SQLITE_OK) {
    record_failure(code);
    return std::nullopt;
  }
  auto result = read(value);
  sqlite3_blob_close(value);
  return result;
}

std::optional<std::size_t> Connection::value_size(const char* table, const char* column, std::int64_t rowid) {
  return open_value(table, column, rowid, [](sqlite3_blob* value) {
    return std::optional(static_cast<std::size_t>(sqlite3_blob_bytes(value)));
  });
}

std::optional<std::string> Connection::read_value(const char* table, const char* column, std::int64_t rowid) {
  return open_value(table, column, rowid, [this](sqlite3_blob* value) -> std::optional<std::string> {
    std::string bytes(static_cast<std::size_t>(sqlite3_blob_bytes(value)), '\0');
    const int code = sqlite3_blob_read(value, bytes.data(), static_cast<int>(bytes.size()), /*offset=*/0);
    if (code == SQLITE_OK) return bytes;
    record_failure(code);
    return std::nullopt;
  });
}

void Connection::record_failure(int code) {
  if (failure_) return;
  const int system = sqlite3_system_errno(database_);
  std::string detail = sqlite3_errmsg(database_);
  if (system != 0 && scope_of(code) == Failure::Scope::kTransaction)
    detail += std::string(" (") + std::strerror(system) + ")";
  const auto scope = scope_of(code);
  const auto what = scope == Failure::Scope::kTransaction ? ErrorClass::kRetry : ErrorClass::kPermanent;
  failure_ = Failure{scope, (code & 0xff) == SQLITE_IOERR,
                     make_error(what, sentence_for(code, options_.path, detail), "SQLITE " + std::to_string(code))};
}

void Connection::fail_statement(std::string message) {
  if (failure_) return;
  failure_ =
      Failure{Failure::Scope::kStatement, false, make_error(ErrorClass::kPermanent, std::move(message), "waybill")};
}

std::optional<Failure> Connection::take_failure() {
  auto failure = std::move(failure_);
  failure_.reset();
  return failure;
}

Connection::Interruption Connection::interrupt_when(std::function<bool()> stop) {
  return Interruption(database_, std::move(stop));
}

Connection::Interruption::Interruption(sqlite3* database, std::function<bool()> stop)
    : database_(database), stop_(std::move(stop)) {
  constexpr int kStepsBetween = 10'000;
  sqlite3_progress_handler(database_, kStepsBetween, &Interruption::ask, this);
}

Connection::Interruption::~Interruption() { sqlite3_progress_handler(database_, 0, nullptr, nullptr); }

int Connection::Interruption::ask(void* self) { return static_cast<Interruption*>(self)->stop_() ? 1 : 0; }

void Connection::interrupt() { sqlite3_interrupt(database_); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

void Connection::rollback() {
  // Some errors roll back by themselves. It fails only if the connection is beyond use, which the next statement on it
  // reports.
  if (in_transaction()) sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
}

bool Connection::checkpoint(Checkpoint mode) {
  if (failure_) return false;
  int in_wal = 0;
  int carried_over = 0;
  const int code = sqlite3_wal_checkpoint_v2(
      database_, "main", mode == Checkpoint::kPassive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE, &in_wal,
      &carried_over);
  if (code == SQLITE_OK && in_wal == carried_over) {
    wal_pages_ = 0;
    return true;
  }
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) record_failure(code);
  return false;
}

bool Connection::read_only_file() const { return sqlite3_db_readonly(database_, "main") == 1; }

}  // namespace waybill::sqlite
