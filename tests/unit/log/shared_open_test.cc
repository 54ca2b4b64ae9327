// How a shared log is opened, and what is refused, each with a sentence that says what to do.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/log/shared_sides.h"

namespace waybill {
namespace {

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

template <class Side>
class SharedOpen : public testing::Test {
 protected:
  static typename Side::Options at(const std::string& url) { return {.url = url}; }
  static std::string refusal_at(const std::string& url) {
    const auto log = Side::Log::open(at(url));
    if (log.ok()) return "it was opened";
    EXPECT_EQ(log.error().what, ErrorClass::kPermanent) << log.error().message;
    return log.error().message;
  }
  Result<std::unique_ptr<InstanceHold>> take_name(const Owner& owner) {
    return hold_name(Side::names(at(database_.url()), owner), owner, [](const Error&) {});
  }

  typename Side::Database database_{"open"};
};

TYPED_TEST_SUITE(SharedOpen, SharedSides, SideNames);

TYPED_TEST(SharedOpen, ManyMayStartAtOnceOnAnEmptyDatabase) {
  for (int round = 0; round < 3; ++round) {
    typename TypeParam::Database database("open");
    std::vector<std::string> problems(8);
    {
      std::vector<std::jthread> starting;
      for (std::string& problem : problems) {
        starting.emplace_back([&] {
          const auto log = TypeParam::Log::open(this->at(database.url()));
          problem = log.ok() ? "" : log.error().message;
        });
      }
    }
    for (const std::string& problem : problems) EXPECT_EQ(problem, "");
    EXPECT_EQ(database.client().integer("SELECT count(*) FROM schema_migration"),
              static_cast<std::int64_t>(TypeParam::migrations()));
    EXPECT_EQ(database.client().integer("SELECT boot_number FROM log_identity"), 8);
  }
}

TYPED_TEST(SharedOpen, AStartWaitsForOthersThatCountThemselves) {
  ASSERT_TRUE(TypeParam::Log::open(this->at(this->database_.url())).ok());
  auto& other = this->database_.client();
  ASSERT_TRUE(other.run("BEGIN").ok());
  ASSERT_TRUE(other.run("UPDATE log_identity SET boot_number = boot_number + 1").ok());
  std::atomic<bool> ended = false;
  std::string problem;
  {
    const std::jthread starting([&] {
      const auto log = TypeParam::Log::open(this->at(this->database_.url()));
      problem = log.ok() ? "" : log.error().message;
      ended = true;
    });
    // Longer than a statement waits for a lock on either store.
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(1'500);
    while (!ended && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    EXPECT_FALSE(ended);
    ASSERT_TRUE(other.run("COMMIT").ok());
  }
  EXPECT_EQ(problem, "");
  EXPECT_EQ(other.integer("SELECT boot_number FROM log_identity"), 3);
}

TYPED_TEST(SharedOpen, TheIdentityStaysAndTheBootsAreCounted) {
  auto first = TypeParam::Log::open(this->at(this->database_.url()));
  ASSERT_TRUE(first.ok()) << first.error().message;
  auto second = TypeParam::Log::open(this->at(this->database_.url()));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ((*first)->identity(), (*second)->identity());
  EXPECT_EQ((*second)->boot_number(), (*first)->boot_number() + 1);
}

TYPED_TEST(SharedOpen, AWrongPasswordIsTold) {
  typename TypeParam::Options options = this->at(this->database_.url());
  options.password = "wrong";
  const auto log = TypeParam::Log::open(options);
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().what, ErrorClass::kPermanent);
  EXPECT_TRUE(says(log.error().message, TypeParam::kWrongPassword)) << log.error().message;
  EXPECT_FALSE(says(log.error().message, "wrong"));
}

TYPED_TEST(SharedOpen, AMissingDatabaseIsTold) {
  const auto why = this->refusal_at(TypeParam::url_of("waybill_no_such_database"));
  EXPECT_TRUE(says(why, "waybill_no_such_database") && says(why, "CREATE DATABASE")) << why;
}

TYPED_TEST(SharedOpen, AServerThatIsNotThereMayComeLater) {
  const auto log = TypeParam::Log::open(this->at(TypeParam::kNowhere));
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().what, ErrorClass::kRetry);
}

TYPED_TEST(SharedOpen, AnAdoptionIsToldWhatBecameOfRowsThatHaveMoved) {
  const std::string url = this->database_.url();
  ASSERT_TRUE(TypeParam::Log::open(this->at(url)).ok());
  ASSERT_TRUE(
      this->database_.run("INSERT INTO msg_log (msg_id, status) VALUES ('a', 3), ('b', 0), ('c', 3), ('other', 3)")
          .ok());
  auto table = TypeParam::classic(this->at(url));
  ASSERT_TRUE(table.ok()) << table.error().message;
  const auto moved = (*table)->moved({"a", "b", "c", "nobody's"});
  ASSERT_TRUE(moved.ok()) << moved.error().message;
  EXPECT_EQ(moved->consumed, 2);
  EXPECT_EQ(moved->held, 1);
}

TYPED_TEST(SharedOpen, ANewerSchemaIsLeftAlone) {
  ASSERT_TRUE(TypeParam::Log::open(this->at(this->database_.url())).ok());
  ASSERT_TRUE(
      this->database_.run("INSERT INTO schema_migration VALUES (99, 'of_tomorrow', 'x', CURRENT_TIMESTAMP(3))").ok());
  EXPECT_TRUE(says(this->refusal_at(this->database_.url()), "newer program"));
  EXPECT_FALSE(TypeParam::Reader::open(this->at(this->database_.url())).ok());
}

TYPED_TEST(SharedOpen, ALogWithRowsIsMigratedOnlyWhenSomebodySaysSo) {
  ASSERT_TRUE(TypeParam::Log::open(this->at(this->database_.url())).ok());
  ASSERT_TRUE(this->database_.run("INSERT INTO msg_log (msg_id) VALUES ('a')").ok());
  ASSERT_TRUE(TypeParam::Log::open(this->at(this->database_.url())).ok());
  ASSERT_TRUE(this->database_.run("DROP TABLE log_identity, instance; DELETE FROM schema_migration").ok());
  EXPECT_TRUE(says(this->refusal_at(this->database_.url()), "did not make"));
}

TYPED_TEST(SharedOpen, AnotherProgramsTableIsLeftAlone) {
  ASSERT_TRUE(this->database_.run("CREATE TABLE msg_log (msg_id text)").ok());
  EXPECT_TRUE(says(this->refusal_at(this->database_.url()), "did not make"));
}

TYPED_TEST(SharedOpen, ATableOfAnotherProgramIsNotTakenForOurs) {
  ASSERT_TRUE(this->database_.run("CREATE TABLE instance (number int)").ok());
  EXPECT_TRUE(says(this->refusal_at(this->database_.url()), "a table instance of another program"));
  EXPECT_EQ(this->database_.client().integer(
                std::string("SELECT count(*) FROM information_schema.tables WHERE table_name = 'msg_log' AND ") +
                "table_schema = " + TypeParam::kSchemaName),
            0);
}

TYPED_TEST(SharedOpen, AnAdoptionThatBeganSinceItWasOpenedIsSeen) {
  typename TypeParam::Options options = this->at(this->database_.url());
  options.counted = false;
  auto log = TypeParam::Log::open(options);
  ASSERT_TRUE(log.ok()) << log.error().message;
  ASSERT_TRUE(this->database_.run("CREATE TABLE msg_log_adoption (number int)").ok());
  const auto refused = (*log)->count_boot();
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(says(refused.error().message, "are being adopted")) << refused.error().message;
}

TYPED_TEST(SharedOpen, ANameIsHeldByOneAndGoesOnToTheNext) {
  ASSERT_TRUE(TypeParam::Log::open(this->at(this->database_.url())).ok());
  {
    auto held = this->take_name({"one", {1}});
    ASSERT_TRUE(held.ok()) << held.error().message;
    EXPECT_TRUE((*held)->former_is_dead()) << "there was none";
    EXPECT_TRUE(this->take_name({"two", {2}}).ok()) << "another name is free";
    const auto again = this->take_name({"one", {3}});
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().what, ErrorClass::kConflict);
    EXPECT_TRUE(says(again.error().message, std::to_string(getpid()))) << again.error().message;
  }
  auto next = this->take_name({"one", {4}});
  ASSERT_TRUE(next.ok());
  EXPECT_TRUE((*next)->former_is_dead()) << "it said so itself";
}

TYPED_TEST(SharedOpen, AHolderWhoseSessionEndedIsNotProvenDead) {
  ASSERT_TRUE(TypeParam::Log::open(this->at(this->database_.url())).ok());
  auto held = this->take_name({"one", {1}});
  ASSERT_TRUE(held.ok());
  TypeParam::end_sessions(this->database_.client(), TypeParam::session(this->database_.client()));
  auto next = this->take_name({"one", {2}});
  ASSERT_TRUE(next.ok()) << next.error().message;
  EXPECT_FALSE((*next)->former_is_dead()) << "its process is this one, and alive";
}

}  // namespace
}  // namespace waybill
