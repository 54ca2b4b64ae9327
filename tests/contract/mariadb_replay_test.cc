// What the simulator's log was told, replayed on MariaDB: it gives the same answers.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/log.h"
#include "log/mariadb/mariadb_log.h"
#include "log/mariadb/mariadb_reader.h"
#include "testing/mariadb_database.h"
#include "tests/contract/replay_stage.h"

namespace waybill::recording {
namespace {

// Each commit waits for the disk.
constexpr std::uint64_t kSeeds = 12;

class MariadbStage final : public Stage {
 public:
  MariadbStage() : options_{.url = emptied().url(), .clock = &clock_} {
    log_ = opened(MariadbLog::open(options_));
    reader_ = opened(MariadbReader::open(options_));
  }
  [[nodiscard]] MessageLog& log() override { return *log_; }
  [[nodiscard]] MessageReader& reader() override { return *reader_; }
  [[nodiscard]] Status insert_foreign(const Row& row) override {
    const auto quoted = [&](const std::string& text) { return database().client().quoted(text); };
    const auto time = [](WallTime at) { return "FROM_UNIXTIME(" + std::to_string(to_millis(at)) + " / 1000)"; };
    return database().run(
        "SET time_zone = '+00:00'; INSERT INTO msg_log (msg_id, msg, exchange, routing_key, status, try_count, "
        "next_try_time, create_time, update_time) VALUES (" +
        quoted(row.message.id.value) + "," + quoted(row.message.body.bytes()) + "," +
        quoted(row.message.route.exchange) + "," + quoted(row.message.route.routing_key) + "," +
        std::to_string(static_cast<int>(row.status)) + "," + std::to_string(row.try_count) + "," +
        (row.next_try_time ? time(*row.next_try_time) : "NULL") + "," + time(row.create_time) + "," +
        time(row.update_time) + ")");
  }

 private:
  static MariadbDatabase& database() {
    static MariadbDatabase one("replay");
    return one;
  }
  static MariadbDatabase& emptied() {
    database().empty_log();
    return database();
  }

  MariadbOptions options_;
  std::unique_ptr<MariadbLog> log_;
  std::unique_ptr<MariadbReader> reader_;
};

class MariadbReplay : public testing::TestWithParam<std::uint64_t> {
 protected:
  static void SetUpTestSuite() { configure_log({LogLevel::kError, LogFormat::kText}); }
};

TEST_P(MariadbReplay, ItAnswersAsTheSimulatedLog) {
  const std::string recording = record(GetParam());
  MemoryStage memory;
  MariadbStage mariadb;
  ASSERT_EQ(problem_of(memory, recording), "");
  EXPECT_EQ(problem_of(mariadb, recording), "");
  EXPECT_EQ(describe(opened(mariadb.reader().stats())), describe(opened(memory.reader().stats())));
}

INSTANTIATE_TEST_SUITE_P(Seeds, MariadbReplay, testing::Range<std::uint64_t>(1, kSeeds + 1));

}  // namespace
}  // namespace waybill::recording
