// That a message died, or is held, because its attempts never reported is told by whoever ended the last one.
#include <gtest/gtest.h>

#include <map>

#include "engine/node.h"
#include "engine/redeliverer.h"
#include "engine/worker_report.h"
#include "tests/unit/engine/engine_hands.h"

namespace waybill {
namespace {

class CountingMetrics final : public Metrics {
 public:
  void add(Count what, std::uint64_t times) override { counts_[what] += times; }
  void observe(Measure /*what*/, double /*value*/) override {}
  [[nodiscard]] std::uint64_t count(Count what) const { return counts_.contains(what) ? counts_.at(what) : 0; }

 private:
  std::map<Count, std::uint64_t> counts_;
};

class LapseReportTest : public ::testing::Test {
 protected:
  LapseReportTest() { options_.owner = {"me", {7}}; }
  void pass(Duration time) { world_.run_until(world_.now() + time); }
  // What the answer makes the engine log.
  static std::string told(const HandLane::Asked& asked, Answer answer) {
    ::testing::internal::CaptureStderr();
    asked.done(std::move(answer));
    return ::testing::internal::GetCapturedStderr();
  }
  static void expect_line(const std::string& text, std::string_view event, std::string_view id) {
    for (std::size_t begin = 0; begin < text.size();) {
      const auto end = text.find('\n', begin);
      const std::string_view line = std::string_view(text).substr(begin, end - begin);
      if (line.find(event) != line.npos && line.find(id) != line.npos) return;
      begin = end == text.npos ? text.size() : end + 1;
    }
    ADD_FAILURE() << "no line says '" << event << "' of " << id << ":\n" << text;
  }

  SimWorld world_;
  SimNode& loop_ = world_.add_node("me");
  HandLane lane_;
  HandBroker broker_;
  CountingMetrics metrics_;
  EngineOptions options_;
  LogHealth health_{options_.worker.lease, world_.wall()};
};

TEST_F(LapseReportTest, ATakeThatEndedMessagesTellsEach) {
  Publisher publisher(loop_, lane_, health_, options_, metrics_, [] {});
  publisher.start(broker_);
  broker_.publish_events->on_publish_ready();
  pass(Duration{0});
  Redeliverer redeliverer(loop_, lane_, health_, publisher, options_, metrics_);
  redeliverer.start();
  TakeAnswer answer;
  answer.lapsed = 3;
  answer.ended = {{{"order-1"}, State::kDead}, {{"order-2"}, State::kOutcomeUnknown}};
  const std::string text = told(lane_.take<Take>().value(), answer);
  expect_line(text, "message is dead", "msg_id=order-1");
  expect_line(text, "attempt never finished", "msg_id=order-1");
  expect_line(text, "message is held for a person", "msg_id=order-2");
  expect_line(text, "attempts lapsed", "rows=3");
  EXPECT_EQ(metrics_.count(Count::kDead), 1U);
  EXPECT_EQ(metrics_.count(Count::kLapsed), 2U) << "an attempt that ended its message counts as dead alone";
}

TEST_F(LapseReportTest, TheEndOfAFormerRunTellsWhichMessagesDiedWithIt) {
  options_.former_boot_is_dead = true;
  options_.relay = false;
  Node node(Node::Parts{loop_, lane_, health_, broker_, nullptr, world_.wall(), metrics_}, options_);
  ASSERT_TRUE(node.start().ok());
  pass(Duration{0});
  const std::string text = told(lane_.take<LapseOwner>().value(), LapseAnswer{2, {{{"order-1"}, State::kDead}}});
  expect_line(text, "message is dead", "msg_id=order-1");
  expect_line(text, "attempts of a former run lapsed", "rows=2");
  EXPECT_EQ(metrics_.count(Count::kDead), 1U);
  EXPECT_EQ(metrics_.count(Count::kLapsed), 1U);
}

TEST_F(LapseReportTest, AClaimTellsOfTheMessageThatItFoundAtItsLimit) {
  ClaimAnswer answer;
  answer.verdict = ClaimVerdict::kDead;
  answer.lapsed = LapsedRow{{"order-1"}, State::kDead};
  ::testing::internal::CaptureStderr();
  report(metrics_, remember(Claim{}), Answer(answer), Duration{1});
  expect_line(::testing::internal::GetCapturedStderr(), "message is dead", "msg_id=order-1");
  EXPECT_EQ(metrics_.count(Count::kDead), 1U);
  EXPECT_EQ(metrics_.count(Count::kLapsed), 0U);
  EXPECT_EQ(metrics_.count(Count::kClaimDead), 1U);

  answer.verdict = ClaimVerdict::kGranted;
  answer.lapsed = LapsedRow{{"order-1"}, State::kSending};
  ::testing::internal::CaptureStderr();
  report(metrics_, remember(Claim{}), Answer(answer), Duration{1});
  EXPECT_EQ(::testing::internal::GetCapturedStderr().find("message is"), std::string::npos);
  EXPECT_EQ(metrics_.count(Count::kLapsed), 1U);
}

}  // namespace
}  // namespace waybill
