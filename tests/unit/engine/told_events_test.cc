// What the engine tells people: once where it begins, with the ids where somebody must look.
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "engine/overload_watch.h"
#include "engine/worker_report.h"
#include "testing/sim_loop.h"

namespace waybill {
namespace {

std::string logged(const std::function<void()>& run) {
  testing::internal::CaptureStderr();
  run();
  return testing::internal::GetCapturedStderr();
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class OverloadWatchTest : public testing::Test {
 protected:
  void pass(Duration time) { world_.run_until(world_.now() + time); }
  void refuse_for(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      for (int k = 0; k < 100; ++k) watch_.on_refused();
      pass(Duration{1'000});
    }
  }

  SimWorld world_;
  OverloadWatch watch_{world_.add_node("me")};
};

TEST_F(OverloadWatchTest, AnOverloadIsToldAtItsBeginAndItsEnd) {
  const std::string during = logged([&] { refuse_for(30); });
  EXPECT_EQ(count_of(during, "\n"), 1U) << during;
  EXPECT_NE(during.find("warning intake: overload: messages are refused"), std::string::npos) << during;
  const std::string after = logged([&] { pass(Duration{60'000}); });
  EXPECT_EQ(count_of(after, "\n"), 1U) << after;
  EXPECT_NE(after.find("info intake: the overload is over refused=3000 lasted_ms=29000"), std::string::npos) << after;
}

TEST_F(OverloadWatchTest, TheNextOneIsToldAgain) {
  const std::string told = logged([&] {
    for (int i = 0; i < 2; ++i) {
      refuse_for(1);
      pass(Duration{10'000});
    }
  });
  EXPECT_EQ(count_of(told, "messages are refused"), 2U) << told;
  EXPECT_EQ(count_of(told, "the overload is over refused=100 "), 2U) << told;
}

std::string told_of(const HandlerOutcome& outcome, const FinishAnswer& answer, bool late = false) {
  Finish finish;
  finish.fence.id = MessageId{"m-7"};
  finish.outcome = outcome;
  NoMetrics metrics;
  return logged([&] { report(metrics, remember(finish, late), Result<Answer>(Answer(answer)), Duration{1}); });
}

TEST(WorkerReport, APossibleDuplicateIsToldWithItsMessage) {
  FinishAnswer answer;
  answer.possible_duplicate = true;
  const std::string told = told_of(Done{}, answer);
  EXPECT_EQ(count_of(told, "\n"), 1U) << told;
  EXPECT_NE(told.find("warning worker: possible duplicate: "), std::string::npos) << told;
  EXPECT_NE(told.find("msg_id=m-7"), std::string::npos) << told;
}

TEST(WorkerReport, ALateDoneIsToldWithItsMessage) {
  const std::string told = told_of(Done{}, {FinishAnswer::Kind::kLateDone, State::kDead, false});
  EXPECT_EQ(count_of(told, "\n"), 1U) << told;
  EXPECT_NE(told.find("warning worker: late done: "), std::string::npos) << told;
  EXPECT_NE(told.find("msg_id=m-7 status=dead"), std::string::npos) << told;
}

TEST(WorkerReport, AFailureIsToldAndASuccessIsNot) {
  EXPECT_EQ(told_of(Done{}, {}), "");
  FinishAnswer failed;
  failed.status = State::kConsumeFailed;
  EXPECT_NE(told_of(Retry{"421 later", std::nullopt}, failed).find("attempt failed msg_id=m-7"), std::string::npos);
  const std::string free = told_of(Retry{"no relay", std::nullopt, false}, failed);
  EXPECT_NE(free.find("attempt failed and used up no try msg_id=m-7"), std::string::npos) << free;
}

// It only brings recipients: the attempt was told and counted before.
TEST(WorkerReport, ALateFailureIsNotToldAgain) {
  FinishAnswer failed;
  failed.status = State::kOutcomeUnknown;
  EXPECT_NE(told_of(Unknown{"no answer"}, failed), "");
  EXPECT_EQ(told_of(Unknown{"no answer"}, failed, /*late=*/true), "");
}

}  // namespace
}  // namespace waybill
