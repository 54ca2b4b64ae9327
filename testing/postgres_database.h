// A database of a test's own on the server that WAYBILL_POSTGRES names, and a connection to it that knows nothing of
// Waybill, as another program has it. Removed when destroyed. Throws if there is no server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

struct pg_conn;

namespace waybill {

/// One plain connection.
class PostgresClient {
 public:
  explicit PostgresClient(const std::string& url);
  ~PostgresClient();
  PostgresClient(const PostgresClient&) = delete;
  PostgresClient& operator=(const PostgresClient&) = delete;

  /// An error carries the server's own words.
  [[nodiscard]] Status run(const std::string& sql, const std::vector<std::string>& values = {});
  /// First column of the first row; empty without one. Throws if it fails.
  [[nodiscard]] std::string text(const std::string& sql);
  [[nodiscard]] std::int64_t integer(const std::string& sql) { return std::stoll(text(sql)); }

 private:
  pg_conn* connection_;
};

class PostgresDatabase {
 public:
  /// `purpose` becomes part of its name.
  explicit PostgresDatabase(const std::string& purpose, const std::string& options = "");
  ~PostgresDatabase();
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] PostgresClient& client() { return client_; }
  [[nodiscard]] Status run(const std::string& sql, const std::vector<std::string>& values = {}) {
    return client_.run(sql, values);
  }
  /// Removes everything from the message log, if there is one; its schema stays.
  void empty_log();

 private:
  std::string name_;
  std::string url_;
  PostgresClient client_;
};

/// What WAYBILL_POSTGRES says, with another database.
[[nodiscard]] std::string postgres_url(const std::string& database);

}  // namespace waybill
