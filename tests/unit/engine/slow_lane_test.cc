// The hot lane beside its slow one: new rows that a stranger keeps out move over, and are tried there until they are
// in, their deadline passes, or the lane ends.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "engine/group_commit.h"
#include "tests/unit/engine/engine_hands.h"

namespace waybill {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// What a stranger holds, and two logs see.
class Stranger {
 public:
  void hold(const std::string& id) {
    const std::lock_guard lock(mutex_);
    ids_.insert(id);
  }
  void let_go(const std::string& id) {
    const std::lock_guard lock(mutex_);
    ids_.erase(id);
  }
  [[nodiscard]] bool holds(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return ids_.contains(id);
  }

 private:
  std::mutex mutex_;
  std::set<std::string> ids_;
};

class StrangersLog final : public MessageLog {
 public:
  explicit StrangersLog(Stranger& stranger) : stranger_(stranger) {}

  Result<Committed> commit(std::span<const Write> writes) override {
    Committed committed;
    for (const Write& write : writes) {
      const auto* append = std::get_if<Append>(&write);
      const MessageId& id = append != nullptr ? append->message.id : std::get<Claim>(write).id;
      {
        const std::lock_guard lock(mutex_);
        ++asked_[id.value];
      }
      if (stranger_.holds(id.value)) {
        committed.answers.emplace_back(make_error(ErrorClass::kRetry, "held", kHeldByAnother));
      } else {
        committed.answers.emplace_back(Answer(CountAnswer{}));
      }
    }
    flushes.add();
    return committed;
  }
  Result<WallTime> now() override { return WallTime{}; }
  [[nodiscard]] std::string identity() const override { return "strangers"; }

  [[nodiscard]] int asked(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return asked_[id];
  }
  Counter flushes;

 private:
  Stranger& stranger_;
  std::mutex mutex_;
  std::map<std::string, int> asked_;
};

class SlowLaneTest : public ::testing::Test {
 protected:
  SlowLaneTest() {
    loop_.start();
    slow_.start();
    hot_.start();
  }
  ~SlowLaneTest() override {
    hot_.stop();
    slow_.stop();
    loop_.stop();
  }

  static Write append(const std::string& id) {
    Append write;
    write.message.id.value = id;
    return write;
  }
  static Write claim(const std::string& id) {
    Claim write;
    write.id.value = id;
    return write;
  }
  void submit(Write write, const std::string& id, Duration within = 5min) {
    hot_.submit(std::move(write), steady_clock::now() + within, [this, id](const Result<Answer>& answer) {
      {
        const std::lock_guard lock(mutex_);
        answers_[id] =
            answer.ok() ? "done" : answer.error().code + (answer.error().what == ErrorClass::kRetry ? "" : "?");
      }
      answered_.add();
    });
  }
  [[nodiscard]] std::string answer(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return answers_[id];
  }

  Stranger stranger_;
  StrangersLog hot_log_{stranger_};
  StrangersLog slow_log_{stranger_};
  LoopThread loop_;
  SystemWallClock clock_;
  LogHealth health_{Duration{15'000}, clock_};
  LogHealth slow_health_{Duration{15'000}, clock_};
  NoMetrics metrics_;
  std::mutex mutex_;
  std::map<std::string, std::string> answers_;
  Counter answered_;
  GroupCommit slow_{slow_log_,
                    loop_,
                    slow_health_,
                    metrics_,
                    [](const Error&) {},
                    FlushLimits{.held_again = 5ms},
                    GroupCommit::Role{.asks_again = true}};
  GroupCommit hot_{
      hot_log_, loop_, health_, metrics_, [](const Error&) {}, FlushLimits{}, GroupCommit::Role{.slow = &slow_}};
};

TEST_F(SlowLaneTest, NewRowThatIsKeptOutIsTriedThereUntilItIsIn) {
  stranger_.hold("theirs");
  submit(append("theirs"), "theirs");
  submit(append("ours"), "ours");
  ASSERT_TRUE(slow_log_.flushes.reaches(4));
  EXPECT_EQ(answer("ours"), "done");
  EXPECT_EQ(answer("theirs"), "");
  stranger_.let_go("theirs");
  ASSERT_TRUE(answered_.reaches(2));
  EXPECT_EQ(answer("theirs"), "done");
  EXPECT_EQ(hot_log_.asked("theirs"), 1) << "the hot lane meets it once";
  EXPECT_EQ(slow_log_.asked("ours"), 0);
}

TEST_F(SlowLaneTest, OtherWritesAreAnsweredAtOnce) {
  stranger_.hold("theirs");
  submit(claim("theirs"), "theirs");
  ASSERT_TRUE(answered_.reaches(1));
  EXPECT_EQ(answer("theirs"), kHeldByAnother);
  EXPECT_EQ(slow_log_.flushes.count(), 0);
}

TEST_F(SlowLaneTest, ItEndsAtItsDeadline) {
  stranger_.hold("theirs");
  submit(append("theirs"), "theirs", 1s);
  ASSERT_TRUE(answered_.reaches(1));
  EXPECT_EQ(answer("theirs"), kHeldByAnother);
  EXPECT_GT(slow_log_.flushes.count(), 0);
}

TEST_F(SlowLaneTest, ItEndsWithTheLane) {
  stranger_.hold("theirs");
  submit(append("theirs"), "theirs");
  ASSERT_TRUE(slow_log_.flushes.reaches(1));
  hot_.stop();
  slow_.stop();
  ASSERT_TRUE(answered_.reaches(1));
  EXPECT_EQ(answer("theirs"), kHeldByAnother);
}

}  // namespace
}  // namespace waybill
