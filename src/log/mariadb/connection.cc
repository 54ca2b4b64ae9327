#include "log/mariadb/connection.h"

#include <mysql.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "log/mariadb/failures.h"
#include "log/mariadb/mariadb_url.h"
#include "log/mariadb/server_version.h"

namespace waybill::mariadb {

struct Rows::Data {
  explicit Data(MYSQL_RES* stored) : result(stored), columns(mysql_num_fields(stored)) {
    const auto count = static_cast<std::size_t>(mysql_num_rows(stored));
    rows.reserve(count);
    lengths.reserve(count * columns);
    while (MYSQL_ROW row = mysql_fetch_row(stored)) {
      rows.push_back(row);
      const unsigned long* of_row = mysql_fetch_lengths(stored);
      lengths.insert(lengths.end(), of_row, of_row + columns);
    }
  }
  ~Data() { mysql_free_result(result); }
  Data(const Data&) = delete;
  Data& operator=(const Data&) = delete;

  MYSQL_RES* result;
  std::size_t columns;
  std::vector<MYSQL_ROW> rows;
  std::vector<unsigned long> lengths;
};

namespace {

std::atomic<std::int64_t> all_statements = 0;

unsigned seconds_of(Duration duration) {
  return static_cast<unsigned>(std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(duration).count()));
}

void set_number(MYSQL* handle, mysql_option option, unsigned value) { mysql_optionsv(handle, option, &value); }

void set_up_tls(MYSQL* handle, const MariadbUrl& url) {
  using Tls = MariadbUrl::Tls;
  const auto file = [](const std::string& name) { return name.empty() ? nullptr : name.c_str(); };
  my_bool on = 1;
  if (url.tls == Tls::kOff) return;
  mysql_ssl_set(handle, file(url.tls_key), file(url.tls_cert), file(url.tls_ca), nullptr, nullptr);
  mysql_optionsv(handle, MYSQL_OPT_SSL_ENFORCE, &on);
  mysql_optionsv(handle, MARIADB_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
  if (url.tls == Tls::kVerify) mysql_optionsv(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
}

// What the log relies on, whatever the server's configuration says. A transaction that was left open by a host that has
// vanished must not hold rows for hours.
std::string session_settings(const MariadbOptions& options, bool is_mariadb, const char* collation) {
  const auto seconds = [](Duration duration) { return std::to_string(seconds_of(duration)); };
  std::string settings = std::string("SET NAMES utf8mb4 COLLATE ") + collation +
                         "; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"
                         "; SET SESSION sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"
                         "NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', autocommit = 1, wait_timeout = 60"
                         ", innodb_lock_wait_timeout = " +
                         seconds(options.lock_timeout) + ", lock_wait_timeout = " + seconds(options.lock_timeout) +
                         ", @waybill_writer = 1";
  // Long lists of ids are looked up by the index, whatever their length.
  if (is_mariadb) {
    settings +=
        ", in_predicate_conversion_threshold = 0, idle_transaction_timeout = " + seconds(options.answer_timeout * 2) +
        ", max_statement_time = " + seconds(options.statement_timeout);
  } else {
    settings +=
        ", range_optimizer_max_mem_size = 0, max_execution_time = " + std::to_string(options.statement_timeout.count());
  }
  return settings;
}

constexpr char kServer[] = "SELECT VERSION(), @@max_allowed_packet, CURRENT_USER()";

}  // namespace

Rows::Rows(std::shared_ptr<const Data> data) : data_(std::move(data)), size_(static_cast<int>(data_->rows.size())) {}
bool Rows::is_null(int row, int column) const { return data_->rows[static_cast<std::size_t>(row)][column] == nullptr; }
std::string_view Rows::text(int row, int column) const {
  const char* value = data_->rows[static_cast<std::size_t>(row)][column];
  if (value == nullptr) return {};
  return {value, data_->lengths[static_cast<std::size_t>(row) * data_->columns + static_cast<std::size_t>(column)]};
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

Connection::Connection(const MariadbOptions& options, st_mysql* handle) : options_(options), handle_(handle) {}

Connection::~Connection() { mysql_close(handle_); }

Result<std::unique_ptr<Connection>> Connection::open(const MariadbOptions& options) {
  const auto url = parse_mariadb_url(options.url);
  if (!url.ok()) return url.error();
  MYSQL* handle = mysql_init(nullptr);
  if (handle == nullptr) return make_error(ErrorClass::kRetry, "there is no memory for a connection to MariaDB");
  std::unique_ptr<Connection> connection(new Connection(options, handle));
  set_number(handle, MYSQL_OPT_CONNECT_TIMEOUT, seconds_of(options.connect_timeout));
  set_number(handle, MYSQL_OPT_READ_TIMEOUT, seconds_of(options.answer_timeout));
  set_number(handle, MYSQL_OPT_WRITE_TIMEOUT, seconds_of(options.answer_timeout));
  set_number(handle, MYSQL_OPT_PROTOCOL, MYSQL_PROTOCOL_TCP);
  set_number(handle, MYSQL_OPT_LOCAL_INFILE, 0);
  mysql_optionsv(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  set_up_tls(handle, *url);
  const std::string& password = options.password.empty() ? url->password : options.password;
  const auto flags = CLIENT_MULTI_STATEMENTS | CLIENT_FOUND_ROWS;
  if (mysql_real_connect(handle, url->host.c_str(), url->user.c_str(), password.c_str(), url->database.c_str(),
                         url->port, nullptr, flags) == nullptr) {
    return connect_error(mysql_errno(handle), mysql_error(handle), *url);
  }
  // The library goes on without TLS if the server has none, unless it is to verify.
  if (url->tls != MariadbUrl::Tls::kOff && mysql_get_ssl_cipher(handle) == nullptr) {
    return insecure("the server does not support TLS", *url);
  }
  connection->database_ = url->database;
  if (Status ready = connection->set_up(); !ready.ok()) return ready.error();
  return connection;
}

Status Connection::set_up() {
  const Rows server = ask(kServer);
  if (auto failure = take_failure()) return failure->error;
  const std::string version = server.string(0, 0);
  is_mariadb_ = waybill::mariadb::is_mariadb(version);
  packet_max_ = static_cast<std::size_t>(server.integer(0, 1));
  user_ = server.string(0, 2);
  if (Status known = check_version(version); !known.ok()) return known;
  constexpr std::size_t kLeast = 4U << 20U;
  if (packet_max_ < kLeast) {
    return make_error(ErrorClass::kPermanent,
                      "the server's max_allowed_packet is " + std::to_string(packet_max_) +
                          " bytes; set it to twice the largest body and a MiB, at least to 4194304");
  }
  script(session_settings(options_, is_mariadb_, collation()));
  if (auto failure = take_failure()) return failure->error;
  return ok_status();
}

std::optional<Failure> Connection::take_failure() { return std::exchange(failure_, std::nullopt); }

void Connection::fail(Failure failure) {
  if (!failure_) failure_ = std::move(failure);
}

void Connection::note_failure() {
  auto failure = failure_of(mysql_errno(handle_), mysql_error(handle_));
  if (failure.scope == Failure::Scope::kConnection) lost_ = true;
  fail(std::move(failure));
}

bool Connection::send_packet(const std::string& packet) {
  if (mysql_real_query(handle_, packet.data(), packet.size()) == 0) return true;
  note_failure();
  return false;
}

bool Connection::take_result(Rows& rows) {
  MYSQL_RES* stored = mysql_store_result(handle_);
  if (stored != nullptr) {
    rows = Rows(std::make_shared<const Rows::Data>(stored));
  } else if (mysql_field_count(handle_) > 0) {
    note_failure();
    return false;
  } else {
    rows.set_affected(static_cast<std::int64_t>(mysql_affected_rows(handle_)));
  }
  return true;
}

std::vector<Rows> Connection::receive() {
  const auto statements = std::exchange(unsent_, {});
  all_statements.fetch_add(static_cast<std::int64_t>(statements.size()), std::memory_order_relaxed);
  std::vector<Rows> results(statements.size());
  std::size_t answered = 0;
  while (answered < statements.size() && !failed() && alive()) {
    std::string packet = statements[answered].statement;
    std::size_t end = answered + 1;
    for (; end < statements.size() && packet.size() + statements[end].statement.size() < packet_max_ / 2; ++end) {
      packet += ';';
      packet += statements[end].statement;
    }
    take_results(packet, end, results, answered);
    failed_at_last_ = failed() && end == statements.size() && (lost_ || answered + 1 == end);
  }
  std::size_t kept = 0;
  for (std::size_t at = 0; at < results.size(); ++at) {
    if (statements[at].is_asked) results[kept++] = std::move(results[at]);
  }
  results.resize(kept);
  return results;
}

// Of the statements up to `end`; `answered` counts those that were done.
void Connection::take_results(const std::string& packet, std::size_t end, std::vector<Rows>& results,
                              std::size_t& answered) {
  if (!send_packet(packet)) return;
  while (answered < end) {
    if (!take_result(results[answered])) return;
    ++answered;
    const int more = mysql_next_result(handle_);
    if (more > 0) note_failure();
    if (more != 0) return;
  }
}

std::int64_t Connection::statements() { return all_statements.load(std::memory_order_relaxed); }

Rows Connection::ask(std::string statement) {
  send(std::move(statement));
  auto results = receive();
  return std::move(results.back());
}

void Connection::script(const std::string& statements) {
  if (failed() || !alive() || !send_packet(statements)) return;
  while (true) {
    Rows ignored;
    if (!take_result(ignored)) return;
    const int more = mysql_next_result(handle_);
    if (more > 0) note_failure();
    if (more != 0) return;
  }
}

void Connection::rollback() {
  unsent_.clear();
  if (!alive()) return;
  const auto kept = std::exchange(failure_, std::nullopt);
  if ((handle_->server_status & SERVER_STATUS_IN_TRANS) != 0 || kept) ask("ROLLBACK");
  if (failure_) lost_ = true;
  failure_ = kept;
}

}  // namespace waybill::mariadb
