#include "log/postgres/database.h"

#include <array>
#include <cstdio>
#include <random>
#include <utility>

#include "log/postgres/connection.h"
#include "log/postgres/url.h"

namespace waybill {
namespace {

constexpr postgres::Statement kWal{"wal", "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"};

std::string draw_name(const std::string& prefix) {
  std::array<char, 16> part{};
  std::snprintf(part.data(), part.size(), "_%08x", static_cast<unsigned>(std::random_device()()));
  return prefix + part.data();
}

PostgresOptions patient(PostgresOptions options) {
  options.statement_timeout = Duration{60'000};
  options.answer_timeout = Duration{61'000};
  options.lock_timeout = Duration{60'000};
  return options;
}

class PostgresDatabase final : public OwnDatabase {
 public:
  PostgresDatabase(PostgresOptions server, std::string name)
      : server_(std::move(server)), name_(std::move(name)), url_(with_database(server_.url, name_)) {}
  ~PostgresDatabase() override {
    auto opened = postgres::Connection::open(server_);
    if (!opened.ok()) return;  // without the server nobody can remove it
    (*opened)->script("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
    static_cast<void>((*opened)->take_failure());
  }
  [[nodiscard]] const std::string& url() const override { return url_; }

 private:
  const PostgresOptions server_;
  const std::string name_;
  const std::string url_;
};

}  // namespace

Result<std::unique_ptr<OwnDatabase>> make_postgres_database(const PostgresOptions& server, const std::string& prefix) {
  const PostgresOptions options = patient(server);
  auto opened = postgres::Connection::open(options);
  if (!opened.ok()) return opened.error();
  auto name = draw_name(prefix);
  (*opened)->script("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8'");
  if (auto failure = (*opened)->take_failure()) {
    if (failure->error.code == "42501") {
      return make_error(ErrorClass::kPermanent,
                        "a benchmark works in a database of its own, and the role may not make one; an administrator "
                        "allows it: ALTER ROLE name CREATEDB");
    }
    return failure->error;
  }
  return std::unique_ptr<OwnDatabase>(std::make_unique<PostgresDatabase>(options, std::move(name)));
}

std::optional<std::int64_t> postgres_wal_bytes(const PostgresOptions& server) {
  auto opened = postgres::Connection::open(server);
  if (!opened.ok()) return std::nullopt;
  const postgres::Rows wal = (*opened)->ask(kWal);
  if ((*opened)->take_failure()) return std::nullopt;
  return wal.integer(0, 0);
}

}  // namespace waybill
