#include "log/mariadb/failures.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <unistd.h>

#include <string>

namespace waybill::mariadb {
namespace {

using Scope = Failure::Scope;

// Of MySQL alone, or only in later headers.
constexpr unsigned kCheckOfMysql = 3'819;
constexpr unsigned kTooLongOfMysql = 3'024;
constexpr unsigned kIdleTooLongOfMysql = 4'031;  // said before the server closes the connection
constexpr unsigned kReadOnlyTransaction = 1'792;
constexpr unsigned kReadOnlyMode = 1'836;

bool is_of_library(unsigned number) { return number / 1'000 == 2 || number / 1'000 == 5; }

Scope scope_of(unsigned number) {
  switch (number) {
    case ER_LOCK_WAIT_TIMEOUT:
      return Scope::kLock;
    case ER_LOCK_DEADLOCK:
    case ER_CHECKREAD:
    // Another session has inserted it since we looked.
    case ER_DUP_ENTRY:
      return Scope::kTransaction;
    case ER_CONSTRAINT_FAILED:
    case kCheckOfMysql:
    case ER_DATA_TOO_LONG:
    case ER_TRUNCATED_WRONG_VALUE:
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
    case ER_WARN_DATA_OUT_OF_RANGE:
    case ER_INVALID_CHARACTER_STRING:
    case ER_BAD_NULL_ERROR:
    case ER_TOO_BIG_ROWSIZE:
      return Scope::kStatement;
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED:
    case kIdleTooLongOfMysql:
    // What the server, or the library, makes of a connection that broke in the middle of a packet.
    case ER_NET_PACKETS_OUT_OF_ORDER:
    case ER_NET_READ_ERROR:
    case ER_NET_READ_INTERRUPTED:
    case ER_NET_ERROR_ON_WRITE:
    case ER_NET_WRITE_INTERRUPTED:
    case ER_NET_PACKET_TOO_LARGE:  // after which the server closes the connection
      return Scope::kConnection;
    default:
      return is_of_library(number) ? Scope::kConnection : Scope::kServer;
  }
}

std::string sentence_of(unsigned number, Scope scope, const std::string& said) {
  switch (number) {
    case ER_LOCK_WAIT_TIMEOUT:
      return "another session's transaction holds a row of the message log";
    case ER_OPTION_PREVENTS_STATEMENT:
    case kReadOnlyTransaction:
    case kReadOnlyMode:
      return "the database is read-only (" + said + "); the log needs the primary server";
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL:
    case ER_ERROR_ON_WRITE:
      return "the database server's disk is full (" + said + ")";
    case ER_STATEMENT_TIMEOUT:
    case kTooLongOfMysql:
      return "the database took too long for a statement (" + said + ")";
    default:
      break;
  }
  if (scope == Scope::kConnection) return "the connection to MariaDB was lost: " + said;
  return "MariaDB: " + said;
}

// The library tells no name.
const std::string* unreadable_file(const MariadbUrl& url) {
  for (const std::string* file : {&url.tls_ca, &url.tls_cert, &url.tls_key}) {
    if (!file->empty() && ::access(file->c_str(), R_OK) != 0) return file;
  }
  return nullptr;
}

}  // namespace

Failure failure_of(unsigned number, std::string_view message) {
  const Scope scope = scope_of(number);
  const auto what = scope == Scope::kStatement ? ErrorClass::kPermanent : ErrorClass::kRetry;
  return {scope, make_error(what, sentence_of(number, scope, std::string(message)), std::to_string(number))};
}

Error insecure(std::string_view message, const MariadbUrl& url) {
  std::string why(message);
  if (message.find("does not support") != std::string_view::npos) {
    why += "; let it offer TLS, or leave tls out of message_log.url";
  } else if (const std::string* file = unreadable_file(url)) {
    why = "the file '" + *file + "', which message_log.url names, cannot be read";
  } else if (url.tls == MariadbUrl::Tls::kVerify) {
    why += "; the server's certificate must name '" + url.host + "' and be signed by an authority " +
           (url.tls_ca.empty() ? "that this machine trusts" : "in " + url.tls_ca);
  }
  return make_error(ErrorClass::kPermanent, "no secure connection to MariaDB: " + why);
}

Error connect_error(unsigned number, std::string_view message, const MariadbUrl& url) {
  const std::string said(message);
  const auto permanent = [&](const std::string& advice) {
    return make_error(ErrorClass::kPermanent, "MariaDB refused the connection: " + said + "; " + advice,
                      std::to_string(number));
  };
  switch (number) {
    case ER_ACCESS_DENIED_ERROR:
    case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
      return permanent("check user and password in message_log.url");
    case ER_BAD_DB_ERROR:
      return permanent("an administrator creates it: CREATE DATABASE `" + url.database + "` CHARACTER SET utf8mb4");
    case ER_DBACCESS_DENIED_ERROR:
      return permanent("an administrator grants it: GRANT ALL PRIVILEGES ON `" + url.database + "`.* TO the user");
    case ER_HOST_NOT_PRIVILEGED:
    case ER_HOST_IS_BLOCKED:
      return permanent("an administrator must create the user for this host");
    case CR_SSL_CONNECTION_ERROR:
      return insecure(message, url);
    default:
      return make_error(ErrorClass::kRetry, "MariaDB cannot be reached: " + said, std::to_string(number));
  }
}

}  // namespace waybill::mariadb
