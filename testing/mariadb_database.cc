#include "testing/mariadb_database.h"

#include <mysql.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "log/mariadb/mariadb_url.h"

namespace waybill {
namespace {

std::string server_url() {
  const char* url = std::getenv("WAYBILL_MARIADB");
  if (url == nullptr) throw std::runtime_error("WAYBILL_MARIADB names no server; scripts/with-services starts one");
  return url;
}

std::string create(const std::string& purpose, const std::string& options) {
  static int number = 0;
  std::string name = "waybill_" + purpose + "_" + std::to_string(getpid()) + "_" + std::to_string(++number);
  MariadbClient server(server_url());
  const Status made = server.run("DROP DATABASE IF EXISTS " + name + "; CREATE DATABASE " + name + " " + options);
  if (!made.ok()) throw std::runtime_error(made.error().message);
  return name;
}

}  // namespace

std::string mariadb_url(const std::string& database) {
  const std::string url = server_url();
  return url.substr(0, url.rfind('/') + 1) + database;
}

MariadbClient::MariadbClient(const std::string& url) : connection_(mysql_init(nullptr)) {
  const MariadbUrl place = *parse_mariadb_url(url);
  mysql_optionsv(connection_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  if (mysql_real_connect(connection_, place.host.c_str(), place.user.c_str(), place.password.c_str(),
                         place.database.c_str(), place.port, nullptr, CLIENT_MULTI_STATEMENTS) != nullptr) {
    return;
  }
  const std::string why = mysql_error(connection_);
  mysql_close(connection_);
  throw std::runtime_error(why);
}

MariadbClient::~MariadbClient() { mysql_close(connection_); }

Status MariadbClient::run(const std::string& sql) {
  int done = mysql_real_query(connection_, sql.data(), sql.size());
  while (done == 0) {
    mysql_free_result(mysql_store_result(connection_));
    done = mysql_next_result(connection_);
  }
  return done < 0 ? ok_status() : make_error(ErrorClass::kPermanent, mysql_error(connection_));
}

std::string MariadbClient::text(const std::string& sql) {
  if (mysql_real_query(connection_, sql.data(), sql.size()) != 0) throw std::runtime_error(mysql_error(connection_));
  MYSQL_RES* result = mysql_store_result(connection_);
  if (result == nullptr) return "";
  MYSQL_ROW row = mysql_fetch_row(result);
  std::string text = row != nullptr && row[0] != nullptr ? row[0] : "";
  mysql_free_result(result);
  return text;
}

std::string MariadbClient::quoted(const std::string& text) {
  std::vector<char> escaped(text.size() * 2 + 1);
  const auto length = mysql_real_escape_string(connection_, escaped.data(), text.data(), text.size());
  return "'" + std::string(escaped.data(), length) + "'";
}

MariadbDatabase::MariadbDatabase(const std::string& purpose, const std::string& options)
    : name_(create(purpose, options)), url_(mariadb_url(name_)), client_(url_) {}

MariadbDatabase::~MariadbDatabase() {
  try {
    MariadbClient server(server_url());
    static_cast<void>(server.run("DROP DATABASE " + name_));  // the server may be gone, and its data with it
  } catch (const std::runtime_error&) {
    return;
  }
}

void MariadbDatabase::empty_log() {
  if (client_.text("SHOW TABLES LIKE 'msg_log'").empty()) return;
  // One transaction, which waits for the disk once. DELETE: TRUNCATE makes new files.
  std::string sql = "SET @waybill_writer = 1; START TRANSACTION;";
  for (const char* table : {"msg_log", "msg_event", "idempotency_key", "node_lease", "queue_fact", "instance",
                            "kept_count", "count_change", "mail_recipient"}) {
    sql += std::string("DELETE FROM ") + table + ";";
  }
  const Status done = client_.run(sql + "COMMIT; SET @waybill_writer = NULL");
  if (!done.ok()) throw std::runtime_error(done.error().message);
}

}  // namespace waybill
