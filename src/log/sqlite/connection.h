// A thin wrapper over one SQLite connection: cached prepared statements, typed binding, and errors that stick.
//
// After a failure every further statement does nothing until `take_failure` is called, so that a verb reads as its
// plain sequence of statements and its runner asks once, at the end. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "base/sha256.h"
#include "base/time.h"
#include "core/names.h"
#include "log/sqlite/wal_gathering.h"

struct sqlite3;
struct sqlite3_blob;
struct sqlite3_stmt;

namespace waybill::sqlite {

/// Bytes bound as a BLOB without a copy: they must outlive the query.
struct Blob {
  std::string_view bytes;
};
/// Text bound without a copy: it must outlive the query.
struct LongText {
  std::string_view text;
};

/// What a failed call means for the transaction that it was part of.
struct Failure {
  enum class Scope {
    kStatement,    ///< this statement alone: a constraint, a value too large
    kTransaction,  ///< nothing of the transaction can be kept; it may succeed later
    kStore,        ///< the database cannot be used any more
  };
  Scope scope = Scope::kTransaction;
  bool must_reopen = false;  ///< after an I/O error a connection's view of the file is not trusted again
  Error error;
};

class Connection;

/// What becomes of text and digests that are bound.
enum class Binding {
  kCopied,
  kBorrowed,  ///< they outlive the query
};

/// One execution of a cached statement. Resets the statement when it is destroyed; a statement runs once at a time.
class Query {
 public:
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  /// Steps: true if there is a row to read. False at the end and after a failure.
  bool next();
  /// Steps to the end.
  void run() {
    while (next()) {
    }
  }

  // Columns of the current row, from 0. Views are valid until the next step.
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] int small(int column) const { return static_cast<int>(integer(column)); }
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] std::string string(int column) const { return std::string(text(column)); }
  [[nodiscard]] std::string_view blob(int column) const;
  [[nodiscard]] WallTime time(int column) const { return from_millis(integer(column)); }
  [[nodiscard]] std::optional<WallTime> optional_time(int column) const;
  [[nodiscard]] std::optional<Sha256> optional_digest(int column) const;

 private:
  friend class Connection;
  template <class... Args>
  Query(Connection& connection, sqlite3_stmt* statement, Binding binding, const Args&... args)
      : connection_(connection), statement_(statement), binding_(binding) {
    if (statement_ == nullptr) return;
    [[maybe_unused]] int at = 0;
    (bind(++at, args), ...);
  }

  void bind(int at, std::int64_t value);
  void bind(int at, int value) { bind(at, static_cast<std::int64_t>(value)); }
  void bind(int at, std::size_t value) { bind(at, static_cast<std::int64_t>(value)); }
  void bind(int at, bool value) { bind(at, std::int64_t{value ? 1 : 0}); }
  void bind(int at, WallTime value) { bind(at, to_millis(value)); }
  void bind(int at, Token value) { bind(at, static_cast<std::int64_t>(value.value)); }
  void bind(int at, BootNonce value) { bind(at, static_cast<std::int64_t>(value.value)); }
  void bind(int at, std::string_view value);
  void bind(int at, const std::string& value) { bind(at, std::string_view(value)); }
  void bind(int at, const char* value) { bind(at, std::string_view(value)); }
  void bind(int at, const MessageId& value) { bind(at, std::string_view(value.value)); }
  void bind(int at, const QueueName& value) { bind(at, std::string_view(value.value)); }
  void bind(int at, const Sha256& value);
  void bind(int at, Blob value);
  void bind(int at, LongText value);
  void bind_null(int at);
  template <class T>
  void bind(int at, const std::optional<T>& value) {
    if (value) {
      bind(at, *value);
    } else {
      bind_null(at);
    }
  }

  Connection& connection_;
  sqlite3_stmt* statement_;  // null after a failure: the query is then empty
  const Binding binding_;
};

class Connection {
 public:
  struct Options {
    std::string path;
    Duration busy_timeout{1'000};
    bool query_only = false;  ///< refuses to write, and needs a database that exists
    bool triggers = true;     ///< false: what the triggers keep is kept by this connection's own statements
    std::size_t cache_bytes = 2U << 20U;
    bool gathers_wal = false;         ///< writes its log in large pieces: for one that writes much
    std::int64_t wal_bytes_kept = 0;  ///< a write-ahead log that grew larger is cut back when it begins anew
  };
  /// Opens or creates the file and sets what concerns this connection alone. Errors: kRetry, kPermanent.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Begins a statement with its arguments bound to ?1, ?2, … `sql` is cached by its address: pass a constant.
  template <class... Args>
  [[nodiscard]] Query query(const char* sql, const Args&... args) {
    return Query(*this, prepare(sql), Binding::kCopied, args...);
  }
  /// The same, with text and digests that outlive the query and are not copied.
  template <class... Args>
  [[nodiscard]] Query borrowing_query(const char* sql, const Args&... args) {
    return Query(*this, prepare(sql), Binding::kBorrowed, args...);
  }
  /// Runs a statement to its end; the number of rows that it changed.
  template <class... Args>
  int run(const char* sql, const Args&... args) {
    borrowing_query(sql, args...).run();
    return failure_ ? 0 : changes();
  }
  /// Runs a script that is not worth caching.
  void script(const std::string& sql);

  /// The bytes of a TEXT or BLOB value that is not null, by its length before it is read. Nothing after a failure.
  [[nodiscard]] std::optional<std::size_t> value_size(const char* table, const char* column, std::int64_t rowid);
  /// Its bytes, read at once into where they stay. Nothing after a failure.
  [[nodiscard]] std::optional<std::string> read_value(const char* table, const char* column, std::int64_t rowid);

  [[nodiscard]] bool failed() const { return failure_.has_value(); }
  /// What went wrong since the last call, if anything did; statements run again afterwards.
  [[nodiscard]] std::optional<Failure> take_failure();
  /// Lets a verb fail the write that it serves, as a constraint would.
  void fail_statement(std::string message);

  /// Lets statements fail with kTransaction as soon as `stop` says so, which is asked every few thousand steps, for as
  /// long as the value returned lives. One at a time.
  class Interruption;
  [[nodiscard]] Interruption interrupt_when(std::function<bool()> stop);

  /// Lets the running statement fail with kTransaction. Any thread, while the connection lives.
  void interrupt();

  [[nodiscard]] bool in_transaction() const;
  /// Ends a transaction that failed; harmless without one.
  void rollback();

  /// Pages in the write-ahead log after the last commit.
  [[nodiscard]] int wal_pages() const { return wal_pages_; }
  enum class Checkpoint {
    kPassive,   ///< as much as readers allow, waiting for nobody
    kTruncate,  ///< everything, waiting for readers up to the busy timeout
  };
  /// True if the whole write-ahead log was carried over into the database.
  [[nodiscard]] bool checkpoint(Checkpoint mode);

  [[nodiscard]] bool read_only_file() const;

 private:
  friend class Query;
  explicit Connection(Options options) : options_(std::move(options)) {}

  template <class Read>
  auto open_value(const char* table, const char* column, std::int64_t rowid, const Read& read)
      -> decltype(read(std::declval<sqlite3_blob*>()));
  [[nodiscard]] int changes() const;
  [[nodiscard]] sqlite3_stmt* prepare(const char* sql);
  void record_failure(int code);
  static int on_busy(void* self, int tries);
  static int on_commit_to_wal(void* self, sqlite3* database, const char* name, int pages);

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  Options options_;
  std::optional<WalGathering> files_;  // outlives the database
  sqlite3* database_ = nullptr;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;  // by address of the SQL
  std::optional<Failure> failure_;
  std::chrono::steady_clock::time_point busy_since_;
  int wal_pages_ = 0;
};

class Connection::Interruption {
 public:
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

 private:
  friend class Connection;
  Interruption(sqlite3* database, std::function<bool()> stop);
  static int ask(void* self);

  sqlite3* const database_;
  const std::function<bool()> stop_;
};

}  // namespace waybill::sqlite
