// How a MariaDB log is opened, and what is refused, each with a sentence that says what to do.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "log/mariadb/inspect.h"
#include "log/mariadb/mariadb_log.h"
#include "log/mariadb/mariadb_reader.h"
#include "log/mariadb/mariadb_url.h"
#include "log/mariadb/name_store.h"
#include "log/mariadb/schema.h"
#include "log/name_hold.h"
#include "testing/mariadb_database.h"

namespace waybill {
namespace {

MariadbOptions at(const std::string& url) { return {.url = url}; }

Result<std::unique_ptr<InstanceHold>> take_name(const MariadbOptions& options, const Owner& owner,
                                                std::function<void(const Error&)> on_lost) {
  return hold_name(mariadb::make_name_store(options, owner), owner, std::move(on_lost));
}

std::string refusal_at(const std::string& url) {
  const auto log = MariadbLog::open(at(url));
  if (log.ok()) return "it was opened";
  EXPECT_EQ(log.error().what, ErrorClass::kPermanent) << log.error().message;
  return log.error().message;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(MariadbOpen, ManyMayStartAtOnceOnAnEmptyDatabase) {
  for (int round = 0; round < 3; ++round) {
    MariadbDatabase database("open");
    std::vector<std::string> problems(8);
    {
      std::vector<std::jthread> starting;
      for (std::string& problem : problems) {
        starting.emplace_back([&] {
          const auto log = MariadbLog::open(at(database.url()));
          problem = log.ok() ? "" : log.error().message;
        });
      }
    }
    for (const std::string& problem : problems) EXPECT_EQ(problem, "");
    EXPECT_EQ(database.client().integer("SELECT count(*) FROM schema_migration"),
              static_cast<std::int64_t>(mariadb::migrations().size()));
    EXPECT_EQ(database.client().integer("SELECT boot_number FROM log_identity"), 8);
  }
}

TEST(MariadbOpen, TheIdentityStaysAndTheBootsAreCounted) {
  MariadbDatabase database("open");
  auto first = MariadbLog::open(at(database.url()));
  ASSERT_TRUE(first.ok()) << first.error().message;
  auto second = MariadbLog::open(at(database.url()));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*first)->identity(), (*second)->identity());
  EXPECT_EQ((*second)->boot_number(), (*first)->boot_number() + 1);
}

// Ends the one session that a log has.
void end_session(MariadbDatabase& database) {
  const std::string one = database.client().text(
      "SELECT MAX(id) FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()");
  ASSERT_TRUE(database.run("KILL " + one).ok()) << one;
}

TEST(MariadbOpen, AnOlderCopyInTheLogsPlaceIsNotServed) {
  MariadbDatabase database("open");
  ASSERT_TRUE(MariadbLog::open(at(database.url())).ok());
  auto log = MariadbLog::open(at(database.url()));
  ASSERT_TRUE(log.ok()) << log.error().message;
  end_session(database);
  EXPECT_TRUE((*log)->commit({}).ok()) << "the same log";
  ASSERT_TRUE(database.run("UPDATE log_identity SET boot_number = 1").ok());
  end_session(database);
  const auto committed = (*log)->commit({});
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().what, ErrorClass::kPermanent);
  EXPECT_TRUE(says(committed.error().message, "older copy")) << committed.error().message;
  ASSERT_TRUE(database.run("DELETE FROM log_identity").ok());
  EXPECT_TRUE(says((*log)->commit({}).error().message, "another message log"));
}

TEST(MariadbOpen, WhatWasRightOnceMayBeRightAgain) {
  MariadbDatabase database("open");
  const std::string user = "r" + std::to_string(getpid());
  const std::string account = "'" + user + "'@'127.0.0.1'";
  ASSERT_TRUE(database
                  .run("DROP USER IF EXISTS " + account + "; CREATE USER " + account +
                       " IDENTIFIED BY 'secret'; GRANT ALL PRIVILEGES ON `" + database.name() + "`.* TO " + account)
                  .ok());
  const auto authority = database.url().find("://") + 3;
  auto log = MariadbLog::open(
      at(database.url().substr(0, authority) + user + ":secret" + database.url().substr(database.url().find('@'))));
  ASSERT_TRUE(log.ok()) << log.error().message;
  ASSERT_TRUE(database.run("ALTER USER " + account + " IDENTIFIED BY 'another'").ok());
  end_session(database);
  const auto refused = (*log)->commit({});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().what, ErrorClass::kRetry) << refused.error().message;
  ASSERT_TRUE(database.run("ALTER USER " + account + " IDENTIFIED BY 'secret'").ok());
  EXPECT_TRUE((*log)->commit({}).ok());
  ASSERT_TRUE(database.run("DROP USER " + account).ok());
}

TEST(MariadbOpen, AWrongPasswordIsTold) {
  MariadbDatabase database("open");
  MariadbOptions options = at(database.url());
  options.password = "wrong";
  const auto log = MariadbLog::open(options);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().what, ErrorClass::kPermanent);
  EXPECT_TRUE(says(log.error().message, "check user and password")) << log.error().message;
  EXPECT_FALSE(says(log.error().message, "wrong")) << log.error().message;
}

TEST(MariadbOpen, AMissingDatabaseIsTold) {
  const auto why = refusal_at(mariadb_url("waybill_no_such_database"));
  EXPECT_TRUE(says(why, "waybill_no_such_database") && says(why, "CREATE DATABASE")) << why;
}

TEST(MariadbOpen, AServerThatIsNotThereMayComeLater) {
  const auto log = MariadbLog::open(at("mariadb://nobody@127.0.0.1:1/nothing"));
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().what, ErrorClass::kRetry);
}

TEST(MariadbOpen, WithoutTheRightToCreateTheStatementIsNamed) {
  MariadbDatabase database("open");
  const std::string user = "u" + std::to_string(getpid());
  const std::string account = "'" + user + "'@'127.0.0.1'";
  ASSERT_TRUE(database
                  .run("DROP USER IF EXISTS " + account + "; CREATE USER " + account +
                       " IDENTIFIED BY 'secret'; GRANT SELECT ON `" + database.name() + "`.* TO " + account)
                  .ok());
  const auto authority = database.url().find("://") + 3;
  const std::string url =
      database.url().substr(0, authority) + user + ":secret" + database.url().substr(database.url().find('@'));
  const auto why = refusal_at(url);
  const auto grant = why.find("GRANT ");
  ASSERT_NE(grant, std::string::npos) << why;
  ASSERT_TRUE(database.run(why.substr(grant)).ok()) << why;
  EXPECT_TRUE(MariadbLog::open(at(url)).ok()) << "the statement helps";
  ASSERT_TRUE(database.run("DROP USER " + account).ok());
}

TEST(MariadbOpen, AnotherUsersDatabaseIsTold) {
  MariadbDatabase database("open");
  const std::string account = "'s" + std::to_string(getpid()) + "'@'127.0.0.1'";
  ASSERT_TRUE(database.run("DROP USER IF EXISTS " + account + "; CREATE USER " + account + " IDENTIFIED BY 'x'").ok());
  const auto authority = database.url().find("://") + 3;
  const auto why = refusal_at(database.url().substr(0, authority) + "s" + std::to_string(getpid()) + ":x" +
                              database.url().substr(database.url().find('@')));
  EXPECT_TRUE(says(why, "GRANT ALL PRIVILEGES ON `" + database.name() + "`.*")) << why;
  ASSERT_TRUE(database.run("DROP USER " + account).ok());
}

TEST(MariadbOpen, ANewerSchemaIsLeftAlone) {
  MariadbDatabase database("open");
  ASSERT_TRUE(MariadbLog::open(at(database.url())).ok());
  ASSERT_TRUE(database.run("INSERT INTO schema_migration VALUES (99, 'of_tomorrow', 'x', NOW(3))").ok());
  EXPECT_TRUE(says(refusal_at(database.url()), "newer program"));
  EXPECT_FALSE(MariadbReader::open(at(database.url())).ok());
}

TEST(MariadbOpen, ALogWithRowsIsMigratedOnlyWhenSomebodySaysSo) {
  MariadbDatabase database("open");
  ASSERT_TRUE(MariadbLog::open(at(database.url())).ok());
  ASSERT_TRUE(database.run("INSERT INTO msg_log (msg_id) VALUES ('a')").ok());
  ASSERT_TRUE(MariadbLog::open(at(database.url())).ok());
  ASSERT_TRUE(database.run("DROP TABLE log_identity, instance; DELETE FROM schema_migration").ok());
  EXPECT_TRUE(says(refusal_at(database.url()), "did not make"));
}

TEST(MariadbOpen, ATableOfAnotherProgramIsNotTakenForOurs) {
  MariadbDatabase database("open");
  ASSERT_TRUE(database.run("CREATE TABLE instance (number int)").ok());
  EXPECT_TRUE(says(refusal_at(database.url()), "a table instance of another program"));
  EXPECT_EQ(database.client().integer("SELECT count(*) FROM information_schema.tables WHERE table_name = 'msg_log' AND "
                                      "table_schema = DATABASE()"),
            0);
}

TEST(MariadbOpen, AnAdoptionThatBeganSinceItWasOpenedIsSeen) {
  MariadbDatabase database("open");
  MariadbOptions options = at(database.url());
  options.counted = false;
  auto log = MariadbLog::open(options);
  ASSERT_TRUE(log.ok()) << log.error().message;
  ASSERT_TRUE(database.run("CREATE TABLE msg_log_adoption (number int)").ok());
  const auto refused = (*log)->count_boot();
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(says(refused.error().message, "are being adopted")) << refused.error().message;
}

TEST(MariadbOpen, AnotherProgramsTableIsLeftAlone) {
  MariadbDatabase database("open");
  ASSERT_TRUE(database.run("CREATE TABLE msg_log (msg_id text)").ok());
  EXPECT_TRUE(says(refusal_at(database.url()), "did not make"));
}

TEST(MariadbOpen, AnotherCollationIsRefused) {
  MariadbDatabase database("open");
  ASSERT_TRUE(MariadbLog::open(at(database.url())).ok());
  ASSERT_TRUE(database.run("ALTER TABLE msg_log MODIFY msg_id VARCHAR(155) COLLATE utf8mb4_general_ci NOT NULL").ok());
  const auto why = refusal_at(database.url());
  EXPECT_TRUE(says(why, "utf8mb4_general_ci") && says(why, "utf8mb4_nopad_bin")) << why;
}

TEST(MariadbOpen, TheDatabasesOwnCharacterSetDoesNotMatter) {
  MariadbDatabase database("open", "CHARACTER SET latin1");
  EXPECT_TRUE(MariadbLog::open(at(database.url())).ok());
}

TEST(MariadbOpen, AMigrationThatWasBrokenOffIsRunAgain) {
  MariadbDatabase database("open");
  ASSERT_TRUE(MariadbLog::open(at(database.url())).ok());
  ASSERT_TRUE(database
                  .run("UPDATE schema_migration SET applied_at = NULL; DROP TABLE own_commit; "
                       "DROP TRIGGER counted_row_deleted")
                  .ok());
  const auto log = MariadbLog::open(at(database.url()));
  ASSERT_TRUE(log.ok()) << log.error().message;
  EXPECT_EQ(database.client().integer("SELECT COUNT(*) FROM own_commit"), 0);
  EXPECT_EQ(database.client().integer("SELECT COUNT(*) FROM schema_migration WHERE applied_at IS NULL"), 0);
}

TEST(MariadbOpen, DurabilityIsLookedAt) {
  MariadbDatabase database("open");
  const auto facts = inspect_mariadb(at(database.url()));
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  EXPECT_EQ(facts->durability, SharedLogFacts::Durability::kSafe) << facts->durability_is;
}

TEST(MariadbOpen, ANameIsHeldByOneAndGoesOnToTheNext) {
  MariadbDatabase database("open");
  ASSERT_TRUE(MariadbLog::open(at(database.url())).ok());
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

TEST(MariadbOpen, AHolderWhoseSessionEndedIsNotProvenDead) {
  MariadbDatabase database("open");
  ASSERT_TRUE(MariadbLog::open(at(database.url())).ok());
  auto held = take_name(at(database.url()), {"one", {1}}, [](const Error&) {});
  ASSERT_TRUE(held.ok());
  const auto session = database.client().text(
      "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()");
  ASSERT_TRUE(database.run("KILL " + session).ok());
  auto next = take_name(at(database.url()), {"one", {2}}, [](const Error&) {});
  ASSERT_TRUE(next.ok()) << next.error().message;
  EXPECT_FALSE((*next)->former_is_dead()) << "its process is this one, and alive";
}

}  // namespace
}  // namespace waybill
