// A database of a test's own on the server that WAYBILL_MARIADB names, and a connection to it that knows nothing of
// Waybill, as another program has it. Removed when destroyed. Throws if there is no server.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

struct st_mysql;

namespace waybill {

/// One plain connection.
class MariadbClient {
 public:
  explicit MariadbClient(const std::string& url);
  ~MariadbClient();
  MariadbClient(const MariadbClient&) = delete;
  MariadbClient& operator=(const MariadbClient&) = delete;

  /// Any number of statements. An error carries the server's own words.
  [[nodiscard]] Status run(const std::string& sql);
  /// First column of the first row; empty without one. Throws if it fails.
  [[nodiscard]] std::string text(const std::string& sql);
  [[nodiscard]] std::int64_t integer(const std::string& sql) { return std::stoll(text(sql)); }
  /// As an SQL literal.
  [[nodiscard]] std::string quoted(const std::string& text);

 private:
  st_mysql* connection_;
};

class MariadbDatabase {
 public:
  /// `purpose` becomes part of its name.
  explicit MariadbDatabase(const std::string& purpose, const std::string& options = "CHARACTER SET utf8mb4");
  ~MariadbDatabase();
  MariadbDatabase(const MariadbDatabase&) = delete;
  MariadbDatabase& operator=(const MariadbDatabase&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] MariadbClient& client() { return client_; }
  [[nodiscard]] Status run(const std::string& sql) { return client_.run(sql); }
  /// Removes everything from the message log, if there is one; its schema stays.
  void empty_log();

 private:
  std::string name_;
  std::string url_;
  MariadbClient client_;
};

/// What WAYBILL_MARIADB says, with another database.
[[nodiscard]] std::string mariadb_url(const std::string& database);

}  // namespace waybill
