// A thin wrapper over one libpq connection: never blocks without a deadline, speaks in pipelines of prepared
// statements, and keeps its failure until it is taken.
//
// After a failure every further call does nothing until `take_failure` is called, so that a verb reads as its plain
// sequence of statements and its runner asks once, at the end. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "log/postgres/postgres_options.h"
#include "log/postgres/wire.h"

struct pg_conn;
struct pg_result;

namespace waybill::postgres {

/// A statement that is prepared at its first use on a connection. Both live as long as the program.
struct Statement {
  const char* name;
  const char* sql;
};

/// What a failed call means for the transaction that it was part of.
struct Failure {
  enum class Scope {
    kStatement,    ///< this statement alone: a constraint, a value that cannot be stored
    kLock,         ///< another session holds a row or a table
    kTransaction,  ///< deadlock, serialization: the same transaction may succeed at once
    kServer,       ///< the server refuses at present: no room, read-only, starting up
    kConnection,   ///< lost, or silent for too long
  };
  Scope scope = Scope::kConnection;
  Error error;
};

/// The rows of one result. Views are valid as long as it lives.
class Rows {
 public:
  Rows() = default;
  explicit Rows(pg_result* result);

  [[nodiscard]] int size() const { return size_; }
  /// Rows that a statement changed; for those without RETURNING.
  [[nodiscard]] int affected() const;
  [[nodiscard]] bool is_null(int row, int column) const;
  [[nodiscard]] std::string_view text(int row, int column) const;
  [[nodiscard]] std::string string(int row, int column) const { return std::string(text(row, column)); }
  [[nodiscard]] std::int64_t integer(int row, int column) const { return decode_integer(text(row, column)); }
  [[nodiscard]] int small(int row, int column) const { return static_cast<int>(integer(row, column)); }
  [[nodiscard]] bool boolean(int row, int column) const { return integer(row, column) != 0; }
  [[nodiscard]] WallTime time(int row, int column) const { return decode_time(text(row, column)); }
  [[nodiscard]] std::optional<std::string> optional_string(int row, int column) const;
  [[nodiscard]] std::optional<WallTime> optional_time(int row, int column) const;
  [[nodiscard]] std::optional<Digest> optional_digest(int row, int column) const;
  /// The command's tag, as `COMMIT` or `ROLLBACK`.
  [[nodiscard]] std::string_view tag() const;

 private:
  std::shared_ptr<pg_result> result_;
  int size_ = 0;
};

class Connection {
 public:
  /// Connects, and sets what the log relies on for its session (isolation, durable commits, plans that do not depend
  /// on statistics, timeouts). Errors: kRetry (unreachable, starting), kPermanent (wrong password, no such database,
  /// not UTF-8), one sentence each.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const PostgresOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Hands a statement over; nothing is awaited.
  void send(const Statement& statement, const Params& params = {});
  /// Awaits the results of all that was sent, in their order; of a failure and what stands behind it they are empty.
  std::vector<Rows> receive();
  /// One statement and its result.
  Rows ask(const Statement& statement, const Params& params = {});
  /// Statements without parameters and results, not prepared. Not within a pipeline.
  void script(const std::string& sql);

  /// Statements of all connections of this process so far, but for scripts. Any thread.
  [[nodiscard]] static std::int64_t statements();

  [[nodiscard]] bool failed() const { return failure_.has_value(); }
  /// False once the connection is of no use any more.
  [[nodiscard]] bool alive() const;
  [[nodiscard]] std::optional<Failure> take_failure();
  /// Records a failure of ours.
  void fail(Failure failure);
  /// Ends the open transaction, if there is one, and keeps the failure. A connection on which that fails is lost.
  void rollback();

  /// Waits for a notification of another session (LISTEN), at most so long. False: none came, or the connection is
  /// lost.
  [[nodiscard]] bool await_notification(Duration at_most);

  [[nodiscard]] int server_version() const;

 private:
  Connection(pg_conn* connection, const PostgresOptions& options);
  Status set_up();
  bool begin_pipeline();
  void lose(const std::string& what);
  [[nodiscard]] bool await_input(MonoTime deadline);
  [[nodiscard]] pg_result* next_result(MonoTime deadline);
  void note_failure(const pg_result* result);

  pg_conn* connection_;
  const PostgresOptions& options_;
  std::set<std::string_view> prepared_;
  std::vector<const Statement*> preparing_;  ///< of the pipeline that is being sent
  std::vector<bool> sent_;                   ///< of what is sent: true: a statement, false: its preparation
  std::optional<Failure> failure_;
  bool lost_ = false;
};

}  // namespace waybill::postgres
