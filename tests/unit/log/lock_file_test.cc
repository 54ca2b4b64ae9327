#include "log/sqlite/lock_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
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

TEST_F(LockFileTest, AFirstHolderHasNoFormer) {
  const auto lock = LockFile::acquire(database_, "first");
  ASSERT_TRUE(lock.ok()) << lock.error().message;
  EXPECT_EQ((*lock)->former(), std::nullopt);
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
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE((*second)->former());
  EXPECT_EQ((*second)->former()->instance, "first");
}

TEST_F(LockFileTest, TheBootNumberIsLeftToTheNextHolder) {
  {
    const auto first = LockFile::acquire(database_, "first");
    ASSERT_TRUE(first.ok());
    ASSERT_TRUE((*first)->record_boot(41).ok());
  }
  EXPECT_NE(contents(database_ + ".lock").find("boot=41"), std::string::npos);
  {
    // A start that fails before it knows its boot number must not make the former one forgotten.
    const auto failed = LockFile::acquire(database_, "failed");
    ASSERT_TRUE(failed.ok());
  }
  const auto next = LockFile::acquire(database_, "next");
  ASSERT_TRUE(next.ok());
  ASSERT_TRUE((*next)->former());
  EXPECT_EQ((*next)->former()->boot_number, 41);
}

TEST_F(LockFileTest, AKilledHolderLeavesTheLockFreeAndItsName) {
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
  ASSERT_TRUE((*lock)->former());
  EXPECT_EQ((*lock)->former()->instance, "victim");
  EXPECT_EQ((*lock)->former()->pid, child);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(LockFileTest, AHalfWrittenFileNamesNobody) {
  std::ofstream(database_ + ".lock") << "host=somewhere\npid=12";
  const auto lock = LockFile::acquire(database_, "first");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ((*lock)->former(), std::nullopt);
}

TEST_F(LockFileTest, AMissingDirectoryIsNamed) {
  const auto lock = LockFile::acquire(directory_.file("nowhere/log.db"), "first");
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error().what, ErrorClass::kPermanent);
  EXPECT_NE(lock.error().message.find("nowhere/log.db.lock"), std::string::npos) << lock.error().message;
}

}  // namespace
}  // namespace waybill
