// Lists and statistics over a long history, in bounded work, and the counts that are kept for them.
#include <gtest/gtest.h>

#include "log/sqlite/schema.h"
#include "tests/unit/log/sqlite_log_fixture.h"

namespace waybill {
namespace {

// More than one page may look at.
constexpr int kHistory = 10'500;

class SqliteReadingTest : public SqliteLogFixture {
 protected:
  void SetUp() override { open(); }
  // Consumed rows, newer than everything before them.
  void add_history(const std::string& prefix) {
    StrangerDatabase stranger(path());
    ASSERT_TRUE(stranger
                    .run("WITH RECURSIVE row(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM row WHERE i < " +
                         std::to_string(kHistory) +
                         ") INSERT INTO msg_log (msg_id, status, queue, next_try_time) SELECT '" + prefix +
                         "' || i, 3, 'mail.queue', NULL FROM row")
                    .ok());
  }
  [[nodiscard]] std::unique_ptr<SqliteReader> reader() {
    auto opened = SqliteReader::open(options_);
    if (!opened.ok()) throw std::runtime_error(opened.error().message);
    return std::move(opened).value();
  }
  [[nodiscard]] static ListPage page(SqliteReader& from, const ListFilter& filter) {
    auto listed = from.list(filter);
    if (!listed.ok()) throw std::runtime_error(listed.error().message);
    return std::move(listed).value();
  }
  void publish(const std::string& id, const QueueName& queue) {
    Append write = append(id);
    write.queue = queue;
    write.publish_now = true;
    apply<AppendAnswer>(write);
  }
  FinishAnswer finish(const std::string& id, HandlerOutcome outcome) {
    const auto claimed = apply<ClaimAnswer>(claim(id));
    return apply<FinishAnswer>(
        Finish{.fence = {{id}, {"node", {7}}, claimed.attempt, {last_token_}}, .outcome = std::move(outcome)});
  }
  // One row of each open state and a dead one, under the id of its state.
  void add_open_rows() {
    for (const State state : {State::kSending, State::kSent, State::kSendFailed, State::kConsumeFailed, State::kDead,
                              State::kOutcomeUnknown}) {
      publish(std::string(to_string(state)), {"mail.queue"});
    }
    apply<VerbAnswer>(MarkSent{{"sent"}, 1, clock_.now()});
    apply<VerbAnswer>(MarkFailed{{"send_failed"}, 1, Duration(500), "returned", std::string(kEventReturned)});
    finish("consume_failed", Retry{"later", {}});
    finish("dead", Fail{"never"});
    finish("outcome_unknown", Unknown{"?"});
  }
  // The statistics are what counting the rows says.
  void expect_exact_counts() {
    StrangerDatabase stranger(path());
    const auto stats = reader()->stats();
    ASSERT_TRUE(stats.ok()) << stats.error().message;
    for (const State state : kAllStates) {
      const auto at = static_cast<std::size_t>(state);
      EXPECT_EQ(stats->rows_by_state.at(at),
                stranger.integer("SELECT count(*) FROM msg_log WHERE status = " + std::to_string(at)))
          << to_string(state);
    }
  }
};

TEST_F(SqliteReadingTest, OpenRowsUnderALongHistoryAreOnTheFirstPage) {
  add_open_rows();
  publish("claimed", {"mail.queue"});
  apply<ClaimAnswer>(claim("claimed"));
  add_history("done");
  const auto from = reader();
  for (const State state :
       {State::kSendFailed, State::kSent, State::kConsumeFailed, State::kDead, State::kOutcomeUnknown}) {
    const auto first = page(*from, {.where = {.status = state}});
    ASSERT_EQ(first.rows.size(), 1U) << to_string(state);
    EXPECT_EQ(first.rows[0].message.id.value, to_string(state));
    EXPECT_EQ(first.next_cursor, "");
  }
  EXPECT_EQ(page(*from, {.where = {.status = State::kSending}}).rows.size(), 2U);
}

TEST_F(SqliteReadingTest, APageLooksAtABoundedNumberOfRowsAndSaysWhereToGoOn) {
  publish("external", {});
  apply<VerbAnswer>(MarkSent{{"external"}, 1, clock_.now()});
  publish("cancelled", {"mail.queue"});
  apply<VerbAnswer>(Cancel{{"cancelled"}});
  add_history("done");
  const auto from = reader();
  for (const MessageFilter& where : {MessageFilter{.status = State::kSent}, MessageFilter{.status = State::kCancelled},
                                     MessageFilter{.queue = QueueName{}},
                                     MessageFilter{.status = State::kCancelled, .queue = QueueName{"mail.queue"}}}) {
    ListFilter filter{.where = where};
    const auto first = page(*from, filter);
    EXPECT_TRUE(first.rows.empty());
    ASSERT_NE(first.next_cursor, "");
    filter.cursor = first.next_cursor;
    const auto second = page(*from, filter);
    EXPECT_EQ(second.rows.size(), 1U);
    EXPECT_EQ(second.next_cursor, "");
  }
}

TEST_F(SqliteReadingTest, PagesCoverALongHistoryOnce) {
  add_history("done");
  const auto from = reader();
  ListFilter filter{.where = {.status = State::kConsumed}, .limit = 1'000};
  std::size_t rows = 0;
  std::string last;
  do {
    const auto next = page(*from, filter);
    for (const Row& row : next.rows) {
      EXPECT_NE(row.message.id.value, last);
      last = row.message.id.value;
    }
    rows += next.rows.size();
    filter.cursor = next.next_cursor;
  } while (!filter.cursor.empty());
  EXPECT_EQ(rows, static_cast<std::size_t>(kHistory));
  EXPECT_EQ(last, "done1");
}

TEST_F(SqliteReadingTest, ACursorOfAnotherLogIsRefused) {
  for (const char* id : {"m1", "m2"}) publish(id, {"mail.queue"});
  const std::string cursor = page(*reader(), {.limit = 1}).next_cursor;
  ASSERT_NE(cursor, "");
  options_.path = directory_.file("other.db");
  open();
  for (const char* id : {"m1", "m2"}) publish(id, {"mail.queue"});
  const auto listed = reader()->list({.cursor = cursor, .limit = 1});
  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.error().what, ErrorClass::kPermanent);
  EXPECT_NE(listed.error().message.find("cursor"), std::string::npos);
}

TEST_F(SqliteReadingTest, WhatOtherProgramsDoToFinishedRowsIsCounted) {
  add_open_rows();
  add_history("done");
  expect_exact_counts();
  StrangerDatabase stranger(path());
  ASSERT_TRUE(stranger.run("DELETE FROM msg_log WHERE msg_id IN ('done1', 'done2', 'sending')").ok());
  expect_exact_counts();
  ASSERT_TRUE(stranger.run("UPDATE msg_log SET status = 7 WHERE msg_id = 'done3'").ok());
  ASSERT_TRUE(stranger.run("UPDATE msg_log SET status = 3, next_try_time = NULL WHERE msg_id = 'send_failed'").ok());
  ASSERT_TRUE(stranger.run("UPDATE msg_log SET queue = '' WHERE msg_id = 'sent'").ok());
  expect_exact_counts();
  ASSERT_TRUE(stranger.run("BEGIN; INSERT INTO msg_log (msg_id, status) VALUES ('never', 3); ROLLBACK").ok());
  ASSERT_TRUE(stranger.run("INSERT OR IGNORE INTO msg_log (msg_id, status) VALUES ('done4', 3), ('once', 3)").ok());
  expect_exact_counts();
}

TEST_F(SqliteReadingTest, AnExternalRowIsCountedWhereverItGoes) {
  const auto send = [&](const std::string& id) {
    publish(id, {});
    apply<VerbAnswer>(MarkSent{{id}, 1, clock_.now()});
    expect_exact_counts();
  };
  for (const char* id : {"held", "rescheduled", "claimed", "late", "pruned"}) send(id);
  apply<VerbAnswer>(Hold{{"held"}, "why"});
  apply<VerbAnswer>(Reschedule{{"rescheduled"}, clock_.now()});
  apply<ClaimAnswer>(claim("claimed"));
  expect_exact_counts();

  // Claimed, given back, sent once more; then the first attempt's `done` comes.
  Claim claiming = claim("late");
  claiming.effect_begun = false;
  const auto claimed = apply<ClaimAnswer>(claiming);
  const Fence fence{{"late"}, {"node", {7}}, claimed.attempt, claiming.token};
  EXPECT_TRUE(apply<VerbAnswer>(Release{fence}).applied());
  EXPECT_TRUE(apply<VerbAnswer>(MarkSent{{"late"}, 2, clock_.now()}).applied());
  expect_exact_counts();
  EXPECT_EQ(apply<FinishAnswer>(Finish{.fence = fence, .outcome = Done{}}).kind, FinishAnswer::Kind::kRecorded);
  expect_exact_counts();

  clock_.advance(std::chrono::hours(24 * 8));
  EXPECT_EQ(apply<CountAnswer>(Prune{}).rows, 2);
  expect_exact_counts();
}

TEST_F(SqliteReadingTest, AWriteThatFailsAfterItHasChangedItsRowCountsNothing) {
  publish("external", {});
  apply<VerbAnswer>(MarkSent{{"external"}, 1, clock_.now()});
  close();
  options_.body_max = 4;
  open();
  Claim wanting_body = claim("external");
  wanting_body.want_body = true;
  const Write writes[] = {Write(wanting_body), Write(Cancel{{"nobody"}})};
  const auto committed = log_->commit(writes);
  ASSERT_TRUE(committed.ok());
  ASSERT_FALSE(committed->answers[0].ok()) << "the body is too large to be loaded";
  EXPECT_EQ(find("external")->owner, std::nullopt);
  expect_exact_counts();
}

TEST_F(SqliteReadingTest, ALogOfTheFirstSchemaIsBroughtToTheNewOneWithItsRows) {
  close();
  options_.path = directory_.file("old.db");
  const Migration first = sqlite::migrations()[0];
  {
    StrangerDatabase old(path());
    ASSERT_TRUE(old.run("PRAGMA journal_mode=WAL; PRAGMA application_id=1465467468").ok());
    ASSERT_TRUE(old.run("CREATE TABLE schema_migration (number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
                        "checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT")
                    .ok());
    ASSERT_TRUE(old.run(std::string(first.sql)).ok());
    ASSERT_TRUE(
        old.run("INSERT INTO schema_migration VALUES (1, 'message_log', " + quoted(checksum_of(first)) + ", 0)").ok());
    ASSERT_TRUE(old.run("INSERT INTO msg_log (msg_id, status) VALUES ('f0', 0), ('f1', 1), ('f2', 2), ('f3', 3)").ok());
    ASSERT_TRUE(
        old.run("INSERT INTO msg_log (msg_id, status, queue, next_try_time, publish_count, confirm_time) VALUES "
                "('c1', 3, 'q', NULL, 1, 1), ('c2', 3, 'q', NULL, 1, 1), ('w', 7, 'q', NULL, 1, NULL), "
                "('x', 1, '', NULL, 1, 1), ('s', 1, 'q', NULL, 1, 1)")
            .ok());
  }
  open();
  expect_exact_counts();
  StrangerDatabase stranger(path());
  EXPECT_EQ(stranger.text("PRAGMA integrity_check"), "ok");
  EXPECT_EQ(stranger.integer("SELECT rows FROM finished_count WHERE status = 3"), 3);
  EXPECT_EQ(stranger.integer("SELECT rows FROM finished_count WHERE status = 1"), 1);
  // The rules of the table hold as before.
  for (const char* row : {"'bad', 4", "'bad', 8"}) {
    EXPECT_FALSE(stranger.run(std::string("INSERT INTO msg_log (msg_id, status) VALUES (") + row + ")").ok());
  }
  EXPECT_EQ(apply<AppendAnswer>(append("f0")).kind, AppendAnswer::Kind::kConflict);
  clock_.advance(Duration(1'000));
  EXPECT_EQ(apply<TakeAnswer>(take()).rows.size(), 3U);
}

}  // namespace
}  // namespace waybill
