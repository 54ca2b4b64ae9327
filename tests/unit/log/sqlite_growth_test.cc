// What keeps the files and the work bounded.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/log/sqlite_log_fixture.h"

namespace waybill {
namespace {

class SqliteGrowthTest : public SqliteLogFixture {
 protected:
  [[nodiscard]] std::uintmax_t wal_bytes() const { return std::filesystem::file_size(path() + "-wal"); }
  void append_many(int count, const std::string& prefix) {
    for (int i = 0; i < count; ++i) apply<AppendAnswer>(append(prefix + std::to_string(i)));
  }
};

constexpr std::uintmax_t kPage = 4'096;

TEST_F(SqliteGrowthTest, TheWriteAheadLogStaysBounded) {
  options_.checkpoint_pages = 50;
  open();
  append_many(300, "m");
  EXPECT_LT(wal_bytes(), 100 * kPage);
}

TEST_F(SqliteGrowthTest, TheWriteAheadLogShrinksAfterAReaderThatHeldIt) {
  options_.checkpoint_pages = 50;
  open();
  {
    StrangerDatabase reader(path());
    ASSERT_TRUE(reader.run("BEGIN; SELECT count(*) FROM msg_log").ok());
    append_many(300, "held");
    EXPECT_GT(wal_bytes(), 300 * kPage);
  }
  append_many(100, "after");
  EXPECT_LT(wal_bytes(), 300 * kPage);
}

TEST_F(SqliteGrowthTest, ClosingLeavesTheDatabaseFileComplete) {
  open();
  append_many(10, "m");
  close();
  EXPECT_EQ(wal_bytes(), 0U);
  std::filesystem::copy(path(), directory_.file("copy.db"));
  options_.path = directory_.file("copy.db");
  open();
  EXPECT_TRUE(find("m9"));
}

TEST_F(SqliteGrowthTest, ASweepLooksAtManyRowsInSeveralSteps) {
  open();
  std::vector<Write> scheduled;
  for (int i = 0; i < 10'500; ++i) {
    Append write = append("scheduled" + std::to_string(i));
    write.message.not_before = clock_.now() + std::chrono::hours(1);
    scheduled.emplace_back(std::move(write));
  }
  ASSERT_TRUE(log_->commit(scheduled).ok());
  StrangerDatabase stranger(path());
  const auto local_time = to_millis(clock_.now() + std::chrono::hours(2));
  ASSERT_TRUE(stranger
                  .run("INSERT INTO msg_log (msg_id, exchange, routing_key, next_try_time) VALUES ('local', "
                       "'mail.exchange', 'mail.routing.key', " +
                       std::to_string(local_time) + ")")
                  .ok());
  Take sweeping = take();
  sweeping.sweep = Sweep{};
  EXPECT_TRUE(apply<TakeAnswer>(sweeping).rows.empty()) << "the first step does not reach it";
  const auto found = apply<TakeAnswer>(sweeping);
  ASSERT_EQ(found.rows.size(), 1U);
  EXPECT_EQ(found.rows[0].message.id.value, "local");
}

TEST_F(SqliteGrowthTest, TheStatisticsCountEveryRowOnce) {
  open();
  const auto finish = [&](const std::string& id, HandlerOutcome outcome, UnknownPolicy unknown, int tries) {
    const auto claimed = apply<ClaimAnswer>(claim(id));
    Finish write{.fence = {{id}, {"node", {7}}, claimed.attempt, {last_token_}}, .outcome = std::move(outcome)};
    write.unknown = unknown;
    write.max_tries = tries;
    apply<FinishAnswer>(write);
  };
  const auto publish = [&](const std::string& id, const QueueName& queue) {
    Append write = append(id);
    write.queue = queue;
    write.publish_now = true;
    apply<AppendAnswer>(write);
  };
  publish("sending", {"mail.queue"});
  clock_.advance(Duration(1));
  for (const char* id : {"waiting", "claimed-sent", "failed"}) publish(id, {"mail.queue"});
  publish("external", {});
  for (const char* id : {"waiting", "claimed-sent", "external"}) {
    apply<VerbAnswer>(MarkSent{{id}, 1, clock_.now()});
  }
  apply<ClaimAnswer>(claim("claimed-sent"));
  apply<VerbAnswer>(MarkFailed{{"failed"}, 1, Duration(500), "returned", std::string(kEventReturned)});
  for (const char* id : {"consumed", "retry", "dead", "unknown", "held", "cancelled"}) publish(id, {"mail.queue"});
  finish("consumed", Done{}, UnknownPolicy::kRetry, 3);
  finish("retry", Retry{"later", {}}, UnknownPolicy::kRetry, 3);
  finish("dead", Retry{"never", {}}, UnknownPolicy::kRetry, 1);
  finish("unknown", Unknown{"?"}, UnknownPolicy::kRetry, 3);
  finish("held", Unknown{"?"}, UnknownPolicy::kHold, 3);
  apply<VerbAnswer>(Cancel{{"cancelled"}});

  StrangerDatabase stranger(path());
  ASSERT_TRUE(
      stranger.run("INSERT INTO msg_log (msg_id, status) VALUES ('f0', 0), ('f1', 1), ('f2', 2), ('f3', 3)").ok());
  auto reader = SqliteReader::open(options_);
  ASSERT_TRUE(reader.ok());
  const auto stats = (*reader)->stats();
  ASSERT_TRUE(stats.ok()) << stats.error().message;
  for (const State state : kAllStates) {
    const auto number = std::to_string(static_cast<int>(state));
    const auto counted = stranger.integer("SELECT count(*) FROM msg_log WHERE status = " + number);
    EXPECT_GT(counted, 0) << to_string(state);
    EXPECT_EQ(stats->rows_by_state.at(static_cast<std::size_t>(state)), counted) << to_string(state);
    const auto listed = (*reader)->list({.where = {.status = state}, .limit = 100});
    ASSERT_TRUE(listed.ok());
    EXPECT_EQ(std::ssize(listed->rows), counted) << to_string(state);
    EXPECT_EQ((*reader)->count({.status = state}, 100).value(), counted) << to_string(state);
  }
  EXPECT_EQ(stats->unknowns, 2);
  EXPECT_EQ(stats->oldest_open, find("sending")->create_time);
}

TEST_F(SqliteGrowthTest, AKeyOutlivesItsRowUntilItIsADayOld) {
  open();
  Append write = append("m");
  write.key = IdempotencyKey{"/mail", "k", sha256("request")};
  apply<AppendAnswer>(write);
  apply<VerbAnswer>(Cancel{{"m"}});
  StrangerDatabase stranger(path());
  clock_.advance(std::chrono::hours(2));
  EXPECT_EQ(apply<CountAnswer>(Prune{.age = std::chrono::hours(1)}).rows, 1);
  EXPECT_EQ(stranger.integer("SELECT count(*) FROM idempotency_key"), 1);
  write.token = {++last_token_};
  EXPECT_EQ(apply<AppendAnswer>(write).kind, AppendAnswer::Kind::kDuplicate);
  clock_.advance(std::chrono::hours(23));
  apply<CountAnswer>(Prune{});
  EXPECT_EQ(stranger.integer("SELECT count(*) FROM idempotency_key"), 0);
}

}  // namespace
}  // namespace waybill
