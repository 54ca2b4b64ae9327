// Where opening a MariaDB log is unlike others: what is refused, each with a sentence that says what to do.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "log/mariadb/inspect.h"
#include "log/mariadb/mariadb_log.h"
#include "testing/mariadb_database.h"

namespace waybill {
namespace {

MariadbOptions at(const std::string& url) { return {.url = url}; }

std::string refusal_at(const std::string& url) {
  const auto log = MariadbLog::open(at(url));
  if (log.ok()) return "it was opened";
  EXPECT_EQ(log.error().what, ErrorClass::kPermanent) << log.error().message;
  return log.error().message;
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

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

}  // namespace
}  // namespace waybill
