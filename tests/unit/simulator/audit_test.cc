// What the audit objects to in rows and publishes.
#include "testing/simulator/audit.h"

#include <gtest/gtest.h>

#include <string>

namespace waybill::sim {
namespace {

constexpr WallTime kNow = from_millis(1'767'225'600'000);
constexpr MonoTime kMono{std::chrono::hours(1)};

class AuditTest : public testing::Test {
 protected:
  static Row row_in(State state) {
    Row row;
    row.message.id = {"m"};
    row.queue = QueueName{"mail.queue"};
    row.status = state;
    row.publish_count = 1;
    return row;
  }
  void after_commit(const Row& row, bool taken = false) { audit_.row_after_commit(row, kNow, taken, Duration{2'000}); }
  void mark_sent(std::int64_t number) { audit_.answered(MarkSent{{"m"}, number, kNow}, VerbAnswer{}, kMono, kNow); }
  void expect_one(const std::string& words) {
    ASSERT_EQ(audit_.violations().size(), 1U) << testing::PrintToString(audit_.violations());
    EXPECT_NE(audit_.violations()[0].find(words), std::string::npos) << audit_.violations()[0];
  }

  Audit audit_;
};

TEST_F(AuditTest, FinalRowHasNoClock) {
  Row row = row_in(State::kConsumed);
  after_commit(row);
  EXPECT_TRUE(audit_.violations().empty());
  row.next_try_time = kNow;
  after_commit(row);
  expect_one("is final and still has an owner or a clock");
}

TEST_F(AuditTest, OpenRowHasAClock) {
  after_commit(row_in(State::kSent));            // it waits in its queue
  after_commit(row_in(State::kOutcomeUnknown));  // it is held
  EXPECT_TRUE(audit_.violations().empty());
  after_commit(row_in(State::kSendFailed));
  expect_one("is open and has no clock");
}

TEST_F(AuditTest, TakenRowIsDueAgainAfterItsGrace) {
  Row row = row_in(State::kSending);
  row.next_try_time = kNow + Duration{2'000};
  after_commit(row, /*taken=*/true);
  EXPECT_TRUE(audit_.violations().empty());
  row.next_try_time = kNow + Duration{1'000};
  after_commit(row, /*taken=*/true);
  expect_one("its clock was not set anew");
}

TEST_F(AuditTest, OnlyAConfirmedPublishIsMarkedSent) {
  audit_.confirmed("m", 1);
  mark_sent(1);
  EXPECT_TRUE(audit_.violations().empty());
  mark_sent(2);
  expect_one("was marked sent and never confirmed");
}

TEST_F(AuditTest, AReturnedPublishIsNotMarkedSent) {
  audit_.returned("m", 1);
  audit_.confirmed("m", 1);
  mark_sent(1);
  expect_one("was returned and marked sent");
}

TEST_F(AuditTest, PublishIsRecordedFirstAndMadeOnce) {
  const Row row = row_in(State::kSending);
  audit_.published("m", 1, &row);
  EXPECT_TRUE(audit_.violations().empty());
  audit_.published("m", 1, &row);
  expect_one("was made twice");
}

TEST_F(AuditTest, PublishOfNoRow) {
  audit_.published("m", 1, nullptr);
  expect_one("before the log knew of it");
}

TEST_F(AuditTest, PublishNumbersOfAPrunedRowBeginAnew) {
  const Row row = row_in(State::kSending);
  const auto appears = [&] {
    audit_.changed({"m"}, std::nullopt, Phase::kAbsent, Verb::kAppend, State::kSending, Phase::kUnclaimed, kMono);
  };
  appears();
  audit_.published("m", 1, &row);
  audit_.returned("m", 1);
  audit_.changed({"m"}, State::kConsumed, Phase::kUnclaimed, Verb::kPrune, State::kConsumed, Phase::kAbsent, kMono);
  appears();
  audit_.published("m", 1, &row);
  audit_.confirmed("m", 1);
  mark_sent(1);
  EXPECT_TRUE(audit_.violations().empty()) << testing::PrintToString(audit_.violations());
}

TEST_F(AuditTest, ExternalRowIsCancelledBeforeAnybodyHasIt) {
  Row row = row_in(State::kCancelled);
  row.queue = QueueName{};
  after_commit(row);
  EXPECT_TRUE(audit_.violations().empty());
  audit_.published("m", 1, &row);
  after_commit(row);
  expect_one("was published to others before");
}

TEST_F(AuditTest, TheOnlyCopyIsKeptUntilItsClaim) {
  Row row = row_in(State::kSent);
  audit_.acknowledged(row, 0);  // an earlier publish
  row.owner = Owner{"n0", BootNonce{1}};
  audit_.acknowledged(row, 1);
  EXPECT_TRUE(audit_.violations().empty());
  row.owner.reset();
  audit_.acknowledged(row, 1);
  expect_one("was acknowledged before its claim");
}

TEST_F(AuditTest, ArrowsThatAreNotDrawn) {
  audit_.changed({"m"}, State::kConsumed, Phase::kUnclaimed, Verb::kTake, State::kSending, Phase::kUnclaimed, kMono);
  expect_one("forbidden transition");
}

}  // namespace
}  // namespace waybill::sim
