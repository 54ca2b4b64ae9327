#include "log/postgres/failures.h"

#include <array>

namespace waybill::postgres {
namespace {

bool is_of(std::string_view code, std::string_view prefix) { return code.starts_with(prefix); }

Failure::Scope scope_of(std::string_view code) {
  if (code == "55P03") return Failure::Scope::kLock;  // lock_timeout
  // Of our unique keys 23505 says that another session has inserted the same row meanwhile: then it is there to be
  // read.
  if (code == "40001" || code == "40P01" || code == "23505") return Failure::Scope::kTransaction;
  // 22: a value that cannot be stored; 23: a constraint; 54: too large.
  if (is_of(code, "22") || is_of(code, "23") || is_of(code, "54")) return Failure::Scope::kStatement;
  // 57P: the administrator ends the session or the server.
  if (is_of(code, "57P") || is_of(code, "08")) return Failure::Scope::kConnection;
  return Failure::Scope::kServer;
}

ErrorClass class_of(Failure::Scope scope) {
  return scope == Failure::Scope::kStatement ? ErrorClass::kPermanent : ErrorClass::kRetry;
}

std::string sentence_of(std::string_view code, const std::string& message) {
  if (code == "25006") {
    return "the database is read-only (" + message + "); the log needs the primary server";
  }
  if (code == "53100") return "the database server's disk is full (" + message + ")";
  if (code == "55P03") return "another session's transaction holds a row of the message log";
  if (code == "57014") return "the database took too long for a statement (" + message + ")";
  return "PostgreSQL: " + message;
}

}  // namespace

std::string first_line(std::string_view message) {
  auto line = message.substr(0, message.find('\n'));
  // "connection to server at "…", port 5432 failed: FATAL:  password …"
  for (const std::string_view prefix : {"FATAL:  ", "ERROR:  "}) {
    if (const auto at = line.find(prefix); at != std::string_view::npos) line.remove_prefix(at + prefix.size());
  }
  return std::string(line);
}

Failure failure_of(std::string_view code, std::string_view message) {
  const auto scope = scope_of(code);
  return {scope, make_error(class_of(scope), sentence_of(code, first_line(message)), std::string(code))};
}

Error connect_error(std::string_view message) {
  const std::string said = first_line(message);
  const auto insecure = [&] {
    return make_error(ErrorClass::kPermanent, "no secure connection to PostgreSQL: " + said);
  };
  if (message.find("certificate file") != std::string_view::npos) return insecure();  // one of ours "does not exist"
  // libpq does not tell the SQLSTATE of a refused connection; the server may speak another language, and then it is
  // only tried again.
  struct Known {
    std::string_view sign;
    const char* advice;
  };
  static constexpr std::array<Known, 5> kPermanent = {{
      {"password authentication failed", "check user and password in message_log.url"},
      {"no password supplied", "give it in message_log.password_file or PGPASSFILE"},
      {"does not exist", "an administrator creates it: CREATE DATABASE name OWNER role ENCODING 'UTF8'"},
      {"permission denied for database", "an administrator grants it: GRANT CONNECT ON DATABASE name TO role"},
      {"no pg_hba.conf entry", "an administrator must allow this user and address in pg_hba.conf"},
  }};
  for (const Known& known : kPermanent) {
    if (message.find(known.sign) == std::string_view::npos) continue;
    return make_error(ErrorClass::kPermanent, "PostgreSQL refused the connection: " + said + "; " + known.advice);
  }
  if (message.find("certificate") != std::string_view::npos || message.find("SSL") != std::string_view::npos) {
    return insecure();
  }
  return make_error(ErrorClass::kRetry, "PostgreSQL cannot be reached: " + said);
}

}  // namespace waybill::postgres
