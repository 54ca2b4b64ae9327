// What SQLite is opened with, and what is refused.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <stop_token>
#include <thread>

#include "log/sqlite/connection.h"
#include "log/sqlite/schema.h"
#include "tests/unit/log/sqlite_log_fixture.h"

namespace waybill {
namespace {

class SqliteOpenTest : public SqliteLogFixture {
 protected:
  // The sentence with which opening is refused.
  std::string refusal(ErrorClass expected = ErrorClass::kPermanent) {
    const auto opened = try_open();
    if (opened.ok()) return "it was opened";
    EXPECT_EQ(opened.error().what, expected);
    return opened.error().message;
  }
  // A log with rows and damaged pages; closed.
  void leave_damaged() {
    open();
    for (int i = 0; i < 200; ++i) apply<AppendAnswer>(append("m" + std::to_string(i)));
    close();
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    constexpr int kPage = 4'096;
    file.seekp(0, std::ios::end);
    const auto pages = static_cast<int>(file.tellp()) / kPage;
    ASSERT_GT(pages, 20);
    // Not the last ones, which opening the log reads: its identity, its migrations.
    for (int page = 12; page < pages - 20; ++page) {
      file.seekp(page * kPage);
      file << std::string(64, '\x7f');
    }
  }
  void expect_mention(const std::string& sentence, const std::string& part) {
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
  }
};

TEST_F(SqliteOpenTest, AWritingConnectionIsDurableAndNeverCheckpointsByItself) {
  auto opened = sqlite::Connection::open({.path = path()});
  ASSERT_TRUE(opened.ok());
  sqlite::Connection& db = **opened;
  ASSERT_TRUE(sqlite::prepare_store(db, path(), /*checked_max=*/0, clock_.now()).ok());
  const auto pragma = [&](const char* sql) {
    auto query = db.query(sql);
    return query.next() ? query.string(0) : std::string("nothing");
  };
  EXPECT_EQ(pragma("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(pragma("PRAGMA synchronous"), "2");
  EXPECT_EQ(pragma("PRAGMA wal_autocheckpoint"), "0");
  EXPECT_EQ(pragma("PRAGMA mmap_size"), "0");
}

TEST_F(SqliteOpenTest, IdentityStaysAndBootNumberRises) {
  open();
  const std::string identity = log_->identity();
  EXPECT_EQ(identity.size(), 32U);
  EXPECT_EQ(log_->boot_number(), 1);
  open();
  EXPECT_EQ(log_->identity(), identity);
  EXPECT_EQ(log_->boot_number(), 2);
}

TEST_F(SqliteOpenTest, TwoLogsHaveDifferentIdentities) {
  open();
  const std::string identity = log_->identity();
  options_.path = directory_.file("other.db");
  open();
  EXPECT_NE(log_->identity(), identity);
}

TEST_F(SqliteOpenTest, AFileThatIsNoDatabaseIsRefusedAndLeftAlone) {
  const std::string text(4'096, 'x');
  std::ofstream(path()) << text;
  expect_mention(refusal(), "not an SQLite database");
  std::ifstream file(path());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(SqliteOpenTest, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
  {
    StrangerDatabase stranger(path());
    ASSERT_TRUE(stranger.run("CREATE TABLE theirs (x)").ok());
  }
  expect_mention(refusal(), "another program's SQLite database");
  StrangerDatabase stranger(path());
  EXPECT_EQ(stranger.text("PRAGMA journal_mode"), "delete");
  EXPECT_EQ(stranger.integer("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST_F(SqliteOpenTest, ASchemaOfANewerProgramIsRefused) {
  open();
  close();
  {
    StrangerDatabase newer(path());
    ASSERT_TRUE(newer.run("INSERT INTO schema_migration VALUES (9999, 'from_the_future', 'abc', 0)").ok());
  }
  expect_mention(refusal(), "9999 (from_the_future)");
  const auto reader = SqliteReader::open(options_);
  ASSERT_FALSE(reader.ok());
  expect_mention(reader.error().message, "9999 (from_the_future)");
}

TEST_F(SqliteOpenTest, AnAlteredMigrationIsRefused) {
  open();
  close();
  {
    StrangerDatabase altered(path());
    ASSERT_TRUE(altered.run("UPDATE schema_migration SET checksum = 'abc' WHERE number = 1").ok());
  }
  expect_mention(refusal(), "1 (message_log)");
}

TEST_F(SqliteOpenTest, ADamagedFileIsRefused) {
  leave_damaged();
  expect_mention(refusal(), "damaged");
}

TEST_F(SqliteOpenTest, ALargeFileIsCheckedBesideTheService) {
  open();
  EXPECT_TRUE(log_->was_checked());
  leave_damaged();
  options_.checked_at_open_max = 4'096;
  open();
  EXPECT_FALSE(log_->was_checked());
  const auto sound = log_->check({});
  ASSERT_FALSE(sound.ok());
  EXPECT_EQ(sound.error().what, ErrorClass::kPermanent);
  expect_mention(sound.error().message, "damaged");
}

TEST_F(SqliteOpenTest, ASoundFileIsFoundSoundWhileItIsWrittenTo) {
  open();
  for (int i = 0; i < 50; ++i) apply<AppendAnswer>(append("m" + std::to_string(i)));
  std::atomic<bool> ended = false;
  std::thread checker([&] {
    const auto sound = log_->check({});
    EXPECT_TRUE(sound.ok() && *sound);
    ended = true;
  });
  int written = 0;
  while (!ended || written == 0) apply<AppendAnswer>(append("beside" + std::to_string(written++)));
  checker.join();
}

TEST_F(SqliteOpenTest, ACheckEndsWhenItIsToldTo) {
  open();
  StrangerDatabase stranger(path());
  ASSERT_TRUE(stranger
                  .run("INSERT INTO msg_log (msg_id, msg) WITH RECURSIVE row(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
                       "FROM row WHERE i < 100000) SELECT i, printf('%.500c', 'x') FROM row")
                  .ok());
  std::stop_source told;
  told.request_stop();
  const auto never_began = log_->check(told.get_token());
  EXPECT_TRUE(never_began.ok() && !*never_began);

  // Told while it runs: it may have found the file sound before it heard, but not every time.
  bool ended_early = false;
  for (int i = 0; i < 50 && !ended_early; ++i) {
    std::stop_source stop;
    std::promise<void> begins;
    std::thread teller([&] {
      begins.get_future().wait();
      stop.request_stop();
    });
    begins.set_value();
    const auto sound = log_->check(stop.get_token());
    teller.join();
    ASSERT_TRUE(sound.ok()) << sound.error().message;
    ended_early = !*sound;
  }
  EXPECT_TRUE(ended_early);
}

TEST_F(SqliteOpenTest, AMissingDirectoryIsNamed) {
  options_.path = directory_.file("nowhere/log.db");
  const std::string sentence = refusal(ErrorClass::kRetry);
  expect_mention(sentence, "nowhere/log.db");
  expect_mention(sentence, "directory must exist");
}

TEST_F(SqliteOpenTest, AReaderDoesNotCreateALog) {
  const auto reader = SqliteReader::open(options_);
  ASSERT_FALSE(reader.ok());
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(SqliteOpenTest, AReaderRefusesAFileThatNoLogHasMigrated) {
  ASSERT_TRUE(StrangerDatabase(path()).run("PRAGMA user_version=1").ok());
  const auto reader = SqliteReader::open(options_);
  ASSERT_FALSE(reader.ok());
  expect_mention(reader.error().message, "not a message log yet");
}

}  // namespace
}  // namespace waybill
