#include "bench/load_driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

namespace waybill::bench {
namespace {

/// Answers on a thread of its own, as an intake does, and then tells the driver that the message was handled.
class FakeIntake final : public Intake {
 public:
  using Decide = std::function<std::optional<Error>(int asked)>;
  explicit FakeIntake(Decide decide) : decide_(std::move(decide)), thread_([this] { run(); }) {}
  ~FakeIntake() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void accept(IntakeRequest request, MonoTime, Done done) override {
    std::vector<IntakeRequest> one;
    one.push_back(std::move(request));
    accept_all(std::move(one), {}, [done = std::move(done)](const auto& answers) { done(answers.front()); });
  }
  void accept_all(std::vector<IntakeRequest> requests, MonoTime, DoneAll done) override {
    const std::lock_guard lock(mutex_);
    largest_call_ = std::max(largest_call_, requests.size());
    most_open_ = std::max(most_open_, open_ += requests.size());
    calls_.push_back({std::move(requests), std::move(done)});
    wake_.notify_one();
  }

  LoadDriver* driver = nullptr;
  Ledger* ledger = nullptr;
  std::size_t largest_call() {
    const std::lock_guard lock(mutex_);
    return largest_call_;
  }
  std::size_t most_open() {
    const std::lock_guard lock(mutex_);
    return most_open_;
  }

 private:
  struct Call {
    std::vector<IntakeRequest> requests;
    DoneAll done;
  };

  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return ending_ || !calls_.empty(); });
      if (calls_.empty()) return;
      Call call = std::move(calls_.front());
      calls_.erase(calls_.begin());
      lock.unlock();
      answer(call);
      lock.lock();
    }
  }

  void answer(Call& call) {
    std::vector<Result<AppendAnswer>> answers;
    std::vector<std::string> handled;
    for (std::size_t i = 0; i < call.requests.size(); ++i) {
      const int asked = asked_++;
      if (const auto error = decide_(asked)) {
        answers.emplace_back(*error);
        handled.emplace_back();
      } else {
        answers.emplace_back(AppendAnswer{AppendAnswer::Kind::kAccepted, {std::to_string(asked)}});
        handled.push_back(std::to_string(asked));
      }
    }
    {
      const std::lock_guard lock(mutex_);
      open_ -= call.requests.size();
    }
    call.done(std::move(answers));
    for (std::size_t i = 0; i < handled.size(); ++i) {
      if (handled[i].empty()) continue;
      const auto& body = call.requests[i].message.body.bytes();
      if (const auto index = ledger->handled(body, handled[i], std::chrono::steady_clock::now())) {
        driver->on_handled(*index);
      }
    }
  }

  const Decide decide_;
  int asked_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Call> calls_;
  std::size_t open_ = 0;
  std::size_t most_open_ = 0;
  std::size_t largest_call_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

struct Outcome {
  Status status = ok_status();
  Ledger::Verdict verdict;
  std::int64_t refused = 0;
  std::size_t most_open = 0;
  std::size_t largest_call = 0;
};

Outcome drive(const Load& load, FakeIntake::Decide decide) {
  Ledger ledger(load.messages, 7);
  RunWatch watch;
  Outcome outcome;
  std::optional<LoadDriver> driver;
  {
    FakeIntake intake(std::move(decide));
    driver.emplace(intake, ledger, watch, load);
    intake.driver = &*driver;
    intake.ledger = &ledger;
    outcome.status = driver->run();
    outcome.most_open = intake.most_open();
    outcome.largest_call = intake.largest_call();
  }
  outcome.verdict = ledger.verdict();
  outcome.refused = driver->refused();
  return outcome;
}

Load load_of(std::size_t messages) {
  Load load;
  load.messages = messages;
  load.size = Ledger::kBodyMin;
  return load;
}

std::optional<Error> accept_all_of_them(int) { return std::nullopt; }

TEST(LoadDriverTest, EveryMessageIsOfferedOnce) {
  const auto outcome = drive(load_of(5'000), accept_all_of_them);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status.error().message;
  EXPECT_EQ(outcome.verdict.accepted, 5'000);
  EXPECT_EQ(outcome.verdict.lost + outcome.verdict.duplicates + outcome.verdict.strangers, 0);
}

TEST(LoadDriverTest, NeverMoreAreUnderWayThanAllowed) {
  auto load = load_of(3'000);
  load.concurrency = 17;
  load.batch = 5;
  const auto outcome = drive(load, accept_all_of_them);
  ASSERT_TRUE(outcome.status.ok());
  EXPECT_LE(outcome.most_open, 17U);
  EXPECT_EQ(outcome.largest_call, 5U);
  EXPECT_EQ(outcome.verdict.accepted, 3'000);
}

TEST(LoadDriverTest, OneAtATimeIsPossible) {
  auto load = load_of(200);
  load.concurrency = 1;
  const auto outcome = drive(load, accept_all_of_them);
  ASSERT_TRUE(outcome.status.ok());
  EXPECT_EQ(outcome.most_open, 1U);
  EXPECT_EQ(outcome.verdict.accepted, 200);
}

TEST(LoadDriverTest, WhatIsRefusedForOverloadIsAskedForAgain) {
  const auto outcome = drive(load_of(300), [](int asked) -> std::optional<Error> {
    if (asked % 3 != 0) return std::nullopt;
    return make_error(asked % 2 == 0 ? ErrorClass::kOverload : ErrorClass::kRetry, "full");
  });
  ASSERT_TRUE(outcome.status.ok());
  EXPECT_EQ(outcome.verdict.accepted, 300);
  EXPECT_GE(outcome.refused, 100);
  EXPECT_EQ(outcome.verdict.duplicates + outcome.verdict.lost, 0);
}

TEST(LoadDriverTest, WhatIsInDoubtIsNotAskedForAgain) {
  const auto outcome = drive(load_of(10), [](int asked) -> std::optional<Error> {
    if (asked != 4) return std::nullopt;
    return make_error(ErrorClass::kInDoubt, "no answer");
  });
  ASSERT_TRUE(outcome.status.ok());
  EXPECT_EQ(outcome.verdict.accepted, 9);
  EXPECT_EQ(outcome.verdict.in_doubt, 1);
}

TEST(LoadDriverTest, ARefusalForEverEndsTheRun) {
  const auto outcome = drive(load_of(10), [](int asked) -> std::optional<Error> {
    if (asked != 4) return std::nullopt;
    return make_error(ErrorClass::kPermanent, "the body is too large");
  });
  ASSERT_FALSE(outcome.status.ok());
  EXPECT_EQ(outcome.status.error().message, "the body is too large");
}

TEST(LoadDriverTest, ARateIsKept) {
  auto load = load_of(100);
  load.rate = 1'000;
  const auto begin = std::chrono::steady_clock::now();
  const auto outcome = drive(load, accept_all_of_them);
  ASSERT_TRUE(outcome.status.ok());
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(99));
  EXPECT_EQ(outcome.verdict.accepted, 100);
}

TEST(LoadDriverTest, AnInterruptionEndsTheRun) {
  Ledger ledger(1'000'000, 7);
  RunWatch watch;
  watch.interrupt();
  FakeIntake intake(accept_all_of_them);
  LoadDriver driver(intake, ledger, watch, load_of(1'000'000));
  const Status status = driver.run();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().what, ErrorClass::kConflict);
}

}  // namespace
}  // namespace waybill::bench
