// Handlers on their own threads: outcomes, exceptions, the gate, cancelling.
#include "engine/handler_pool.h"

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <stdexcept>

#include "tests/unit/engine/engine_hands.h"

namespace waybill {
namespace {

const QueueName kQueue{"q"};

class ScriptedHandler final : public Handler {
 public:
  using Script = std::function<HandlerOutcome(const Attempt&, EffectGate&)>;
  ScriptedHandler(bool marks, Script script) : marks_(marks), script_(std::move(script)) {}
  [[nodiscard]] bool marks_effect() const override { return marks_; }
  HandlerOutcome handle(const Attempt& attempt, EffectGate& gate) override { return script_(attempt, gate); }

 private:
  const bool marks_;
  const Script script_;
};

class HandlerPoolTest : public ::testing::Test {
 protected:
  HandlerPoolTest() { loop_.start(); }
  ~HandlerPoolTest() override {
    if (pool_) pool_->stop();
    loop_.stop();
  }
  HandlerPool& pool(bool marks, ScriptedHandler::Script script, int threads = 2) {
    finish_turn();
    handler_.emplace(marks, std::move(script));
    pool_.emplace(loop_, std::map<QueueName, Handler*>{{kQueue, &*handler_}}, threads);
    return *pool_;
  }
  /// Runs one attempt whose question for its effect is answered `proceed`.
  HandlerOutcome outcome_of(HandlerPool& pool, bool proceed = true, const Digest* digest = nullptr) {
    return report_of(pool, proceed, digest).outcome;
  }
  AttemptReport report_of(HandlerPool& pool, bool proceed = true, const Digest* digest = nullptr) {
    std::promise<AttemptReport> report;
    HandlerRunner::Callbacks callbacks;
    callbacks.on_begin_effect = [proceed](const std::function<void(bool)>& answer) { answer(proceed); };
    callbacks.on_finished = [&](AttemptReport given) { report.set_value(std::move(given)); };
    Attempt attempt;
    attempt.id.value = "a";
    attempt.body = Body("body of a");
    if (digest != nullptr) attempt.digest = *digest;
    pool.start(1, kQueue, attempt, callbacks);
    auto answer = report.get_future();
    if (answer.wait_for(std::chrono::seconds(30)) != std::future_status::ready) return {Fail{"no outcome in time"}};
    return answer.get();
  }

  /// A pool may go when nothing that it has posted waits.
  void finish_turn() {
    std::promise<void> reached;
    loop_.post([&] { reached.set_value(); });
    reached.get_future().wait();
  }

  LoopThread loop_;
  std::optional<ScriptedHandler> handler_;
  std::optional<HandlerPool> pool_;
};

TEST_F(HandlerPoolTest, ABodyOutOfTheLogMustBeTheOneThatWasAccepted) {
  int handled = 0;
  auto& pool = this->pool(true, [&](const Attempt&, EffectGate&) {
    ++handled;
    return Done{};
  });
  const Digest right = sha256("body of a");
  const Digest wrong = sha256("another");
  EXPECT_TRUE(std::holds_alternative<Done>(outcome_of(pool, true, &right)));
  EXPECT_TRUE(std::holds_alternative<Fail>(outcome_of(pool, true, &wrong)));
  EXPECT_EQ(handled, 1);
}

TEST_F(HandlerPoolTest, HandlerGetsItsAttemptAndItsOutcomeComesBack) {
  auto& runner = pool(false, [](const Attempt& attempt, EffectGate&) { return Done{"handled " + attempt.id.value}; });
  EXPECT_FALSE(runner.marks_effect(kQueue));
  EXPECT_EQ(std::get<Done>(outcome_of(runner)).result, "handled a");
}

TEST_F(HandlerPoolTest, ExceptionBeforeTheMarkedEffectIsARetryAndAfterwardsUnknown) {
  auto& before = pool(true, [](const Attempt&, EffectGate&) -> HandlerOutcome { throw std::runtime_error("early"); });
  const auto early = outcome_of(before);
  ASSERT_TRUE(std::holds_alternative<Retry>(early));
  EXPECT_EQ(std::get<Retry>(early).error, "the handler threw: early");
  pool_->stop();
  auto& after = pool(true, [](const Attempt&, EffectGate& gate) -> HandlerOutcome {
    if (gate.begin_effect()) throw std::runtime_error("late");
    return Done{};
  });
  EXPECT_TRUE(std::holds_alternative<Unknown>(outcome_of(after)));
}

TEST_F(HandlerPoolTest, ExceptionOfAHandlerThatMarksNoEffectIsUnknown) {
  auto& runner = pool(false, [](const Attempt&, EffectGate&) -> HandlerOutcome { throw std::runtime_error("x"); });
  EXPECT_TRUE(std::holds_alternative<Unknown>(outcome_of(runner)));
}

TEST_F(HandlerPoolTest, WhateverElseIsThrownCountsByTheSameRule) {
  auto& before = pool(true, [](const Attempt&, EffectGate&) -> HandlerOutcome { throw 42; });
  EXPECT_TRUE(std::holds_alternative<Retry>(outcome_of(before)));
  pool_->stop();
  auto& unmarked = pool(false, [](const Attempt&, EffectGate&) -> HandlerOutcome { throw 42; });
  EXPECT_TRUE(std::holds_alternative<Unknown>(outcome_of(unmarked)));
}

TEST_F(HandlerPoolTest, DeniedEffectIsToldToTheHandler) {
  auto& runner = pool(true, [](const Attempt&, EffectGate& gate) -> HandlerOutcome {
    return gate.begin_effect() ? HandlerOutcome(Done{}) : HandlerOutcome(Retry{"denied", std::nullopt});
  });
  EXPECT_TRUE(std::holds_alternative<Retry>(outcome_of(runner, /*proceed=*/false)));
}

TEST_F(HandlerPoolTest, WhatIsRecordedComesWithTheReportAlsoOfAHandlerThatThrows) {
  const RecipientRecord first{"a@x", {RecipientFate::kDelivered, 250, "", ""}, "mx:25"};
  const RecipientRecord second{"b@x", {RecipientFate::kRefused, 550, "", ""}, "mx:25"};
  auto& runner = pool(false, [&](const Attempt&, EffectGate& gate) -> HandlerOutcome {
    gate.record({first});
    gate.record({second});
    throw std::runtime_error("afterwards");
  });
  const AttemptReport report = report_of(runner);
  EXPECT_TRUE(std::holds_alternative<Unknown>(report.outcome));
  EXPECT_EQ(report.recipients, (std::vector<RecipientRecord>{first, second}));
}

TEST_F(HandlerPoolTest, WhatNoLogCanKeepIsRefusedWhenItIsRecorded) {
  for (const std::string& address :
       {std::string(), std::string(kRecipientAddressMax + 1, 'a'), std::string("\xff@x")}) {
    auto& runner = pool(false, [&](const Attempt&, EffectGate& gate) -> HandlerOutcome {
      gate.record({{"good@x", {}, ""}});
      gate.record({{address, {}, ""}});
      return Done{};
    });
    const AttemptReport report = report_of(runner);
    EXPECT_TRUE(std::holds_alternative<Unknown>(report.outcome));
    EXPECT_EQ(report.recipients.size(), 1U);
    pool_->stop();
  }
  auto& runner = pool(false, [&](const Attempt&, EffectGate& gate) -> HandlerOutcome {
    gate.record(std::vector<RecipientRecord>(kRecipientsMax, {"a@x", {}, ""}));
    gate.record({{"one@more", {}, ""}});
    return Done{};
  });
  EXPECT_EQ(report_of(runner).recipients.size(), kRecipientsMax);
}

TEST_F(HandlerPoolTest, CancelEndsTheWaitForTheEffectAndIsSeenByTheHandler) {
  std::promise<bool> begun;
  std::promise<bool> cancelled;
  Counter asked;
  auto& runner = pool(true, [&](const Attempt&, EffectGate& gate) -> HandlerOutcome {
    begun.set_value(gate.begin_effect());
    cancelled.set_value(gate.cancelled());
    return Done{};
  });
  Counter finished;
  HandlerRunner::Callbacks callbacks;
  callbacks.on_begin_effect = [&](const std::function<void(bool)>&) { asked.add(); };
  callbacks.on_finished = [&](const AttemptReport&) { finished.add(); };
  runner.start(7, kQueue, Attempt{}, callbacks);
  ASSERT_TRUE(asked.reaches(1));
  runner.cancel(8);
  runner.cancel(7);
  ASSERT_TRUE(finished.reaches(1));
  EXPECT_FALSE(begun.get_future().get());
  EXPECT_TRUE(cancelled.get_future().get());
}

TEST_F(HandlerPoolTest, AsManyHandlersRunAtOnceAsThereAreThreadsAndStopWaitsForAll) {
  constexpr int kThreads = 3, kRuns = 7;
  Counter running;
  Counter finished;
  std::promise<void> open;
  const auto gate_open = open.get_future().share();
  auto& runner = pool(
      false,
      [&](const Attempt&, EffectGate&) -> HandlerOutcome {
        running.add();
        (void)gate_open.wait_for(std::chrono::seconds(30));
        return Done{};
      },
      kThreads);
  HandlerRunner::Callbacks callbacks;
  callbacks.on_finished = [&](const AttemptReport&) { finished.add(); };
  for (std::uint64_t key = 1; key <= kRuns; ++key) runner.start(key, kQueue, Attempt{}, callbacks);
  ASSERT_TRUE(running.reaches(kThreads));
  EXPECT_EQ(running.count(), kThreads);
  open.set_value();
  runner.stop();
  EXPECT_EQ(running.count(), kRuns);
  EXPECT_TRUE(finished.reaches(kRuns));
}

}  // namespace
}  // namespace waybill
