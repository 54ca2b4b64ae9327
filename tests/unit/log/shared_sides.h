// The two kinds of shared log, for tests that are the same on both: TYPED_TEST_SUITE(…, SharedSides, SideNames).
#pragma once

#include <gtest/gtest.h>

#include <iterator>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

#include "log/mariadb/classic.h"
#include "log/mariadb/mariadb_log.h"
#include "log/mariadb/mariadb_reader.h"
#include "log/mariadb/name_store.h"
#include "log/mariadb/schema.h"
#include "log/name_hold.h"
#include "log/postgres/classic.h"
#include "log/postgres/name_store.h"
#include "log/postgres/postgres_log.h"
#include "log/postgres/postgres_reader.h"
#include "log/postgres/schema.h"
#include "testing/mariadb_database.h"
#include "testing/postgres_database.h"

namespace waybill {

struct PostgresSide {
  using Log = PostgresLog;
  using Reader = PostgresReader;
  using Options = PostgresOptions;
  using Database = PostgresDatabase;
  using Client = PostgresClient;
  static constexpr const char* kName = "Postgres";
  static constexpr const char* kNowhere = "postgresql://nobody@127.0.0.1:1/nothing";
  static constexpr const char* kWrongPassword = "password authentication failed";
  static constexpr const char* kSchemaName = "current_schema()";
  static constexpr const char* kConsumedRows = "SELECT sum(rows) FROM finished_count WHERE status = 3";

  static std::string url_of(const std::string& database) { return postgres_url(database); }
  static std::size_t migrations() { return postgres::migrations().size(); }
  static std::unique_ptr<NameStore> names(const Options& options, const Owner& owner) {
    return postgres::make_name_store(options, owner);
  }
  static Result<std::unique_ptr<ClassicTable>> classic(const Options& options) {
    return postgres::open_classic(options, {*TimeZone::find("UTC")});
  }
  /// Of the client's database, but its own and `other`.
  static void end_sessions(Client& client, std::int64_t other) {
    static_cast<void>(
        client.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                   "current_database() AND application_name = 'waybill' AND pid <> " +
                   std::to_string(other)));
  }
  static std::int64_t session(Client& client) { return client.integer("SELECT pg_backend_pid()"); }
};

struct MariadbSide {
  using Log = MariadbLog;
  using Reader = MariadbReader;
  using Options = MariadbOptions;
  using Database = MariadbDatabase;
  using Client = MariadbClient;
  static constexpr const char* kName = "Mariadb";
  static constexpr const char* kNowhere = "mariadb://nobody@127.0.0.1:1/nothing";
  static constexpr const char* kWrongPassword = "check user and password";
  static constexpr const char* kSchemaName = "DATABASE()";
  static constexpr const char* kConsumedRows = "SELECT SUM(amount) FROM kept_count WHERE kind = 3";

  static std::string url_of(const std::string& database) { return mariadb_url(database); }
  static std::size_t migrations() { return mariadb::migrations().size(); }
  static std::unique_ptr<NameStore> names(const Options& options, const Owner& owner) {
    return mariadb::make_name_store(options, owner);
  }
  static Result<std::unique_ptr<ClassicTable>> classic(const Options& options) {
    return mariadb::open_classic(options, {*TimeZone::find("UTC")});
  }
  static void end_sessions(Client& client, std::int64_t other) {
    std::istringstream ids(client.text(
        "SELECT COALESCE(GROUP_CONCAT(id SEPARATOR ' '), '') FROM information_schema.processlist WHERE db = DATABASE() "
        "AND id <> CONNECTION_ID() AND id <> " +
        std::to_string(other)));
    // One may have ended by itself.
    for (auto id = std::istream_iterator<std::string>(ids); id != std::istream_iterator<std::string>(); ++id) {
      static_cast<void>(client.run("KILL " + *id));
    }
  }
  static std::int64_t session(Client& client) { return client.integer("SELECT CONNECTION_ID()"); }
};

using SharedSides = testing::Types<PostgresSide, MariadbSide>;
struct SideNames {
  template <class Side>
  static std::string GetName(int /*number*/) {
    return Side::kName;
  }
};

}  // namespace waybill
