// What the table itself allows: the contract with programs that insert rows by themselves.
#include <gtest/gtest.h>

#include "tests/unit/log/sqlite_log_fixture.h"

namespace waybill {
namespace {

class SqliteSchemaTest : public SqliteLogFixture {
 protected:
  void SetUp() override {
    open();
    stranger_ = std::make_unique<StrangerDatabase>(path());
  }
  // The error with which SQLite refuses a row; empty if it takes it.
  std::string refusal(const std::string& columns, const std::string& values) {
    const auto status = stranger_->run("INSERT INTO msg_log (" + columns + ") VALUES (" + values + ")");
    return status.ok() ? std::string() : status.error().message;
  }

  std::unique_ptr<StrangerDatabase> stranger_;
};

TEST_F(SqliteSchemaTest, FourColumnsAreEnoughAndTheRowIsDueAtOnce) {
  const WallTime before = SystemWallClock().now();
  EXPECT_EQ(refusal("msg_id, msg, exchange, routing_key", "'m', 'text', 'mail.exchange', 'mail.routing.key'"), "");
  const auto row = find("m", /*with_body=*/true);
  ASSERT_TRUE(row);
  // julianday() is a rounded floating point number.
  EXPECT_GE(row->create_time, before - Duration(1));
  EXPECT_LE(row->create_time, SystemWallClock().now() + Duration(1));
  EXPECT_EQ(row->next_try_time, row->create_time);
  EXPECT_EQ(row->update_time, row->create_time);
  EXPECT_EQ(row->status, State::kSending);
  EXPECT_EQ(row->queue, std::nullopt);
  EXPECT_EQ(row->message.body.bytes(), "text");

  clock_.advance(Duration(1'000));
  const auto taken = apply<TakeAnswer>(take());
  ASSERT_EQ(taken.rows.size(), 1U);
  EXPECT_TRUE(taken.rows[0].foreign);
  EXPECT_EQ(taken.rows[0].queue.value, "mail.queue");
}

TEST_F(SqliteSchemaTest, TheNineClassicColumnsKeepTheirNames) {
  EXPECT_EQ(refusal("msg_id, msg, exchange, routing_key, status, try_count, next_try_time, create_time, update_time",
                    "'m', 'text', 'e', 'k', 2, 1, 1000, 900, 950"),
            "");
  EXPECT_EQ(stranger_->text("SELECT msg_id || msg || exchange || routing_key || status || try_count || next_try_time "
                            "|| create_time || update_time FROM msg_log"),
            "mtextek211000900950");
}

struct RefusedRow {
  const char* name;
  const char* columns;
  const char* values;
  const char* constraint;
};

class RefusedForeignRow : public SqliteSchemaTest, public testing::WithParamInterface<RefusedRow> {};

TEST_P(RefusedForeignRow, NamesTheRuleItBreaks) {
  const std::string error = refusal(GetParam().columns, GetParam().values);
  EXPECT_NE(error.find(GetParam().constraint), std::string::npos) << error;
}

const RefusedRow kRefusedRows[] = {
    {"Status4", "msg_id, status", "'m', 4", "foreign_row_is_sending_sent_send_failed_or_consumed"},
    {"Status5", "msg_id, status", "'m', 5", "foreign_row_is_sending_sent_send_failed_or_consumed"},
    {"Status6", "msg_id, status", "'m', 6", "foreign_row_is_sending_sent_send_failed_or_consumed"},
    {"Status7", "msg_id, status", "'m', 7", "foreign_row_is_sending_sent_send_failed_or_consumed"},
    {"Status8", "msg_id, status", "'m', 8", "status_is_0_to_7"},
    {"NoTime", "msg_id, next_try_time", "'m', NULL", "open_foreign_row_has_next_try_time"},
    {"NoTimeAlthoughSent", "msg_id, status, next_try_time", "'m', 1, NULL", "open_foreign_row_has_next_try_time"},
    {"EmptyId", "msg_id", "''", "msg_id_has_1_to_155_characters"},
    {"LongId", "msg_id", "printf('%.156c', 'x')", "msg_id_has_1_to_155_characters"},
    {"LongIdInBytes", "msg_id", "replace(printf('%.128c', 'x'), 'x', 'é')", "in_at_most_255_bytes"},
    {"TextAsTime", "msg_id, next_try_time", "'m', '2026-01-31 08:00:00'", "cannot store TEXT value in INTEGER column"},
    {"NegativeTries", "msg_id, try_count", "'m', -1", "counts_are_not_negative"},
    {"TwoBodies", "msg_id, msg, body", "'m', 'text', x'00'", "body_is_text_or_binary"},
    {"ShortDigest", "msg_id, digest", "'m', x'00'", "digest_is_32_bytes"},
    {"BeforeItsTime", "msg_id, next_try_time, not_before", "'m', 5, 6", "unowned_row_waits_for_not_before"},
    {"Claimed", "msg_id, owner, queue", "'m', 'x', 'q'", "open_attempt_has_number_token_lease_and_queue"},
};

INSTANTIATE_TEST_SUITE_P(All, RefusedForeignRow, testing::ValuesIn(kRefusedRows),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(SqliteSchemaTest, TheLongestIdsFit) {
  EXPECT_EQ(refusal("msg_id", "printf('%.155c', 'x')"), "");
  EXPECT_EQ(refusal("msg_id", "replace(printf('%.127c', 'x'), 'x', 'é')"), "");
}

TEST_F(SqliteSchemaTest, OurOwnVerbsMayTakeAForeignRowOutOfItsStates) {
  for (const char* id : {"held", "cancelled", "refused"}) ASSERT_EQ(refusal("msg_id", quoted(id)), "");
  EXPECT_TRUE(apply<VerbAnswer>(Hold{{"held"}, "why"}).applied());
  EXPECT_TRUE(apply<VerbAnswer>(Cancel{{"cancelled"}}).applied());
  EXPECT_TRUE(apply<VerbAnswer>(Refuse{{"refused"}, "bad"}).applied());
  EXPECT_TRUE(apply<VerbAnswer>(Cancel{{"held"}}).applied()) << "it was never handed to a publisher";
}

TEST_F(SqliteSchemaTest, ReplayedForeignRowsGetTheirQueueWhenTheyAreTaken) {
  ASSERT_EQ(refusal("msg_id, exchange, routing_key", "'m', 'mail.exchange', 'mail.routing.key'"), "");
  EXPECT_TRUE(apply<VerbAnswer>(Cancel{{"m"}}).applied());
  EXPECT_TRUE(apply<VerbAnswer>(Replay{{"m"}}).applied());
  const auto taken = apply<TakeAnswer>(take());
  ASSERT_EQ(taken.rows.size(), 1U);
  EXPECT_EQ(taken.rows[0].queue.value, "mail.queue");
  EXPECT_EQ(find("m")->queue, QueueName{"mail.queue"});
}

TEST_F(SqliteSchemaTest, AForeignRowWithUnreadablePropertiesIsReportedAndCanBeRefused) {
  ASSERT_EQ(refusal("msg_id, headers", "'bad-headers', 'tenant=1'"), "");
  ASSERT_EQ(refusal("msg_id, retry_policy", "'bad-policy', 'often'"), "");
  ASSERT_EQ(refusal("msg_id, headers, retry_policy", "'good', '{\"tenant\":\"1\"}', 'fixed 2 1000'"), "");
  clock_.advance(Duration(1'000));
  const auto taken = apply<TakeAnswer>(take());
  ASSERT_EQ(taken.rows.size(), 1U);
  EXPECT_EQ(taken.rows[0].message.headers, (Headers{{"tenant", "1"}}));
  EXPECT_EQ(taken.rows[0].message.retry->attempts, 2);
  ASSERT_EQ(taken.unreadable.size(), 2U);
  EXPECT_EQ(taken.unreadable[0].first.value, "bad-headers");
  EXPECT_NE(taken.unreadable[0].second.find("headers"), std::string::npos);
  EXPECT_NE(taken.unreadable[1].second.find("'often' is not a retry policy"), std::string::npos);
  for (const auto& [id, reason] : taken.unreadable) {
    EXPECT_EQ(find(id.value)->status, State::kSending) << "left as it was";
    EXPECT_TRUE(apply<VerbAnswer>(Refuse{id, reason}).applied());
  }
  EXPECT_TRUE(apply<TakeAnswer>(take()).unreadable.empty());
}

TEST_F(SqliteSchemaTest, AForeignDuplicateIsRecognisedByItsBody) {
  const Append write = append("m");
  ASSERT_EQ(refusal("msg_id, msg, exchange, routing_key", "'m', 'body of m', 'mail.exchange', 'mail.routing.key'"), "");
  EXPECT_EQ(apply<AppendAnswer>(write).kind, AppendAnswer::Kind::kDuplicate);
  Append other = append("m");
  other.digest = sha256("another body");
  EXPECT_EQ(apply<AppendAnswer>(other).kind, AppendAnswer::Kind::kConflict);
}

TEST_F(SqliteSchemaTest, TextGoesToTheClassicColumnAndAnythingElseToItsOwn) {
  const std::pair<const char*, std::string> bodies[] = {
      {"text", "Grüße"}, {"nul", std::string("a\0b", 3)}, {"not-utf8", "\xff\xfe"}, {"empty", ""}};
  for (const auto& [id, bytes] : bodies) {
    Append write = append(id);
    write.message.body = Body(bytes);
    apply<AppendAnswer>(write);
    const auto row = find(id, /*with_body=*/true);
    EXPECT_EQ(row->message.body.bytes(), bytes);
    EXPECT_EQ(row->body_bytes, bytes.size());
  }
  EXPECT_EQ(stranger_->text("SELECT group_concat(msg_id) FROM msg_log WHERE body IS NULL"), "text,empty");
  EXPECT_EQ(stranger_->text("SELECT msg FROM msg_log WHERE msg_id = 'text'"), "Grüße");
}

TEST_F(SqliteSchemaTest, ABodyAboveTheCapFailsAloneAndIsNotLoaded) {
  options_.body_max = 100;
  open();
  Append large = append("large");
  large.message.body = Body(std::string(101, 'x'));
  const Write writes[] = {Write(append("small")), Write(large)};
  const auto committed = log_->commit(writes);
  ASSERT_TRUE(committed.ok());
  EXPECT_TRUE(committed->answers[0].ok());
  ASSERT_FALSE(committed->answers[1].ok());
  EXPECT_NE(committed->answers[1].error().message.find("101 bytes"), std::string::npos);
  EXPECT_TRUE(find("small"));
  EXPECT_FALSE(find("large"));
}

}  // namespace
}  // namespace waybill
