// Failing disks, strangers that hold the lock, and killed processes.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/fault_point.h"
#include "tests/unit/log/faulty_files.h"
#include "tests/unit/log/sqlite_log_fixture.h"

namespace waybill {
namespace {

constexpr std::size_t kSmallCache = 1'000'000;

class SqliteFaultTest : public SqliteLogFixture {
 protected:
  void TearDown() override {
    close();
    files_.heal();
  }
  // The same writes run again after a commit of unknown outcome: applied once, and answered as the first time.
  void expect_accepted_again(const Append& write) {
    EXPECT_EQ(apply<AppendAnswer>(write).kind, AppendAnswer::Kind::kAccepted);
    EXPECT_TRUE(find(write.message.id.value));
  }

  FaultyFiles files_;
};

TEST_F(SqliteFaultTest, ACommitReturnsOnlyAfterItsLastWriteIsSynced) {
  open();
  files_.forget();
  apply<AppendAnswer>(append("m"));
  const auto& calls = files_.calls();
  ASSERT_NE(std::ranges::count(calls, "write -wal"), 0);
  EXPECT_EQ(calls.back(), "sync -wal");
}

TEST_F(SqliteFaultTest, ADiskThatFillsUpDuringTheCommitLeavesItInDoubtAndTheLogUsable) {
  open();
  apply<AppendAnswer>(append("before"));
  const Append write = append("m");
  files_.fail(FileCall::kWrite, "-wal", SQLITE_FULL);
  const Error error = failing({write});
  EXPECT_EQ(error.what, ErrorClass::kInDoubt);
  EXPECT_NE(error.message.find("disk is full"), std::string::npos) << error.message;
  EXPECT_EQ(failing({write}).what, ErrorClass::kInDoubt) << "the disk is still full";

  files_.heal();
  expect_accepted_again(write);
  EXPECT_TRUE(find("before"));
}

TEST_F(SqliteFaultTest, AFullDiskBeforeTheCommitChangesNothing) {
  options_.cache_bytes = kSmallCache;
  open();
  // More than the cache holds: pages go to the write-ahead log before the commit does.
  std::vector<Write> writes;
  for (int i = 0; i < 8; ++i) {
    Append write = append("m" + std::to_string(i));
    write.message.body = Body(std::string(1'000'000, 'x'));
    writes.emplace_back(write);
  }
  files_.fail(FileCall::kWrite, "-wal", SQLITE_FULL);
  EXPECT_EQ(failing(writes).what, ErrorClass::kRetry);
  files_.heal();
  EXPECT_FALSE(find("m0"));
  const auto committed = log_->commit(writes);
  ASSERT_TRUE(committed.ok()) << committed.error().message;
  EXPECT_TRUE(find("m7"));
}

TEST_F(SqliteFaultTest, AnErrorAtTheSyncLeavesTheCommitInDoubt) {
  open();
  const Append write = append("m");
  files_.fail(FileCall::kSync, "-wal", SQLITE_IOERR_FSYNC);
  EXPECT_EQ(failing({write}).what, ErrorClass::kInDoubt);
  files_.heal();
  expect_accepted_again(write);
}

TEST_F(SqliteFaultTest, AfterAnIoErrorTheWriteAheadLogIsEmptiedBeforeAnythingRestsOnIt) {
  open();
  apply<AppendAnswer>(append("before"));
  files_.fail(FileCall::kSync, "-wal", SQLITE_IOERR_FSYNC);
  EXPECT_EQ(failing({append("m")}).what, ErrorClass::kInDoubt);
  files_.heal();
  files_.forget();
  apply<AppendAnswer>(append("after"));
  const auto& calls = files_.calls();
  const auto carried_over = std::ranges::find(calls, "sync database");
  ASSERT_NE(carried_over, calls.end());
  EXPECT_LT(carried_over, std::ranges::find(calls, "write -wal"));
}

TEST_F(SqliteFaultTest, AnIoErrorWhileReadingIsRetriedOnANewConnection) {
  options_.cache_bytes = kSmallCache;
  open();
  Append write = append("m");
  write.message.body = Body(std::string(4'000'000, 'x'));  // more than the cache holds
  apply<AppendAnswer>(write);
  open();
  Claim wanting_body = claim("m");
  wanting_body.want_body = true;
  files_.fail(FileCall::kRead, "log.db", SQLITE_IOERR_READ);
  EXPECT_EQ(failing({wanting_body}).what, ErrorClass::kRetry);
  EXPECT_EQ(failing({wanting_body}).what, ErrorClass::kRetry) << "the disk still fails";
  files_.heal();
  const auto answer = apply<ClaimAnswer>(wanting_body);
  EXPECT_EQ(answer.verdict, ClaimVerdict::kGranted);
  EXPECT_EQ(answer.attempt, 1);
  EXPECT_EQ(answer.body->size(), 4'000'000U);
}

TEST_F(SqliteFaultTest, AReaderRecoversFromAnIoError) {
  open();
  apply<AppendAnswer>(append("m"));
  auto reader = SqliteReader::open(options_);
  ASSERT_TRUE(reader.ok());
  close();  // the database file alone is complete now
  files_.fail(FileCall::kRead, "log.db", SQLITE_IOERR_READ);
  const auto failed = (*reader)->find({"m"}, true);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().what, ErrorClass::kRetry);
  files_.heal();
  const auto found = (*reader)->find({"m"}, true);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ((*found)->message.body.bytes(), "body of m");
}

TEST_F(SqliteFaultTest, AFailingCheckpointCostsNoCommit) {
  options_.checkpoint_pages = 1;
  open();
  apply<AppendAnswer>(append("m1"));
  files_.fail(FileCall::kSync, "log.db", SQLITE_IOERR_FSYNC);
  for (const Append& write : {append("m2"), append("m3")}) {
    const Write writes[] = {Write(write)};
    const auto committed = log_->commit(writes);
    EXPECT_TRUE(committed.ok() || committed.error().what == ErrorClass::kRetry);
  }
  files_.heal();
  apply<AppendAnswer>(append("m4"));
  open();
  EXPECT_TRUE(find("m1"));
  EXPECT_TRUE(find("m4"));
}

TEST_F(SqliteFaultTest, AStrangerThatHoldsTheLockMakesACommitTryAgainLater) {
  open();
  StrangerDatabase stranger(path());
  ASSERT_TRUE(stranger.run("BEGIN IMMEDIATE").ok());
  const Error error = failing({append("m")});
  EXPECT_EQ(error.what, ErrorClass::kRetry);
  EXPECT_NE(error.message.find("another program"), std::string::npos) << error.message;
  ASSERT_TRUE(stranger.run("COMMIT").ok());
  apply<AppendAnswer>(append("m"));
}

TEST_F(SqliteFaultTest, ACommitWaitsForAStrangersShortTransaction) {
  options_.busy_timeout = Duration(10'000);
  open();
  StrangerDatabase stranger(path());
  ASSERT_TRUE(stranger.run("BEGIN IMMEDIATE; INSERT INTO msg_log (msg_id) VALUES ('theirs')").ok());
  std::atomic<bool> committing = false;
  std::thread other([&] {
    while (!committing) std::this_thread::yield();
    EXPECT_TRUE(stranger.run("COMMIT").ok());
  });
  committing = true;
  apply<AppendAnswer>(append("ours"));
  other.join();
  EXPECT_TRUE(find("theirs"));
}

TEST_F(SqliteFaultTest, WhatWasCommittedSurvivesAProcessThatDoesNotClose) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    open();
    for (int i = 0; i < 50; ++i) apply<AppendAnswer>(append("m" + std::to_string(i)));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_GT(std::filesystem::file_size(path() + "-wal"), 0U) << "nothing was carried over";
  open();
  EXPECT_TRUE(find("m0"));
  EXPECT_TRUE(find("m49"));
}

class SqliteCrashPointTest : public SqliteLogFixture {
 protected:
  // Runs in a child: commits one append, then kills itself at `point` of a commit of `write`.
  template <class W>
  void expect_death(const std::string& point, const W& write) {
    // A plain fork: a child that began the test anew would leave a directory of its own behind when it is killed.
    GTEST_FLAG_SET(death_test_style, "fast");
    options_.path = directory_.file(point + ".db");
    const Append first = append("m");
    EXPECT_EXIT(
        {
          ::setenv("WAYBILL_FAULT", point.c_str(), 1);
          open();
          const Write setup[] = {Write(first)};
          const Write last[] = {Write(write)};
          if (log_->commit(setup).ok() && configure_fault_points().ok()) {
            static_cast<void>(log_->commit(last));
            static_cast<void>(log_->commit({}));
          }
          std::exit(0);
        },
        testing::KilledBySignal(SIGKILL), "fault point " + point + " reached");
  }
};

TEST_F(SqliteCrashPointTest, EveryPointAroundTheCommitsIsReached) {
  expect_death("before_append_commit", append("n"));
  expect_death("after_append_commit", append("n"));
  expect_death("after_take_commit", take());
  expect_death("after_claim_commit", claim("m"));
  const Finish finish{.fence = {{"m"}, {"node", {7}}, 1, {1}}, .outcome = Done{}};
  expect_death("before_finish_commit", finish);
  expect_death("after_finish_commit", finish);
}

TEST_F(SqliteCrashPointTest, ACheckpointCanBeKilled) {
  options_.checkpoint_pages = 1;
  expect_death("during_checkpoint", append("n"));
}

}  // namespace
}  // namespace waybill
