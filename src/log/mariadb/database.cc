#include "log/mariadb/database.h"

#include <array>
#include <cstdio>
#include <random>
#include <utility>

#include "log/mariadb/connection.h"
#include "log/mariadb/mariadb_url.h"

namespace waybill {
namespace {

constexpr char kWritten[] = "SHOW GLOBAL STATUS LIKE 'Innodb_os_log_written'";
constexpr unsigned kDenied = 1'044;

std::string draw_name(const std::string& prefix) {
  std::array<char, 16> part{};
  std::snprintf(part.data(), part.size(), "_%08x", static_cast<unsigned>(std::random_device()()));
  return prefix + part.data();
}

MariadbOptions patient(MariadbOptions options) {
  options.statement_timeout = Duration{60'000};
  options.answer_timeout = Duration{61'000};
  options.lock_timeout = Duration{60'000};
  return options;
}

class MariadbOwnDatabase final : public OwnDatabase {
 public:
  MariadbOwnDatabase(MariadbOptions server, std::string name)
      : server_(std::move(server)), name_(std::move(name)), url_(with_mariadb_database(server_.url, name_)) {}
  ~MariadbOwnDatabase() override {
    auto opened = mariadb::Connection::open(server_);
    if (!opened.ok()) return;  // without the server nobody can remove it
    (*opened)->script("DROP DATABASE IF EXISTS " + name_);
    static_cast<void>((*opened)->take_failure());
  }
  [[nodiscard]] const std::string& url() const override { return url_; }

 private:
  const MariadbOptions server_;
  const std::string name_;
  const std::string url_;
};

}  // namespace

Result<std::unique_ptr<OwnDatabase>> make_mariadb_database(const MariadbOptions& server, const std::string& prefix) {
  const MariadbOptions options = patient(server);
  auto opened = mariadb::Connection::open(options);
  if (!opened.ok()) return opened.error();
  auto name = draw_name(prefix);
  (*opened)->script("CREATE DATABASE " + name + " CHARACTER SET utf8mb4");
  if (auto failure = (*opened)->take_failure()) {
    if (failure->error.code == std::to_string(kDenied)) {
      return make_error(ErrorClass::kPermanent,
                        "a benchmark works in a database of its own, and the user may not make one; an administrator "
                        "allows it: GRANT ALL PRIVILEGES ON `" +
                            prefix + "%`.* TO user");
    }
    return failure->error;
  }
  return std::unique_ptr<OwnDatabase>(std::make_unique<MariadbOwnDatabase>(options, std::move(name)));
}

std::optional<std::int64_t> mariadb_wal_bytes(const MariadbOptions& server) {
  auto opened = mariadb::Connection::open(server);
  if (!opened.ok()) return std::nullopt;
  const mariadb::Rows written = (*opened)->ask(kWritten);
  if ((*opened)->take_failure() || written.size() == 0) return std::nullopt;
  return written.integer(0, 1);
}

}  // namespace waybill
