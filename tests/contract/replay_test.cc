// What the simulator's log was told, replayed on other logs: every store gives the same answers.
//
//   replay_test --recording FILE    replays a recording of sim_test --record on every store
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "log/sqlite/sqlite_log.h"
#include "log/sqlite/sqlite_reader.h"
#include "tests/contract/replay_stage.h"
#include "tests/unit/log/sqlite_files.h"

namespace waybill::recording {
namespace {

class SqliteStage final : public Stage {
 public:
  SqliteStage()
      : options_{.path = directory_.file("log.db"), .clock = clock_},
        log_(opened(SqliteLog::open(options_))),
        reader_(opened(SqliteReader::open(options_))),
        stranger_(options_.path) {}
  [[nodiscard]] MessageLog& log() override { return *log_; }
  [[nodiscard]] MessageReader& reader() override { return *reader_; }
  [[nodiscard]] Status insert_foreign(const Row& row) override {
    std::ostringstream sql;
    sql << "INSERT INTO msg_log (msg_id, msg, exchange, routing_key, status, try_count, next_try_time, create_time, "
           "update_time) VALUES ("
        << quoted(row.message.id.value) << ',' << quoted(row.message.body.bytes()) << ','
        << quoted(row.message.route.exchange) << ',' << quoted(row.message.route.routing_key) << ','
        << static_cast<int>(row.status) << ',' << row.try_count << ','
        << (row.next_try_time ? std::to_string(to_millis(*row.next_try_time)) : "NULL") << ','
        << to_millis(row.create_time) << ',' << to_millis(row.update_time) << ')';
    return stranger_.run(sql.str());
  }

 private:
  TemporaryDirectory directory_;
  SqliteOptions options_;
  std::unique_ptr<SqliteLog> log_;
  std::unique_ptr<SqliteReader> reader_;
  StrangerDatabase stranger_;
};

class Replay : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Replay, EveryStoreAnswersAsTheSimulatedOne) {
  const std::string recording = record(GetParam());
  MemoryStage memory;
  SqliteStage sqlite;
  std::istringstream in(recording);
  const auto report = memory.play(in);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_FALSE(report->difference) << describe(*report->difference);
  EXPECT_GT(report->commits, 20U);
  EXPECT_EQ(problem_of(sqlite, recording), "");
  EXPECT_EQ(describe(opened(sqlite.reader().stats())), describe(opened(memory.reader().stats())));
}

INSTANTIATE_TEST_SUITE_P(Seeds, Replay, testing::Range<std::uint64_t>(1, kReplaySeeds + 1));

TEST(ReplayOfAnotherLog, ALogThatBreaksItsContractAnswersDifferently) {
  std::vector<MemoryLogMutations> wrong(3);
  wrong[0].finish_without_fencing = true;
  wrong[1].clock_not_rearmed_on_take = true;
  wrong[2].take_keeps_publish_number = true;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    bool noticed = false;
    for (std::uint64_t seed = 1; seed <= kReplaySeeds && !noticed; ++seed) {
      MemoryStage stage(wrong[i]);
      noticed = !problem_of(stage, record(seed)).empty();
    }
    EXPECT_TRUE(noticed) << "wrong log " << i << " answered like the right one in " << kReplaySeeds << " seeds";
  }
}

int replay_file(const std::string& name) {
  MemoryStage memory;
  SqliteStage sqlite;
  bool same = true;
  for (auto& [store, stage] : {std::pair<const char*, Stage*>{"memory", &memory}, {"sqlite", &sqlite}}) {
    std::ifstream in(name, std::ios::binary);
    if (!in) {
      std::cerr << "cannot read the recording " << name << '\n';
      return 2;
    }
    const auto report = stage->play(in);
    std::cout << store << ": ";
    if (!report.ok()) {
      std::cout << report.error().message << '\n';
    } else if (report->difference) {
      std::cout << "differs at " << describe(*report->difference) << '\n';
    } else {
      std::cout << report->commits << " commits, " << report->writes << " writes and " << report->foreign_rows
                << " foreign rows got the same answers\n";
    }
    same = same && report.ok() && !report->difference;
  }
  return same ? 0 : 1;
}

}  // namespace
}  // namespace waybill::recording

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  waybill::configure_log({waybill::LogLevel::kError, waybill::LogFormat::kText});
  if (argc == 3 && std::string_view(argv[1]) == "--recording") return waybill::recording::replay_file(argv[2]);
  return RUN_ALL_TESTS();
}
