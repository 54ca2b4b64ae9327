#include "log/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "log/postgres/failures.h"

namespace waybill::postgres {
namespace {

std::atomic<std::int64_t> all_statements = 0;

constexpr int kBinary = 1;

/// Waits for the socket; false once the deadline has passed.
bool wait_for(int socket, short events, MonoTime deadline) {
  while (true) {
    const auto left = std::chrono::ceil<Duration>(deadline - std::chrono::steady_clock::now());
    if (left <= Duration{0}) return false;
    pollfd waiting{socket, events, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

void ignore_notice(void*, const pg_result*) {}

std::string session_settings(const PostgresOptions& options) {
  const auto millis = [](Duration duration) { return std::to_string(duration.count()); };
  return
      // A commit is durable before it is answered, whatever role or database say; what is stronger stays.
      "SELECT set_config('synchronous_commit', 'on', false) "
      "WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply');"
      "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;"
      // No plan may depend on statistics: rows are always found by an index, from the values that are asked for.
      "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off;"
      "SET plan_cache_mode = force_generic_plan; SET jit = off; SET max_parallel_workers_per_gather = 0;"
      "SET timezone = 'UTC'; SET bytea_output = 'hex'; SET waybill.writer = 'on';"
      "SET lock_timeout = " +
      millis(options.lock_timeout) + "; SET statement_timeout = " + millis(options.statement_timeout) +
      "; SET idle_in_transaction_session_timeout = " + millis(options.answer_timeout * 2) + ";";
}

}  // namespace

Rows::Rows(pg_result* result) : result_(result, PQclear), size_(PQntuples(result)) {}

int Rows::affected() const {
  if (!result_) return 0;
  const std::string_view number = PQcmdTuples(result_.get());
  return number.empty() ? 0 : std::atoi(number.data());
}
bool Rows::is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
std::string_view Rows::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}
std::optional<std::string> Rows::optional_string(int row, int column) const {
  return is_null(row, column) ? std::nullopt : std::optional(string(row, column));
}
std::optional<WallTime> Rows::optional_time(int row, int column) const {
  return is_null(row, column) ? std::nullopt : std::optional(time(row, column));
}
std::optional<Digest> Rows::optional_digest(int row, int column) const {
  if (is_null(row, column)) return std::nullopt;
  const auto bytes = text(row, column);
  Digest digest{};
  std::memcpy(digest.data(), bytes.data(), std::min(digest.size(), bytes.size()));
  return digest;
}
std::string_view Rows::tag() const { return result_ ? PQcmdStatus(result_.get()) : ""; }

Connection::Connection(pg_conn* connection, const PostgresOptions& options)
    : connection_(connection), options_(options) {
  PQsetNoticeReceiver(connection_, ignore_notice, nullptr);
}

Connection::~Connection() { PQfinish(connection_); }

Result<std::unique_ptr<Connection>> Connection::open(const PostgresOptions& options) {
  // What the URL says comes after these and wins; a password of its own comes after the URL.
  const char* const password = options.password.empty() ? nullptr : "password";
  const std::array<const char*, 9> keywords = {"fallback_application_name",
                                               "client_encoding",
                                               "keepalives_idle",
                                               "keepalives_interval",
                                               "keepalives_count",
                                               "tcp_user_timeout",
                                               "dbname",
                                               password,
                                               nullptr};
  const std::array<const char*, 9> values = {
      "waybill", "UTF8", "5", "2", "3", "10000", options.url.c_str(), options.password.c_str(), nullptr};
  pg_conn* made = PQconnectStartParams(keywords.data(), values.data(), /*expand_dbname=*/1);
  if (made == nullptr) return make_error(ErrorClass::kRetry, "there is no memory for a connection to PostgreSQL");
  std::unique_ptr<Connection> connection(new Connection(made, options));
  const MonoTime deadline = std::chrono::steady_clock::now() + options.connect_timeout;
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK; state = PQconnectPoll(made)) {
    if (PQstatus(made) == CONNECTION_BAD || state == PGRES_POLLING_FAILED) return connect_error(PQerrorMessage(made));
    if (!wait_for(PQsocket(made), state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
      return make_error(ErrorClass::kRetry,
                        "PostgreSQL at " + std::string(PQhost(made)) + ":" + PQport(made) + " does not answer");
    }
  }
  if (Status ready = connection->set_up(); !ready.ok()) return ready.error();
  return connection;
}

Status Connection::set_up() {
  PQsetnonblocking(connection_, 1);
  constexpr int kOldest = 120'000;
  if (PQserverVersion(connection_) < kOldest) {
    return make_error(ErrorClass::kPermanent, "the server is PostgreSQL " +
                                                  std::to_string(PQserverVersion(connection_) / 10'000) +
                                                  "; the message log needs 12 or newer");
  }
  const char* encoding = PQparameterStatus(connection_, "server_encoding");
  if (encoding == nullptr || std::string_view(encoding) != "UTF8") {
    return make_error(ErrorClass::kPermanent, "the database's encoding is " +
                                                  std::string(encoding != nullptr ? encoding : "unknown") +
                                                  "; the message log needs one that was created with ENCODING 'UTF8'");
  }
  script(session_settings(options_));
  if (auto failure = take_failure()) return failure->error;
  return ok_status();
}

bool Connection::alive() const { return !lost_ && PQstatus(connection_) == CONNECTION_OK; }
int Connection::server_version() const { return PQserverVersion(connection_); }

std::optional<Failure> Connection::take_failure() { return std::exchange(failure_, std::nullopt); }

void Connection::fail(Failure failure) {
  if (!failure_) failure_ = std::move(failure);
}

void Connection::lose(const std::string& what) {
  lost_ = true;
  fail({Failure::Scope::kConnection, make_error(ErrorClass::kRetry, "the connection to PostgreSQL was lost: " + what)});
}

void Connection::note_failure(const pg_result* result) {
  const char* code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (code == nullptr) return lose(first_line(PQresultErrorMessage(result)));
  const char* said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  auto failure = failure_of(code, said != nullptr ? said : "");
  if (failure.scope == Failure::Scope::kConnection) lost_ = true;
  fail(std::move(failure));
}

bool Connection::begin_pipeline() {
  if (PQpipelineStatus(connection_) != PQ_PIPELINE_OFF) return true;
  if (PQenterPipelineMode(connection_) == 1) return true;
  lose(first_line(PQerrorMessage(connection_)));
  return false;
}

void Connection::send(const Statement& statement, const Params& params) {
  if (failed() || !begin_pipeline()) return;
  if (!prepared_.contains(statement.name)) {
    if (PQsendPrepare(connection_, statement.name, statement.sql, 0, nullptr) != 1) {
      return lose(first_line(PQerrorMessage(connection_)));
    }
    prepared_.insert(statement.name);
    preparing_.push_back(&statement);
    sent_.push_back(false);
  }
  std::vector<const char*> values;
  std::vector<int> lengths;
  const std::vector<int> formats(params.values().size(), kBinary);
  for (const auto& value : params.values()) {
    values.push_back(value ? value->data() : nullptr);
    lengths.push_back(value ? static_cast<int>(value->size()) : 0);
  }
  if (PQsendQueryPrepared(connection_, statement.name, static_cast<int>(values.size()), values.data(), lengths.data(),
                          formats.data(), kBinary) != 1) {
    return lose(first_line(PQerrorMessage(connection_)));
  }
  sent_.push_back(true);
  all_statements.fetch_add(1, std::memory_order_relaxed);
}

std::int64_t Connection::statements() { return all_statements.load(std::memory_order_relaxed); }

// Sends what is left and takes in what comes, until there is something to read.
bool Connection::await_input(MonoTime deadline) {
  while (true) {
    const int unsent = PQflush(connection_);
    if (unsent < 0) return false;
    const short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
    if (!wait_for(PQsocket(connection_), events, deadline)) return false;
    if (PQconsumeInput(connection_) != 1) return false;
    if (PQisBusy(connection_) == 0) return true;
  }
}

pg_result* Connection::next_result(MonoTime deadline) {
  if (PQisBusy(connection_) != 0 && !await_input(deadline)) {
    const bool silent = PQstatus(connection_) == CONNECTION_OK;
    lose(silent ? "the server does not answer" : first_line(PQerrorMessage(connection_)));
    return nullptr;
  }
  return PQgetResult(connection_);
}

std::vector<Rows> Connection::receive() {
  std::vector<Rows> rows;
  if (lost_ || sent_.empty()) return rows;
  rows.reserve(sent_.size());
  const MonoTime deadline = std::chrono::steady_clock::now() + options_.answer_timeout;
  bool broken = PQpipelineSync(connection_) != 1;
  for (const bool is_statement : sent_) {
    if (is_statement) rows.emplace_back();
  }
  std::size_t row = 0;
  std::size_t preparing = 0;
  for (std::size_t at = 0; !broken && at <= sent_.size();) {
    pg_result* result = next_result(deadline);
    if (lost_) break;
    if (result == nullptr) continue;  // the end of one command's results
    const auto status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) {
      PQclear(result);
      break;
    }
    const bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (status == PGRES_FATAL_ERROR) note_failure(result);
    const bool is_statement = at < sent_.size() && sent_[at];
    if (!is_statement && !good && preparing < preparing_.size()) prepared_.erase(preparing_[preparing]->name);
    if (is_statement) {
      if (good) {
        rows[row] = Rows(result);
        result = nullptr;
      }
      ++row;
    } else {
      ++preparing;
    }
    if (result != nullptr) PQclear(result);
    ++at;
    if (lost_) break;
  }
  if (broken) lose(first_line(PQerrorMessage(connection_)));
  sent_.clear();
  preparing_.clear();
  return rows;
}

Rows Connection::ask(const Statement& statement, const Params& params) {
  send(statement, params);
  auto rows = receive();
  return rows.empty() ? Rows() : std::move(rows.front());
}

void Connection::script(const std::string& sql) {
  if (failed()) return;
  if (PQpipelineStatus(connection_) != PQ_PIPELINE_OFF && PQexitPipelineMode(connection_) != 1) {
    return lose(first_line(PQerrorMessage(connection_)));
  }
  if (PQsendQuery(connection_, sql.c_str()) != 1) return lose(first_line(PQerrorMessage(connection_)));
  const MonoTime deadline = std::chrono::steady_clock::now() + options_.answer_timeout;
  while (pg_result* result = next_result(deadline)) {
    if (PQresultStatus(result) == PGRES_FATAL_ERROR) note_failure(result);
    PQclear(result);
  }
}

bool Connection::await_notification(Duration at_most) {
  const MonoTime deadline = std::chrono::steady_clock::now() + at_most;
  bool found = false;
  const auto take_all = [&] {
    if (PQconsumeInput(connection_) != 1) lose(first_line(PQerrorMessage(connection_)));
    while (PGnotify* one = PQnotifies(connection_)) {
      found = true;
      PQfreemem(one);
    }
  };
  take_all();
  if (!found && !failed() && wait_for(PQsocket(connection_), POLLIN, deadline)) take_all();
  return found;
}

void Connection::rollback() {
  if (!alive()) return;
  const auto kept = std::exchange(failure_, std::nullopt);
  sent_.clear();
  static constexpr Statement kRollback{"rollback", "ROLLBACK"};
  if (PQtransactionStatus(connection_) != PQTRANS_IDLE) ask(kRollback);
  if (failure_) lost_ = true;
  failure_ = kept;
}

}  // namespace waybill::postgres
