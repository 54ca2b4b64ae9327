// Recipients on their way through the worker: from the claim to the handler, and with its report into the log.
#include "tests/unit/engine/worker_machine_fixture.h"

namespace waybill {
namespace {

const std::vector<RecipientRecord> kTold = {{"a@x", {RecipientFate::kDelivered, 250, "", "taken"}, "mx:25"},
                                            {"b@x", {RecipientFate::kTryAgain, 450, "", "busy"}, "mx:25"}};

class WorkerRecipientsTest : public WorkerMachineTest {
 protected:
  WorkerRecipientsTest() { options_.worker.after_effect = Duration{2'000}; }
  M::Actions finish_telling(Key key, HandlerOutcome outcome, std::int64_t now) {
    return machine().on_finished(key, {std::move(outcome), kTold}, moment(now));
  }
};

TEST_F(WorkerRecipientsTest, TheHandlerIsToldWhatTheClaimTells) {
  Key key = 0;
  ASSERT_TRUE(write<Claim>(deliver("a"), &key));
  auto claimed = std::get<ClaimAnswer>(*granted());
  claimed.recipients = kTold;
  const auto started = one<M::Start>(answer(key, Answer(claimed), 0));
  ASSERT_TRUE(started);
  EXPECT_EQ(started->attempt.recipients, kTold);
}

TEST_F(WorkerRecipientsTest, TheReportRidesInTheWriteOfTheOutcome) {
  const Key key = start("a");
  const auto actions = finish_telling(key, Retry{"b@x: busy", std::nullopt}, 1);
  ASSERT_EQ(all<M::Submit>(actions).size(), 1U);
  EXPECT_FALSE(all<M::Submit>(actions)[0].late);
  EXPECT_EQ(write<Finish>(actions)->recipients, kTold);
  (void)answer(key, no_answer(), 2);
  EXPECT_EQ(write<Finish>(tick(1'000))->recipients, kTold) << "as often as it is asked";
  (void)answer(key, recorded(), 1'001);
  EXPECT_TRUE(machine().idle());
}

TEST_F(WorkerRecipientsTest, WhatComesAfterTheDeadlinesReportIsRecordedToo) {
  const Key key = start("a");
  EXPECT_TRUE(write<Finish>(tick(2'000))->recipients.empty());
  (void)answer(key, recorded(), 2'001);
  const auto actions = finish_telling(key, Unknown{"b@x: no answer"}, 2'002);
  ASSERT_TRUE(write<Finish>(actions));
  EXPECT_EQ(write<Finish>(actions)->recipients, kTold);
  EXPECT_TRUE(all<M::Submit>(actions)[0].late);
  (void)answer(key, recorded(), 2'003);
  EXPECT_TRUE(machine().idle());
}

TEST_F(WorkerRecipientsTest, WhatCrossesTheDeadlinesReportIsRecordedAfterIt) {
  const Key key = start("a");
  EXPECT_TRUE(write<Finish>(tick(2'000)));
  EXPECT_TRUE(finish_telling(key, Retry{"b@x: busy", std::nullopt}, 2'001).empty());
  const auto second = write<Finish>(answer(key, recorded(), 2'002));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->recipients, kTold);
  (void)answer(key, recorded(), 2'003);
  EXPECT_TRUE(machine().idle());
}

TEST_F(WorkerRecipientsTest, WhatALostAttemptHasDeliveredIsRecorded) {
  options_.worker.after_effect = std::chrono::hours(1);
  const Key key = start("a");
  EXPECT_TRUE(write<Renew>(tick(5'000)));
  EXPECT_TRUE(one<M::CancelHandler>(answer(key, refused(), 5'001)));
  const auto actions = finish_telling(key, Retry{"cancelled", std::nullopt}, 5'002);
  ASSERT_TRUE(write<Finish>(actions));
  EXPECT_EQ(write<Finish>(actions)->recipients, kTold);
}

TEST_F(WorkerRecipientsTest, AWriteThatCanNeverSucceedIsNotAskedForEver) {
  const Key key = start("a");
  EXPECT_TRUE(write<Finish>(finish_telling(key, Done{}, 1)));
  (void)answer(key, no_answer(ErrorClass::kPermanent), 2);
  EXPECT_TRUE(tick(10'000).empty());
  EXPECT_TRUE(machine().idle());
}

}  // namespace
}  // namespace waybill
