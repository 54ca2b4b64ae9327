// The lane's thread: one flush in flight, each caller its own answer, errors by class, start and stop.
#include "engine/group_commit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <future>
#include <thread>

#include "tests/unit/engine/engine_hands.h"

namespace waybill {
namespace {

using std::chrono::steady_clock;

/// Answers each append with its own id. Flushes wait while it is held, and fail as planned.
class GateLog final : public MessageLog {
 public:
  Result<Committed> commit(std::span<const Write> writes) override {
    std::unique_lock lock(mutex_);
    flights_max_ = std::max(flights_max_, ++flights_);
    sizes_.push_back(writes.size());
    flushes.add();
    opened_.wait_for(lock, std::chrono::seconds(30), [this] { return !held_; });
    --flights_;
    if (!errors_.empty()) {
      const ErrorClass what = errors_.front();
      if (!fails_for_ever_) errors_.pop_front();
      return make_error(what, "planned");
    }
    Committed committed;
    for (const Write& write : writes) {
      AppendAnswer answer;
      if (const auto* append = std::get_if<Append>(&write)) answer.id = append->message.id;
      committed.answers.emplace_back(Answer(std::move(answer)));
    }
    return committed;
  }
  Result<WallTime> now() override { return WallTime{}; }
  [[nodiscard]] std::string identity() const override { return "gate"; }

  void hold(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
    opened_.notify_all();
  }
  void fail_once(ErrorClass what) {
    const std::lock_guard lock(mutex_);
    errors_.push_back(what);
  }
  void fail_for_ever(ErrorClass what) {
    fail_once(what);
    const std::lock_guard lock(mutex_);
    fails_for_ever_ = true;
  }
  [[nodiscard]] std::vector<std::size_t> sizes() {
    const std::lock_guard lock(mutex_);
    return sizes_;
  }
  [[nodiscard]] int flights_max() {
    const std::lock_guard lock(mutex_);
    return flights_max_;
  }

  Counter flushes;

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool held_ = false;
  bool fails_for_ever_ = false;
  int flights_ = 0;
  int flights_max_ = 0;
  std::deque<ErrorClass> errors_;
  std::vector<std::size_t> sizes_;
};

/// Keeps the tasks, so that a test sees how many turns the answers took.
class HandLoop final : public Loop {
 public:
  [[nodiscard]] MonoTime now() const override { return steady_clock::now(); }
  void post(Task task) override {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    posts.add();
  }
  void call_at(MonoTime, Task task) override {
    {
      const std::lock_guard lock(mutex_);
      timed_.push_back(std::move(task));
    }
    timers.add();
  }
  /// As if every deadline had come.
  void run_timers() {
    std::vector<Task> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(timed_);
    }
    for (Task& task : tasks) task();
  }
  void run() {
    std::vector<Task> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(tasks_);
    }
    for (Task& task : tasks) task();
  }
  Counter posts;
  Counter timers;

 private:
  std::mutex mutex_;
  std::vector<Task> tasks_;
  std::vector<Task> timed_;
};

class GroupCommitTest : public ::testing::Test {
 protected:
  GroupCommit& lane(FlushLimits limits = {}) {
    if (!lane_) {
      lane_.emplace(
          log_, loop_, health_, metrics_, [this](const Error&) { broken_.add(); }, limits);
      lane_->start();
    }
    return *lane_;
  }
  void submit(const std::string& id, MonoTime deadline = steady_clock::now() + std::chrono::minutes(5)) {
    Append append;
    append.message.id.value = id;
    lane().submit(std::move(append), deadline, [this, id](Result<Answer> answer) {
      if (!answer.ok()) {
        errors_.push_back(id + ":" + std::to_string(static_cast<int>(answer.error().what)));
      } else {
        answers_.push_back(std::get<AppendAnswer>(*answer).id.value + "=" + id);
      }
    });
  }
  static std::string error_of(const std::string& id, ErrorClass what) {
    return id + ":" + std::to_string(static_cast<int>(what));
  }

  GateLog log_;
  HandLoop loop_;
  SystemWallClock clock_;
  LogHealth health_{Duration{15'000}, clock_};
  NoMetrics metrics_;
  Counter broken_;
  std::vector<std::string> answers_;
  std::vector<std::string> errors_;

 private:
  std::optional<GroupCommit> lane_;  // last: its thread uses the others
};

TEST_F(GroupCommitTest, WhatArrivesDuringAFlushIsTheNextFlushAndIsAnsweredInOneTurn) {
  log_.hold(true);
  submit("a");
  ASSERT_TRUE(log_.flushes.reaches(1));
  for (const char* id : {"b", "c", "d"}) submit(id);
  log_.hold(false);
  ASSERT_TRUE(loop_.posts.reaches(2));
  lane().stop();
  loop_.run();
  EXPECT_EQ(log_.sizes(), (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(log_.flights_max(), 1);
  EXPECT_EQ(loop_.posts.count(), 2);
  EXPECT_EQ(answers_, (std::vector<std::string>{"a=a", "b=b", "c=c", "d=d"}));
}

TEST_F(GroupCommitTest, LoneWriteWaitsForNoTimer) {
  FlushLimits limits;
  limits.lazy_max = std::chrono::hours(1);
  lane(limits);
  submit("a");
  ASSERT_TRUE(loop_.posts.reaches(1));
  EXPECT_EQ(log_.sizes(), (std::vector<std::size_t>{1}));
}

TEST_F(GroupCommitTest, FlushThatFailedIsTriedAgainWithTheSameWrites) {
  log_.fail_once(ErrorClass::kInDoubt);
  log_.fail_once(ErrorClass::kRetry);
  submit("a");
  ASSERT_TRUE(loop_.posts.reaches(1));
  loop_.run();
  EXPECT_EQ(answers_, (std::vector<std::string>{"a=a"}));
  EXPECT_EQ(log_.sizes(), (std::vector<std::size_t>{1, 1, 1}));
  EXPECT_TRUE(health_.answering(steady_clock::now()));
}

TEST_F(GroupCommitTest, WriteThatTheLogNeverTookEndsAtItsDeadlineAsRetry) {
  log_.fail_for_ever(ErrorClass::kRetry);
  submit("a", steady_clock::now() + Duration{30});
  ASSERT_TRUE(loop_.posts.reaches(1));
  loop_.run();
  EXPECT_EQ(errors_, (std::vector<std::string>{error_of("a", ErrorClass::kRetry)}));
  EXPECT_FALSE(health_.answering(steady_clock::now()));
}

TEST_F(GroupCommitTest, WriteWhoseFlushMayHaveHappenedEndsAtItsDeadlineInDoubt) {
  log_.fail_for_ever(ErrorClass::kInDoubt);
  log_.hold(true);
  submit("a", steady_clock::now() + Duration{30});
  ASSERT_TRUE(log_.flushes.reaches(1));
  log_.hold(false);
  ASSERT_TRUE(loop_.posts.reaches(1));
  loop_.run();
  EXPECT_EQ(errors_, (std::vector<std::string>{error_of("a", ErrorClass::kInDoubt)}));
}

TEST_F(GroupCommitTest, DeadlineIsKeptWhileTheFlushHangs) {
  log_.hold(true);
  const MonoTime deadline = steady_clock::now() + std::chrono::seconds(1);
  submit("under way", deadline);
  ASSERT_TRUE(log_.flushes.reaches(1));
  submit("waiting", deadline);
  ASSERT_TRUE(loop_.timers.reaches(1));
  std::this_thread::sleep_until(deadline);
  loop_.run_timers();
  loop_.run();
  std::ranges::sort(errors_);
  EXPECT_EQ(errors_, (std::vector<std::string>{error_of("under way", ErrorClass::kInDoubt),
                                               error_of("waiting", ErrorClass::kRetry)}));
  log_.hold(false);
  submit("next");
  ASSERT_TRUE(log_.flushes.reaches(2));
  ASSERT_TRUE(loop_.posts.reaches(3));
  loop_.run();
  EXPECT_EQ(answers_, (std::vector<std::string>{"next=next"})) << "nobody is answered twice";
}

TEST_F(GroupCommitTest, WhatIsInDoubtStaysInDoubtWhenTheLogBreaks) {
  log_.fail_once(ErrorClass::kInDoubt);
  log_.fail_once(ErrorClass::kPermanent);
  submit("a");
  ASSERT_TRUE(broken_.reaches(1));
  ASSERT_TRUE(loop_.posts.reaches(1));
  loop_.run();
  EXPECT_EQ(errors_, (std::vector<std::string>{error_of("a", ErrorClass::kInDoubt)}));
}

TEST_F(GroupCommitTest, PermanentErrorBreaksTheLaneOnceAndAnswersEverybody) {
  log_.fail_for_ever(ErrorClass::kPermanent);
  log_.hold(true);
  submit("flushed");
  ASSERT_TRUE(log_.flushes.reaches(1));
  submit("waiting");
  log_.hold(false);
  ASSERT_TRUE(broken_.reaches(1));
  ASSERT_TRUE(loop_.posts.reaches(2));
  submit("late");
  lane().stop();
  loop_.run();
  EXPECT_EQ(broken_.count(), 1);
  EXPECT_EQ(log_.flushes.count(), 1);
  EXPECT_EQ(errors_,
            (std::vector<std::string>{error_of("flushed", ErrorClass::kRetry), error_of("waiting", ErrorClass::kRetry),
                                      error_of("late", ErrorClass::kRetry)}))
      << "no request is wrong because the log is broken";
}

TEST_F(GroupCommitTest, FullLaneAnswersOverloadAtOnce) {
  FlushLimits limits;
  limits.bulk_rows_max = 1;
  log_.hold(true);
  lane(limits);
  submit("a");
  ASSERT_TRUE(log_.flushes.reaches(1));
  submit("b");
  submit("c");
  ASSERT_TRUE(loop_.posts.reaches(1));
  loop_.run();
  EXPECT_EQ(errors_, (std::vector<std::string>{error_of("c", ErrorClass::kOverload)}));
  log_.hold(false);
  ASSERT_TRUE(loop_.posts.reaches(3));
}

TEST_F(GroupCommitTest, StopFlushesWhatWaitsEvenLazyMarks) {
  FlushLimits limits;
  limits.lazy_max = Duration{200};
  log_.hold(true);
  lane(limits);
  submit("a");
  ASSERT_TRUE(log_.flushes.reaches(1));
  submit("b");
  auto stopped = std::async(std::launch::async, [this] { lane().stop(); });
  log_.hold(false);
  ASSERT_EQ(stopped.wait_for(std::chrono::seconds(30)), std::future_status::ready);
  lane().stop();
  loop_.run();
  EXPECT_EQ(answers_, (std::vector<std::string>{"a=a", "b=b"}));
}

TEST(GroupCommitStressTest, EveryWriteOfManyThreadsIsAnsweredOnceThroughManyStartsAndStops) {
  constexpr int kRounds = 30, kThreads = 4, kWrites = 50;
  SystemWallClock clock;
  for (int round = 0; round < kRounds; ++round) {
    GateLog log;
    LogHealth health(Duration{15'000}, clock);
    std::vector<int> answered(kThreads * kWrites, 0);  // on the loop
    Counter all;
    LoopThread loop;
    loop.start();
    NoMetrics metrics;
    GroupCommit lane(log, loop, health, metrics, [](const Error&) {});
    lane.start();
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kWrites; ++i) {
          const auto slot = static_cast<std::size_t>(t * kWrites + i);
          Append append;
          append.message.id.value = std::to_string(slot);
          lane.submit(std::move(append), steady_clock::now() + std::chrono::minutes(1),
                      [&, slot](const Result<Answer>& answer) {
                        // Refused is an answer too: some writes come after the stop.
                        const bool own =
                            !answer.ok() || std::get<AppendAnswer>(answer.value()).id.value == std::to_string(slot);
                        answered[slot] += own ? 1 : 100;
                        all.add();
                      });
        }
      });
    }
    if (round % 2 == 0) lane.stop();
    for (auto& thread : threads) thread.join();
    lane.stop();
    ASSERT_TRUE(all.reaches(kThreads * kWrites));
    loop.stop();
    EXPECT_EQ(std::ranges::count(answered, 1), kThreads * kWrites);
    EXPECT_LE(log.flights_max(), 1);
  }
}

}  // namespace
}  // namespace waybill
