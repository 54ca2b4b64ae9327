// What the simulator's log was told, replayed on PostgreSQL: it gives the same answers.
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/log.h"
#include "log/postgres/postgres_log.h"
#include "log/postgres/postgres_reader.h"
#include "testing/postgres_database.h"
#include "tests/contract/replay_stage.h"

namespace waybill::recording {
namespace {

class PostgresStage final : public Stage {
 public:
  PostgresStage() : options_{.url = emptied().url(), .clock = &clock_} {
    log_ = opened(PostgresLog::open(options_));
    reader_ = opened(PostgresReader::open(options_));
  }
  [[nodiscard]] MessageLog& log() override { return *log_; }
  [[nodiscard]] MessageReader& reader() override { return *reader_; }
  [[nodiscard]] Status insert_foreign(const Row& row) override {
    const std::string due = row.next_try_time ? "'" + to_rfc3339(*row.next_try_time) + "'" : "NULL";
    return database().run(
        "INSERT INTO msg_log (msg_id, msg, exchange, routing_key, status, try_count, next_try_time, create_time, "
        "update_time) VALUES ($1, $2, $3, $4, $5, $6, " +
            due + ", $7, $8)",
        {row.message.id.value, row.message.body.bytes(), row.message.route.exchange, row.message.route.routing_key,
         std::to_string(static_cast<int>(row.status)), std::to_string(row.try_count), to_rfc3339(row.create_time),
         to_rfc3339(row.update_time)});
  }

 private:
  static PostgresDatabase& database() {
    static PostgresDatabase one("replay");
    return one;
  }
  static PostgresDatabase& emptied() {
    database().empty_log();
    return database();
  }

  PostgresOptions options_;
  std::unique_ptr<PostgresLog> log_;
  std::unique_ptr<PostgresReader> reader_;
};

class PostgresReplay : public testing::TestWithParam<std::uint64_t> {
  void SetUp() override { configure_log({LogLevel::kError, LogFormat::kText}); }
};

TEST_P(PostgresReplay, ItAnswersAsTheSimulatedOne) {
  const std::string recording = record(GetParam());
  MemoryStage memory;
  PostgresStage postgres;
  ASSERT_EQ(problem_of(memory, recording), "");
  EXPECT_EQ(problem_of(postgres, recording), "");
  EXPECT_EQ(describe(opened(postgres.reader().stats())), describe(opened(memory.reader().stats())));
}

INSTANTIATE_TEST_SUITE_P(Seeds, PostgresReplay, testing::Range<std::uint64_t>(1, kReplaySeeds + 1));

}  // namespace
}  // namespace waybill::recording
