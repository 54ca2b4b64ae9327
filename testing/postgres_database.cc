#include "testing/postgres_database.h"

#include <libpq-fe.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace waybill {
namespace {

using Answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

std::string server_url() {
  const char* url = std::getenv("WAYBILL_POSTGRES");
  if (url == nullptr) throw std::runtime_error("WAYBILL_POSTGRES names no server; scripts/with-services starts one");
  return url;
}

Answer ask(pg_conn* connection, const std::string& sql, const std::vector<std::string>& values) {
  if (values.empty()) return {PQexec(connection, sql.c_str()), PQclear};
  std::vector<const char*> texts;
  for (const std::string& value : values) texts.push_back(value.c_str());
  return {
      PQexecParams(connection, sql.c_str(), static_cast<int>(texts.size()), nullptr, texts.data(), nullptr, nullptr, 0),
      PQclear};
}

std::string create(const std::string& purpose, const std::string& options) {
  static int number = 0;
  std::string name = "waybill_" + purpose + "_" + std::to_string(getpid()) + "_" + std::to_string(++number);
  PostgresClient server(server_url());
  static_cast<void>(server.run("DROP DATABASE IF EXISTS " + name));  // of a former process of this number
  const Status made = server.run("CREATE DATABASE " + name + " " + options);
  if (!made.ok()) throw std::runtime_error(made.error().message);
  return name;
}

}  // namespace

std::string postgres_url(const std::string& database) {
  const std::string url = server_url();
  return url.substr(0, url.rfind('/') + 1) + database;
}

PostgresClient::PostgresClient(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
  PQsetNoticeProcessor(
      connection_, [](void*, const char*) {}, nullptr);
  if (PQstatus(connection_) == CONNECTION_OK) return;
  const std::string why = PQerrorMessage(connection_);
  PQfinish(connection_);
  throw std::runtime_error(why);
}

PostgresClient::~PostgresClient() { PQfinish(connection_); }

Status PostgresClient::run(const std::string& sql, const std::vector<std::string>& values) {
  const Answer answer = ask(connection_, sql, values);
  const auto status = PQresultStatus(answer.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return ok_status();
  return make_error(ErrorClass::kPermanent, PQresultErrorMessage(answer.get()));
}

std::string PostgresClient::text(const std::string& sql) {
  const Answer answer = ask(connection_, sql, {});
  if (PQresultStatus(answer.get()) != PGRES_TUPLES_OK) throw std::runtime_error(PQresultErrorMessage(answer.get()));
  return PQntuples(answer.get()) > 0 ? PQgetvalue(answer.get(), 0, 0) : "";
}

PostgresDatabase::PostgresDatabase(const std::string& purpose, const std::string& options)
    : name_(create(purpose, options)), url_(postgres_url(name_)), client_(url_) {
  static_cast<void>(client_.run("SET synchronous_commit = off"));  // what a test undoes need not be durable
}

PostgresDatabase::~PostgresDatabase() {
  try {
    PostgresClient server(server_url());
    static_cast<void>(server.run("DROP DATABASE " + name_ + " WITH (FORCE)"));
  } catch (const std::runtime_error&) {
    return;  // the server is gone, and its data with it
  }
}

void PostgresDatabase::empty_log() {
  if (client_.text("SELECT to_regclass('msg_log')").empty()) return;
  // For tables that hold next to nothing ten times as fast as TRUNCATE, which makes new files.
  std::string sql;
  for (const char* table : {"msg_log", "msg_event", "idempotency_key", "node_lease", "queue_fact", "instance",
                            "finished_count", "finished_change", "mail_recipient"}) {
    sql += std::string("DELETE FROM ") + table + ";";
  }
  const Status done = client_.run(sql);
  if (!done.ok()) throw std::runtime_error(done.error().message);
}

}  // namespace waybill
