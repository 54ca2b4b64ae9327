#include "log/sqlite/lock_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/unit/log/sqlite_files.h"

namespace waybill {
namespace {

class LockFileTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  const std::string database_ = directory_.file("log.db");
};

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(LockFileTest, ASecondHolderIsRefusedWithTheNameOfTheFirst) {
  const auto first = LockFile::acquire(database_, "first");
  ASSERT_TRUE(first.ok());
  const auto second = LockFile::acquire(database_, "second");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().what, ErrorClass::kConflict);
  EXPECT_NE(second.error().message.find("'first' (process " + std::to_string(::getpid())), std::string::npos)
      << second.error().message;
}

TEST_F(LockFileTest, TheLockIsFreeAgainAfterItsHolder) {
  { ASSERT_TRUE(LockFile::acquire(database_, "first").ok()); }
  const auto second = LockFile::acquire(database_, "second");
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_NE(contents(database_ + ".lock").find("instance=second"), std::string::npos);
}

// SQLite follows links too: two processes would write to one database.
TEST_F(LockFileTest, LinksToOneDatabaseAreOneLock) {
  std::filesystem::create_directory(directory_.file("real"));
  const std::string real = directory_.file("real/log.db");
  std::filesystem::create_symlink("real/log.db", directory_.file("link.db"));
  std::filesystem::create_symlink("link.db", directory_.file("link to a link.db"));
  std::filesystem::create_directory_symlink(directory_.file("real"), directory_.file("linked"));
  for (const bool exists : {false, true}) {
    if (exists) std::ofstream{real};
    const auto first = LockFile::acquire(real, "first");
    ASSERT_TRUE(first.ok()) << first.error().message;
    for (const char* name : {"link.db", "link to a link.db", "linked/log.db", "real/../real/./log.db"}) {
      const auto second = LockFile::acquire(directory_.file(name), "second");
      ASSERT_FALSE(second.ok()) << name << (exists ? "" : " before the database is made");
      EXPECT_EQ(second.error().what, ErrorClass::kConflict);
      EXPECT_NE(second.error().message.find("'first'"), std::string::npos) << second.error().message;
    }
  }
  const auto by_link = LockFile::acquire(directory_.file("link.db"), "by link");
  ASSERT_TRUE(by_link.ok());
  EXPECT_TRUE(std::filesystem::exists(real + ".lock"));
  EXPECT_FALSE(std::filesystem::exists(directory_.file("link.db.lock")));
}

TEST_F(LockFileTest, LinksThatLeadInACircleAreRefused) {
  std::filesystem::create_symlink("b.db", directory_.file("a.db"));
  std::filesystem::create_symlink("a.db", directory_.file("b.db"));
  const auto lock = LockFile::acquire(directory_.file("a.db"), "first");
  ASSERT_FALSE(lock.ok());
  EXPECT_NE(lock.error().message.find("a.db"), std::string::npos) << lock.error().message;
}

TEST_F(LockFileTest, AKilledHolderLeavesTheLockFree) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = LockFile::acquire(database_, "victim");
    const char answer = lock.ok() ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  const auto refused = LockFile::acquire(database_, "heir");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("'victim' (process " + std::to_string(child)), std::string::npos);

  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const auto lock = LockFile::acquire(database_, "heir");
  ASSERT_TRUE(lock.ok()) << lock.error().message;
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(LockFileTest, AHalfWrittenFileNamesNobody) {
  const auto first = LockFile::acquire(database_, "first");
  ASSERT_TRUE(first.ok());
  std::ofstream(database_ + ".lock") << "host=somewhere\npid=12";
  const auto second = LockFile::acquire(database_, "second");
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("in use by another process"), std::string::npos) << second.error().message;
}

TEST_F(LockFileTest, AMissingDirectoryIsNamed) {
  const auto lock = LockFile::acquire(directory_.file("nowhere/log.db"), "first");
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error().what, ErrorClass::kPermanent);
  EXPECT_NE(lock.error().message.find("nowhere/log.db.lock"), std::string::npos) << lock.error().message;
}

}  // namespace
}  // namespace waybill
