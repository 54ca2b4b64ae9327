// Literals of MariaDB statements and what a log's URL means: without a server.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "log/mariadb/failures.h"
#include "log/mariadb/mariadb_url.h"
#include "log/mariadb/server_version.h"
#include "log/mariadb/sql.h"

namespace waybill {
namespace {

using mariadb::Bytes;
using mariadb::List;
using mariadb::read_time;
using mariadb::sql;
using mariadb::Tuples;

WallTime at(const char* text) { return *parse_rfc3339(text); }

TEST(MariadbSql, TextIsQuoted) {
  EXPECT_EQ(sql("SELECT ?", "it's"), "SELECT 'it\\'s'");
  EXPECT_EQ(sql("SELECT ?", "back\\slash"), "SELECT 'back\\\\slash'");
  EXPECT_EQ(sql("SELECT ?", std::string_view("a\0b", 3)), "SELECT 'a\\0b'");
  EXPECT_EQ(sql("SELECT ?", "'; DROP TABLE msg_log; --"), "SELECT '\\'; DROP TABLE msg_log; --'");
  EXPECT_EQ(sql("SELECT ?, ?", Bytes{"\xFF'"}, "?"), "SELECT _binary'\xFF\\'', '?'") << "a value is no place";
}

TEST(MariadbSql, OtherValuesHaveTheirOwnForms) {
  EXPECT_EQ(sql("(?, ?, ?)", true, -7, std::optional<std::string>()), "(1, -7, NULL)");
  EXPECT_EQ(sql("?", Token{0xFFFF'FFFF'FFFF'FFFF}), "-1") << "as the column holds it";
  EXPECT_EQ(sql("IN (?)", List().add("a").add("b")), "IN ('a','b')");
  EXPECT_EQ(sql("VALUES ?", Tuples().add("a", 1).add("b", 2)), "VALUES ('a',1),('b',2)");
}

TEST(MariadbSql, TimesGoThereAndBack) {
  EXPECT_EQ(sql("?", at("2026-01-31T08:00:00.125Z")), "'2026-01-31 08:00:00.125'");
  EXPECT_EQ(read_time("2026-01-31 08:00:00.125"), at("2026-01-31T08:00:00.125Z"));
  EXPECT_EQ(read_time("2026-01-31 08:00:00"), at("2026-01-31T08:00:00Z"));
}

TEST(MariadbSql, TimesOutsideOfWhatAColumnHoldsAreItsEnds) {
  EXPECT_EQ(sql("?", WallTime::max()), "'9999-12-31 23:59:59.999'");
  EXPECT_EQ(sql("?", WallTime::min()), "'0000-00-00 00:00:00.000'");
  EXPECT_EQ(sql("?", read_time("0000-00-00 00:00:00.000")), "'0000-00-00 00:00:00.000'") << "no date stays none";
  EXPECT_EQ(sql("?", read_time("2026-00-00 00:00:00.000")), "'0000-00-00 00:00:00.000'");
}

TEST(MariadbServer, IsRefusedIfItDoesNotKnowTheStatements) {
  for (const char* version : {"10.6.0-MariaDB", "10.11.6-MariaDB-0+deb12u1", "11.4.2-MariaDB", "8.0.29", "8.0.36-28",
                              "8.1.0", "8.4.3", "9.1.0-log"}) {
    EXPECT_TRUE(mariadb::check_version(version).ok()) << version;
  }
  for (const char* version :
       {"10.5.23-MariaDB", "5.5.68-MariaDB", "8.0.28", "8.0.3-rc-log", "5.7.44", "8.0", "", "x"}) {
    const auto refused = mariadb::check_version(version);
    ASSERT_FALSE(refused.ok()) << version;
    EXPECT_NE(refused.error().message.find("MySQL 8.0.29"), std::string::npos);
  }
}

TEST(MariadbServer, WhatEndsAConnectionIsToldFromWhatRefusesAStatement) {
  using Scope = mariadb::Failure::Scope;
  for (const unsigned ends : {2'013U, 1'053U, 1'927U, 1'156U, 1'158U, 1'160U, 4'031U}) {
    EXPECT_EQ(mariadb::failure_of(ends, "it said").scope, Scope::kConnection) << ends;
  }
  EXPECT_EQ(mariadb::failure_of(1'146, "no table").scope, Scope::kServer);
  EXPECT_EQ(mariadb::failure_of(3'819, "a CHECK of MySQL").scope, Scope::kStatement);
}

TEST(MariadbUrl, SaysWhereTheDatabaseIs) {
  const auto url = parse_mariadb_url("mariadb://us%40er:pass%3Aword@db.example.org:3307/way?tls=verify&tls_key=k");
  ASSERT_TRUE(url.ok()) << url.error().message;
  EXPECT_EQ(url->user, "us@er");
  EXPECT_EQ(url->password, "pass:word");
  EXPECT_EQ(url->host, "db.example.org");
  EXPECT_EQ(url->port, 3'307U);
  EXPECT_EQ(url->database, "way");
  EXPECT_EQ(url->tls, MariadbUrl::Tls::kVerify);
  EXPECT_EQ(url->tls_key, "k");
  EXPECT_EQ(parse_mariadb_url("mysql://[::1]:3307/d")->host, "::1");
  EXPECT_EQ(parse_mariadb_url("mysql://h/d")->port, 3'306U);
  EXPECT_EQ(parse_mariadb_url("mysql://h/d?tls_ca=f")->tls, MariadbUrl::Tls::kVerify);
}

TEST(MariadbUrl, WhatIsWrongIsToldWithoutThePassword) {
  for (const char* url :
       {"postgres://u:secret@h/d", "mariadb://u:secret@h", "mariadb://u:secret@h:0/d", "mariadb://u:secret@h:x/d",
        "mariadb://u:secret@h/d?sslmode=require", "mariadb://u:secret@h/d?tls=maybe", "mariadb://u:secret%zz@h/d"}) {
    const auto parsed = parse_mariadb_url(url);
    ASSERT_FALSE(parsed.ok()) << url;
    EXPECT_EQ(parsed.error().what, ErrorClass::kPermanent);
    EXPECT_EQ(parsed.error().message.find("secret"), std::string::npos) << parsed.error().message;
    EXPECT_NE(parsed.error().message.find("mariadb://user:password@host"), std::string::npos);
  }
}

TEST(MariadbUrl, PasswordsAreMasked) {
  EXPECT_EQ(mask_mariadb_url("mariadb://u:secret@h:1/d?tls=verify"), "mariadb://u:********@h:1/d?tls=verify");
  EXPECT_EQ(mask_mariadb_url("mysql://u:s@cr@h/d"), "mysql://u:********@h/d");
  EXPECT_EQ(mask_mariadb_url("mysql://u@h:1/d"), "mysql://u@h:1/d");
}

TEST(MariadbUrl, AnotherDatabaseOfTheSameServer) {
  EXPECT_EQ(with_mariadb_database("mysql://u:p@h:1/d?tls=off", "e"), "mysql://u:p@h:1/e?tls=off");
}

}  // namespace
}  // namespace waybill
