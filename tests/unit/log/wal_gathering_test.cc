// A write-ahead log that is written in large pieces: that it holds what SQLite wrote, and when it reaches the file.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>
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
    database_name_ = with_end(path());
    name_ = with_end(path() + "-wal");
    std::ofstream(path()).flush();
    vfs_ = sqlite3_vfs_find(gathering_.name());
    ASSERT_NE(vfs_, nullptr);
    open_file(database_, database_name_, SQLITE_OPEN_MAIN_DB);
    open_file(memory_, name_, SQLITE_OPEN_WAL);
  }
  void TearDown() override {
    for (auto* const memory : {&memory_, &database_}) EXPECT_EQ(at(*memory)->pMethods->xClose(at(*memory)), SQLITE_OK);
  }

  using Memory = std::vector<std::max_align_t>;

  // SQLite's names end with a list of parameters.
  static std::string with_end(std::string name) { return name.append(3, '\0'); }
  static sqlite3_file* at(Memory& memory) { return reinterpret_cast<sqlite3_file*>(memory.data()); }
  void open_file(Memory& memory, const std::string& name, int kind) {
    memory.resize(static_cast<std::size_t>(vfs_->szOsFile));
    ASSERT_EQ(vfs_->xOpen(vfs_, name.c_str(), at(memory), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | kind, nullptr),
              SQLITE_OK);
  }
  sqlite3_file* file() { return at(memory_); }
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
  sqlite3_vfs* vfs_ = nullptr;
  std::string database_name_;
  std::string name_;
  Memory database_;
  Memory memory_;
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

TEST_F(WalGatheringTest, AFullDiskIsToldByTheSyncAndUntilTheWritersLockIsGivenUp) {
  constexpr int kGiveUp = SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE;
  sqlite3_file* const database = at(database_);
  void volatile* shared = nullptr;
  ASSERT_EQ(database->pMethods->xShmMap(database, 0, 32'768, 1, &shared), SQLITE_OK);
  ASSERT_EQ(database->pMethods->xShmLock(database, 0, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE), SQLITE_OK);
  files_.fail(FileCall::kWrite, "-wal", SQLITE_FULL);
  ASSERT_EQ(write(0, "frame"), SQLITE_OK);
  EXPECT_EQ(sync(), SQLITE_FULL);
  files_.heal();
  EXPECT_EQ(write(0, "again"), SQLITE_FULL);
  EXPECT_EQ(sync(), SQLITE_FULL);
  ASSERT_EQ(database->pMethods->xShmLock(database, 0, 1, kGiveUp), SQLITE_OK);
  ASSERT_EQ(database->pMethods->xShmUnmap(database, 1), SQLITE_OK);
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

/// One connection that writes, whose small cache sends pages to the log before the commit.
class GatheringConnectionTest : public GatheringLogTest {
 protected:
  static constexpr const char* kInsert =
      "INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES (?1, ?2, 'e', 'k')";

  void SetUp() override {
    open();
    close();  // the schema is there
    open_connection(path());
  }
  void TearDown() override { db_.reset(); }

  void open_connection(const std::string& path) {
    auto opened = sqlite::Connection::open({.path = path, .cache_bytes = 64U << 10U, .gathers_wal = true});
    ASSERT_TRUE(opened.ok());
    db_ = std::move(*opened);
  }
  void begin_and_insert(int rows) {
    db_->script("BEGIN IMMEDIATE");
    for (int i = 0; i < rows; ++i) db_->run(kInsert, "m" + std::to_string(i), std::string(1'500, 'x'));
    ASSERT_FALSE(db_->failed());
  }
  void let_a_stranger_commit() {
    sqlite3* stranger = nullptr;
    ASSERT_EQ(sqlite3_open(path().c_str(), &stranger), SQLITE_OK);
    for (int i = 0; i < kTheirs; ++i) {
      const std::string insert = "INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES ('theirs" +
                                 std::to_string(i) + "', '" + std::string(1'500, 'y') + "', 'e', 'k')";
      EXPECT_EQ(sqlite3_exec(stranger, insert.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
          << sqlite3_errmsg(stranger);
    }
    sqlite3_close(stranger);
  }
  void check_that_theirs_and_ours_are_there() {
    db_->run(kInsert, "ours", std::string("z"));
    EXPECT_FALSE(db_->failed());
    db_.reset();
    for (int i = 0; i < kTheirs; ++i) EXPECT_TRUE(find("theirs" + std::to_string(i))) << i;
    EXPECT_TRUE(find("ours"));
    EXPECT_FALSE(find("m0"));
  }

  static constexpr int kTheirs = 40;
  std::unique_ptr<sqlite::Connection> db_;
};

// What it wrote before must not come over what another program has committed in its place.
TEST_F(GatheringConnectionTest, ATransactionThatWasRolledBackLeavesTheCommitOfAStrangerAlone) {
  begin_and_insert(300);
  db_->script("ROLLBACK");
  let_a_stranger_commit();
  check_that_theirs_and_ours_are_there();
}

TEST_F(GatheringConnectionTest, SoDoesOneThatAnErrorRolledBack) {
  begin_and_insert(300);
  files_.fail(FileCall::kRead, ".db", SQLITE_IOERR_READ);
  db_->run("UPDATE finished_count SET rows = rows");
  ASSERT_TRUE(db_->take_failure());
  ASSERT_FALSE(db_->in_transaction());
  files_.heal();
  let_a_stranger_commit();
  check_that_theirs_and_ours_are_there();
}

// SQLite undoes the statement alone, which met a full disk when it read, and takes the pages from before for written.
TEST_F(GatheringConnectionTest, ATransactionThatLacksAPageCannotBeCommitted) {
  begin_and_insert(300);
  files_.fail(FileCall::kWrite, "-wal", SQLITE_FULL);
  db_->run("UPDATE msg_log SET try_count = 1");
  ASSERT_TRUE(db_->take_failure());
  files_.heal();
  if (db_->in_transaction()) db_->script("COMMIT");
  EXPECT_TRUE(db_->take_failure());
  db_->rollback();
  let_a_stranger_commit();
  check_that_theirs_and_ours_are_there();
}

// A commit then fills the rest of a sector after its sync, which nothing would write.
TEST_F(GatheringConnectionTest, NothingIsGatheredWhereASectorIsFilledAfterTheSync) {
  db_.reset();
  open_connection("file:" + path() + "?psow=0");
  files_.forget();
  begin_and_insert(20);
  db_->script("COMMIT");
  ASSERT_FALSE(db_->failed());
  EXPECT_GT(std::ranges::count(files_.calls(), "write -wal"), 10);
}

}  // namespace
}  // namespace waybill
