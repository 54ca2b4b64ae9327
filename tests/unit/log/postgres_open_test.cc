// Where opening a PostgreSQL log is unlike others: what is refused, each with a sentence that says what to do.
#include <gtest/gtest.h>

#include <string>

#include "log/postgres/inspect.h"
#include "log/postgres/postgres_log.h"
#include "log/postgres/postgres_reader.h"
#include "log/postgres/url.h"
#include "testing/postgres_database.h"

namespace waybill {
namespace {

PostgresOptions at(const std::string& url) { return {.url = url}; }

std::string refusal_at(const std::string& url) {
  const auto log = PostgresLog::open(at(url));
  if (log.ok()) return "it was opened";
  EXPECT_EQ(log.error().what, ErrorClass::kPermanent) << log.error().message;
  return log.error().message;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr char kEndSessions[] =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'waybill' "
    "AND datname = current_database()";

TEST(PostgresOpen, AReaderWhoseSessionEndedHasAnother) {
  PostgresDatabase database("open");
  ASSERT_TRUE(PostgresLog::open(at(database.url())).ok());
  auto reader = PostgresReader::open(at(database.url()));
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  ASSERT_TRUE(database.run(kEndSessions).ok());
  const auto stats = (*reader)->stats();
  EXPECT_TRUE(stats.ok()) << stats.error().message;
}

TEST(PostgresOpen, AnOlderCopyInTheLogsPlaceIsNotServed) {
  PostgresDatabase database("open");
  ASSERT_TRUE(PostgresLog::open(at(database.url())).ok());
  auto log = PostgresLog::open(at(database.url()));
  ASSERT_TRUE(log.ok()) << log.error().message;
  const auto commit_again = [&] {
    static_cast<void>((*log)->commit({}));  // finds its session ended
    return (*log)->commit({});
  };
  ASSERT_TRUE(database.run(kEndSessions).ok());
  EXPECT_TRUE(commit_again().ok()) << "the same log";
  ASSERT_TRUE(database.run("UPDATE log_identity SET boot_number = 1").ok());
  ASSERT_TRUE(database.run(kEndSessions).ok());
  const auto committed = commit_again();
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().what, ErrorClass::kPermanent);
  EXPECT_TRUE(says(committed.error().message, "older copy")) << committed.error().message;
  ASSERT_TRUE(database.run("DELETE FROM log_identity").ok());
  EXPECT_TRUE(says((*log)->commit({}).error().message, "another message log"));
}

TEST(PostgresOpen, WithoutTheRightToCreateTheStatementIsNamed) {
  PostgresDatabase database("open");
  const std::string role = database.name() + "_role";
  ASSERT_TRUE(database.run("CREATE ROLE " + role + " LOGIN PASSWORD 'secret'").ok());
  const auto authority = database.url().find("://") + 3;
  const std::string url =
      database.url().substr(0, authority) + role + ":secret" + database.url().substr(database.url().find('@'));
  const auto why = refusal_at(url);
  EXPECT_TRUE(says(why, "GRANT CREATE, USAGE ON SCHEMA public TO " + role)) << why;
  ASSERT_TRUE(database.run("GRANT CREATE, USAGE ON SCHEMA public TO " + role).ok());
  EXPECT_TRUE(PostgresLog::open(at(url)).ok()) << "the statement helps";
  ASSERT_TRUE(database.run("DROP OWNED BY " + role + "; DROP ROLE " + role).ok());
}

TEST(PostgresOpen, AnotherEncodingIsRefused) {
  PostgresDatabase database("open", "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
  EXPECT_TRUE(says(refusal_at(database.url()), "LATIN1"));
}

TEST(PostgresOpen, DurabilityIsNotWhatTheRoleSays) {
  PostgresDatabase database("open");
  ASSERT_TRUE(database.run("ALTER DATABASE " + database.name() + " SET synchronous_commit = off").ok());
  ASSERT_TRUE(PostgresLog::open(at(database.url())).ok());
  const auto facts = inspect_postgres(at(database.url()));
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->durability, SharedLogFacts::Durability::kSafe) << "of a session of ours";
}

TEST(PostgresUrl, PasswordsAreMasked) {
  EXPECT_EQ(mask_postgres_url("postgresql://u:secret@h:1/d"), "postgresql://u:********@h:1/d");
  EXPECT_EQ(mask_postgres_url("postgres://u@h/d?password=secret&sslmode=require"),
            "postgres://u@h/d?password=********&sslmode=require");
  EXPECT_EQ(mask_postgres_url("postgres://h/d"), "postgres://h/d");
}

TEST(PostgresUrl, WhatLibpqDoesNotKnowIsTold) {
  EXPECT_TRUE(check_postgres_url("postgresql://u:p@h:1/d?sslmode=verify-full").ok());
  const Status wrong = check_postgres_url("postgresql://u@h/d?sslmod=require");
  ASSERT_FALSE(wrong.ok());
  EXPECT_TRUE(says(wrong.error().message, "sslmod")) << wrong.error().message;
}

TEST(PostgresUrl, AnotherDatabaseOfTheSameServer) {
  EXPECT_EQ(with_database("postgres://u:p@h:1/d?sslmode=require", "e"), "postgres://u:p@h:1/e?sslmode=require");
  EXPECT_EQ(with_database("postgres://h", "e"), "postgres://h/e");
}

}  // namespace
}  // namespace waybill
