// A write-ahead log that is written in large pieces: that it holds what SQLite wrote, and when it reaches the file.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "log/sqlite/connection.h"
#include "log/sqlite/wal_gathering.h"
#include "tests/unit/log/faulty_files.h"
#include "tests/unit/log/sqlite_log_fixture.h"

namespace waybill {
namespace {

// ---- the file -------------------------------------------------------------------------------------------------------

class WalGatheringTest : public SqliteLogFixture {
 protected:
  void SetUp() override {
    name_ = path() + "-wal";
    name_.append(3, '\0');  // SQLite's names end with a list of parameters
    std::ofstream(path()).flush();
    sqlite3_vfs* const vfs = sqlite3_vfs_find(gathering_.name());
    ASSERT_NE(vfs, nullptr);
    memory_.resize(static_cast<std::size_t>(vfs->szOsFile));
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL;
    ASSERT_EQ(vfs->xOpen(vfs, name_.c_str(), file(), kFlags, nullptr), SQLITE_OK);
  }
  void TearDown() override { EXPECT_EQ(file()->pMethods->xClose(file()), SQLITE_OK); }

  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }
  int write(std::size_t offset, const std::string& bytes) {
    return file()->pMethods->xWrite(file(), bytes.data(), static_cast<int>(bytes.size()),
                                    static_cast<sqlite3_int64>(offset));
  }
  int sync() { return file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL); }
  std::string read(std::size_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    EXPECT_EQ(file()->pMethods->xRead(file(), bytes.data(), static_cast<int>(size), static_cast<sqlite3_int64>(offset)),
              SQLITE_OK);
    return bytes;
  }
  std::size_t size() {
    sqlite3_int64 bytes = 0;
    EXPECT_EQ(file()->pMethods->xFileSize(file(), &bytes), SQLITE_OK);
    return static_cast<std::size_t>(bytes);
  }
  std::size_t writes() { return static_cast<std::size_t>(std::ranges::count(files_.calls(), "write -wal")); }

  FaultyFiles files_;  // what stands behind is the default when the other is made
  sqlite::WalGathering gathering_;
  std::string name_;
  std::vector<std::max_align_t> memory_;
};

TEST_F(WalGatheringTest, PagesOfACommitAreOneWriteBeforeItsSync) {
  std::size_t offset = 0;
  for (int page = 0; page < 25; ++page) {
    for (const std::size_t part : {24, 4'096}) {
      ASSERT_EQ(write(offset, std::string(part, 'p')), SQLITE_OK);
      offset += part;
    }
  }
  EXPECT_EQ(files_.calls(), std::vector<std::string>());
  ASSERT_EQ(sync(), SQLITE_OK);
  EXPECT_EQ(files_.calls(), (std::vector<std::string>{"write -wal", "sync -wal"}));
}

TEST_F(WalGatheringTest, AFullDiskIsToldByTheSync) {
  files_.fail(FileCall::kWrite, "-wal", SQLITE_FULL);
  ASSERT_EQ(write(0, "frame"), SQLITE_OK);
  EXPECT_EQ(sync(), SQLITE_FULL);
  files_.heal();
  ASSERT_EQ(write(0, "again"), SQLITE_OK);
  ASSERT_EQ(sync(), SQLITE_OK);
  EXPECT_EQ(read(0, 5), "again");
}

TEST_F(WalGatheringTest, HoldsWhatWasWrittenWhateverTheOrder) {
  std::mt19937 random(5);
  std::string expected;
  std::size_t next = 0;
  for (int step = 0; step < 4'000; ++step) {
    const auto kind = random() % 20;
    if (kind < 15) {
      // Mostly at the end of the last one, sometimes back into what is gathered or beyond it, sometimes the largest
      // page.
      if (kind == 0) next = random() % (expected.size() + 1);
      const std::size_t size = kind == 1 ? 65'536 : 1 + random() % 5'000;
      const std::string bytes(size, static_cast<char>('a' + random() % 26));
      ASSERT_EQ(write(next, bytes), SQLITE_OK);
      expected.resize(std::max(expected.size(), next + size));
      expected.replace(next, size, bytes);
      next += size;
    } else if (kind < 18 && !expected.empty()) {
      const std::size_t from = random() % expected.size();
      const std::size_t size = std::min<std::size_t>(1 + random() % 8'000, expected.size() - from);
      ASSERT_EQ(read(from, size), expected.substr(from, size)) << "step " << step;
    } else if (kind == 18) {
      ASSERT_EQ(size(), expected.size());
    } else if (expected.size() > 2'000'000) {
      expected.resize(random() % 1'000);
      ASSERT_EQ(file()->pMethods->xTruncate(file(), static_cast<sqlite3_int64>(expected.size())), SQLITE_OK);
      next = expected.size();
    }
  }
  ASSERT_EQ(sync(), SQLITE_OK);
  EXPECT_EQ(read(0, expected.size()), expected);
}

// ---- a log on it ----------------------------------------------------------------------------------------------------

class GatheringLogTest : public SqliteLogFixture {
 protected:
  void TearDown() override { close(); }

  FaultyFiles files_;
};

TEST_F(GatheringLogTest, AFlushOfManyRowsIsAFewWrites) {
  open();
  std::vector<Write> writes;
  writes.reserve(100);
  for (int i = 0; i < 100; ++i) writes.emplace_back(append("m" + std::to_string(i)));
  files_.forget();
  ASSERT_TRUE(log_->commit(writes).ok());
  EXPECT_LE(std::ranges::count(files_.calls(), "write -wal"), 3);
  EXPECT_EQ(files_.calls().back(), "sync -wal");
}

// More than the cache holds goes to the log before the commit, and is read back from there.
TEST_F(GatheringLogTest, AFlushThatDoesNotFitTheCacheReadsWhatItWrote) {
  options_.cache_bytes = 64U << 10U;
  open();
  constexpr int kRows = 2'000;
  std::vector<Write> writes;
  for (int i = 0; i < kRows; ++i) {
    Append one = append("m" + std::to_string(i));
    one.message.body = Body(std::string(1'500, static_cast<char>('a' + i % 26)));
    one.digest = sha256(one.message.body.bytes());
    writes.emplace_back(std::move(one));
  }
  for (int i = 0; i < kRows; i += 7) writes.emplace_back(claim("m" + std::to_string(i)));
  const auto committed = log_->commit(writes);
  ASSERT_TRUE(committed.ok());
  for (const auto& answer : committed->answers) ASSERT_TRUE(answer.ok());
  for (int i = 0; i < kRows; i += 101) {
    const auto row = find("m" + std::to_string(i), /*with_body=*/true);
    ASSERT_TRUE(row);
    EXPECT_EQ(row->message.body.bytes(), std::string(1'500, static_cast<char>('a' + i % 26)));
  }
}

// What it wrote before must not come over what another program has committed in its place.
TEST_F(GatheringLogTest, ATransactionThatWasRolledBackLeavesTheCommitOfAStrangerAlone) {
  open();
  close();  // the schema is there
  auto opened = sqlite::Connection::open({.path = path(), .cache_bytes = 64U << 10U, .gathers_wal = true});
  ASSERT_TRUE(opened.ok());
  sqlite::Connection& db = **opened;
  constexpr const char* kInsert = "INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES (?1, ?2, 'e', 'k')";
  db.script("BEGIN IMMEDIATE");
  for (int i = 0; i < 300; ++i) db.run(kInsert, "m" + std::to_string(i), std::string(1'500, 'x'));
  ASSERT_FALSE(db.failed());
  db.script("ROLLBACK");
  sqlite3* stranger = nullptr;
  ASSERT_EQ(sqlite3_open(path().c_str(), &stranger), SQLITE_OK);
  for (int i = 0; i < 40; ++i) {
    const std::string insert = "INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES ('theirs" +
                               std::to_string(i) + "', '" + std::string(1'500, 'y') + "', 'e', 'k')";
    EXPECT_EQ(sqlite3_exec(stranger, insert.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(stranger);
  }
  db.run(kInsert, "ours", std::string("z"));
  EXPECT_FALSE(db.failed());
  sqlite3_close(stranger);
  opened->reset();
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(find("theirs" + std::to_string(i))) << i;
  EXPECT_TRUE(find("ours"));
  EXPECT_FALSE(find("m0"));
}

}  // namespace
}  // namespace waybill
