// A thin wrapper over one libmariadb connection: never waits longer than its timeouts, sends statements together, and
// keeps its failure until it is taken.
//
// After a failure every further call does nothing until `take_failure` is called, so that a verb reads as its plain
// sequence of statements and its runner asks once, at the end. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "log/mariadb/mariadb_options.h"
#include "log/mariadb/sql.h"

struct st_mysql;

namespace waybill::mariadb {

/// What a failed call means for the transaction that it was part of.
struct Failure {
  enum class Scope {
    kStatement,    ///< this statement alone: a constraint, a value that cannot be stored
    kLock,         ///< another session holds a row or a table
    kTransaction,  ///< deadlock, or a row that appeared meanwhile: the same transaction may succeed at once
    kServer,       ///< the server refuses at present: no room, read-only
    kConnection,   ///< lost, or silent for too long
  };
  Scope scope = Scope::kConnection;
  Error error;
};

/// The rows of one result. Views are valid as long as it lives.
class Rows {
 public:
  struct Data;

  Rows() = default;
  explicit Rows(std::shared_ptr<const Data> data);

  [[nodiscard]] int size() const { return size_; }
  /// Rows that a statement met, changed or not; for those without a result.
  [[nodiscard]] std::int64_t affected() const { return affected_; }
  void set_affected(std::int64_t rows) { affected_ = rows; }

  [[nodiscard]] bool is_null(int row, int column) const;
  [[nodiscard]] std::string_view text(int row, int column) const;
  [[nodiscard]] std::string string(int row, int column) const { return std::string(text(row, column)); }
  [[nodiscard]] std::int64_t integer(int row, int column) const { return read_integer(text(row, column)); }
  [[nodiscard]] int small(int row, int column) const { return static_cast<int>(integer(row, column)); }
  [[nodiscard]] bool boolean(int row, int column) const { return integer(row, column) != 0; }
  [[nodiscard]] WallTime time(int row, int column) const { return read_time(text(row, column)); }
  [[nodiscard]] std::optional<std::string> optional_string(int row, int column) const;
  [[nodiscard]] std::optional<WallTime> optional_time(int row, int column) const;
  [[nodiscard]] std::optional<Digest> optional_digest(int row, int column) const;

 private:
  std::shared_ptr<const Data> data_;
  int size_ = 0;
  std::int64_t affected_ = 0;
};

class Connection {
 public:
  /// Connects, and sets what the log relies on for its session (isolation, SQL mode, time zone, timeouts). Errors:
  /// kRetry (unreachable, starting), kPermanent (wrong password, no such database, too old), one sentence each.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const MariadbOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Hands a statement over; nothing is sent yet.
  void send(std::string statement) { unsent_.push_back({std::move(statement), true}); }
  /// The same for one whose result nobody asks for; it goes with the next that is awaited.
  void tell(std::string statement) { unsent_.push_back({std::move(statement), false}); }
  [[nodiscard]] bool has_unsent() const { return !unsent_.empty(); }
  /// Sends all that was handed over, and awaits its results, in their order; of a failure and what stands behind it
  /// they are empty.
  std::vector<Rows> receive();
  /// One statement and its result.
  Rows ask(std::string statement);
  /// Any number of statements, without their results.
  void script(const std::string& statements);

  /// Statements of all connections of this process so far, but for scripts. Any thread.
  [[nodiscard]] static std::int64_t statements();

  [[nodiscard]] bool failed() const { return failure_.has_value(); }
  /// After a failure: the last statement that was handed over may have reached the server, and all before it was done.
  [[nodiscard]] bool failed_at_last() const { return failed_at_last_; }
  /// False once the connection is of no use any more.
  [[nodiscard]] bool alive() const { return !lost_; }
  [[nodiscard]] std::optional<Failure> take_failure();
  /// Records a failure of ours.
  void fail(Failure failure);
  /// Ends the open transaction, if there is one, and keeps the failure. A connection on which that fails is lost.
  void rollback();

  [[nodiscard]] const MariadbOptions& options() const { return options_; }
  /// MariaDB; otherwise MySQL.
  [[nodiscard]] bool is_mariadb() const { return is_mariadb_; }
  /// The name of the collation that compares bytewise, blanks at the end included.
  [[nodiscard]] const char* collation() const { return is_mariadb_ ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin"; }
  /// The longest statement that the server takes.
  [[nodiscard]] std::size_t packet_max() const { return packet_max_; }
  [[nodiscard]] const std::string& database() const { return database_; }
  [[nodiscard]] const std::string& user() const { return user_; }

 private:
  struct Unsent {
    std::string statement;
    bool is_asked = true;
  };
  Connection(const MariadbOptions& options, st_mysql* handle);
  Status set_up();
  bool send_packet(const std::string& packet);
  /// The next result of the packet; nothing at its end or after a failure.
  bool take_result(Rows& rows);
  void take_results(const std::string& packet, std::size_t end, std::vector<Rows>& results, std::size_t& answered);
  void note_failure();

  const MariadbOptions options_;
  st_mysql* const handle_;
  bool is_mariadb_ = true;
  std::size_t packet_max_ = 0;
  std::string database_;
  std::string user_;
  std::vector<Unsent> unsent_;
  bool failed_at_last_ = false;
  std::optional<Failure> failure_;
  bool lost_ = false;
};

}  // namespace waybill::mariadb
