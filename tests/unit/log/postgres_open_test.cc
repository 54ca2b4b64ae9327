// How a PostgreSQL log is opened, and what is refused, each with a sentence that says what to do.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "log/name_hold.h"
#include "log/postgres/inspect.h"
#include "log/postgres/name_store.h"
#include "log/postgres/postgres_log.h"
#include "log/postgres/postgres_reader.h"
#include "log/postgres/schema.h"
#include "log/postgres/url.h"
#include "testing/postgres_database.h"

namespace waybill {
namespace {

PostgresOptions at(const std::string& url) { return {.url = url}; }

Result<std::unique_ptr<InstanceHold>> take_name(const PostgresOptions& options, const Owner& owner,
                                                std::function<void(const Error&)> on_lost) {
  return hold_name(postgres::make_name_store(options, owner), owner, std::move(on_lost));
}

std::string refusal_at(const std::string& url) {
  const auto log = PostgresLog::open(at(url));
  if (log.ok()) return "it was opened";
  EXPECT_EQ(log.error().what, ErrorClass::kPermanent) << log.error().message;
  return log.error().message;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(PostgresOpen, ManyMayStartAtOnceOnAnEmptyDatabase) {
  for (int round = 0; round < 3; ++round) {
    PostgresDatabase database("open");
    std::vector<std::string> problems(8);
    {
      std::vector<std::jthread> starting;
      for (std::string& problem : problems) {
        starting.emplace_back([&] {
          const auto log = PostgresLog::open(at(database.url()));
          problem = log.ok() ? "" : log.error().message;
        });
      }
    }
    for (const std::string& problem : problems) EXPECT_EQ(problem, "");
    EXPECT_EQ(database.client().integer("SELECT count(*) FROM schema_migration"),
              static_cast<std::int64_t>(postgres::migrations().size()));
    EXPECT_EQ(database.client().integer("SELECT boot_number FROM log_identity"), 8);
  }
}

TEST(PostgresOpen, TheIdentityStaysAndTheBootsAreCounted) {
  PostgresDatabase database("open");
  auto first = PostgresLog::open(at(database.url()));
  ASSERT_TRUE(first.ok()) << first.error().message;
  auto second = PostgresLog::open(at(database.url()));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*first)->identity(), (*second)->identity());
  EXPECT_EQ((*second)->boot_number(), (*first)->boot_number() + 1);
}

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

TEST(PostgresOpen, AWrongPasswordIsTold) {
  PostgresDatabase database("open");
  PostgresOptions options = at(database.url());
  options.password = "wrong";
  const auto log = PostgresLog::open(options);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().what, ErrorClass::kPermanent);
  EXPECT_TRUE(says(log.error().message, "password authentication failed")) << log.error().message;
  EXPECT_FALSE(says(log.error().message, "wrong"));
}

TEST(PostgresOpen, AMissingDatabaseIsTold) {
  const auto why = refusal_at(postgres_url("waybill_no_such_database"));
  EXPECT_TRUE(says(why, "waybill_no_such_database") && says(why, "CREATE DATABASE")) << why;
}

TEST(PostgresOpen, AServerThatIsNotThereMayComeLater) {
  const auto log = PostgresLog::open(at("postgresql://nobody@127.0.0.1:1/nothing"));
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().what, ErrorClass::kRetry);
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

TEST(PostgresOpen, ANewerSchemaIsLeftAlone) {
  PostgresDatabase database("open");
  ASSERT_TRUE(PostgresLog::open(at(database.url())).ok());
  ASSERT_TRUE(database.run("INSERT INTO schema_migration VALUES (99, 'of_tomorrow', 'x', now())").ok());
  EXPECT_TRUE(says(refusal_at(database.url()), "newer program"));
  EXPECT_FALSE(PostgresReader::open(at(database.url())).ok());
}

TEST(PostgresOpen, ALogWithRowsIsMigratedOnlyWhenSomebodySaysSo) {
  PostgresDatabase database("open");
  ASSERT_TRUE(PostgresLog::open(at(database.url())).ok());
  ASSERT_TRUE(database.run("INSERT INTO msg_log (msg_id) VALUES ('a')").ok());
  ASSERT_TRUE(PostgresLog::open(at(database.url())).ok());
  ASSERT_TRUE(database.run("DROP TABLE log_identity, instance; DELETE FROM schema_migration").ok());
  EXPECT_TRUE(says(refusal_at(database.url()), "did not make"));
}

TEST(PostgresOpen, ATableOfAnotherProgramIsNotTakenForOurs) {
  PostgresDatabase database("open");
  ASSERT_TRUE(database.run("CREATE TABLE instance (number int)").ok());
  EXPECT_TRUE(says(refusal_at(database.url()), "a table instance of another program"));
  EXPECT_EQ(database.client().integer("SELECT count(*) FROM information_schema.tables WHERE table_name = 'msg_log' AND "
                                      "table_schema = current_schema()"),
            0);
}

TEST(PostgresOpen, AnAdoptionThatBeganSinceItWasOpenedIsSeen) {
  PostgresDatabase database("open");
  PostgresOptions options = at(database.url());
  options.counted = false;
  auto log = PostgresLog::open(options);
  ASSERT_TRUE(log.ok()) << log.error().message;
  ASSERT_TRUE(database.run("CREATE TABLE msg_log_adoption (number int)").ok());
  const auto refused = (*log)->count_boot();
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(says(refused.error().message, "are being adopted")) << refused.error().message;
}

TEST(PostgresOpen, AnotherProgramsTableIsLeftAlone) {
  PostgresDatabase database("open");
  ASSERT_TRUE(database.run("CREATE TABLE msg_log (msg_id text)").ok());
  EXPECT_TRUE(says(refusal_at(database.url()), "did not make"));
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

TEST(PostgresOpen, ANameIsHeldByOneAndGoesOnToTheNext) {
  PostgresDatabase database("open");
  ASSERT_TRUE(PostgresLog::open(at(database.url())).ok());
  const auto ignore = [](const Error&) {};
  {
    auto held = take_name(at(database.url()), {"one", {1}}, ignore);
    ASSERT_TRUE(held.ok()) << held.error().message;
    EXPECT_TRUE((*held)->former_is_dead()) << "there was none";
    EXPECT_TRUE(take_name(at(database.url()), {"two", {2}}, ignore).ok()) << "another name is free";
    const auto again = take_name(at(database.url()), {"one", {3}}, ignore);
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().what, ErrorClass::kConflict);
    EXPECT_TRUE(says(again.error().message, std::to_string(getpid()))) << again.error().message;
  }
  auto next = take_name(at(database.url()), {"one", {4}}, ignore);
  ASSERT_TRUE(next.ok());
  EXPECT_TRUE((*next)->former_is_dead()) << "it said so itself";
}

TEST(PostgresOpen, AHolderWhoseSessionEndedIsNotProvenDead) {
  PostgresDatabase database("open");
  ASSERT_TRUE(PostgresLog::open(at(database.url())).ok());
  auto held = take_name(at(database.url()), {"one", {1}}, [](const Error&) {});
  ASSERT_TRUE(held.ok());
  ASSERT_TRUE(database.run(kEndSessions).ok());
  auto next = take_name(at(database.url()), {"one", {2}}, [](const Error&) {});
  ASSERT_TRUE(next.ok()) << next.error().message;
  EXPECT_FALSE((*next)->former_is_dead()) << "its process is this one, and alive";
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
