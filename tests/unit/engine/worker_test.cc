// When the worker acknowledges what its machine has recorded.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "core/headers.h"
#include "engine/worker.h"
#include "tests/unit/engine/service_fixture.h"

namespace waybill {
namespace {

/// Handlers that are done at once.
class DoneAtOnce final : public HandlerRunner {
 public:
  explicit DoneAtOnce(Loop& loop) : loop_(loop) {}
  [[nodiscard]] bool marks_effect(const QueueName&) const override { return false; }
  void start(std::uint64_t, const QueueName&, Attempt, Callbacks callbacks) override {
    loop_.post([finished = std::move(callbacks.on_finished)] { finished({Done{}}); });
  }
  void cancel(std::uint64_t) override {}

 private:
  Loop& loop_;
};

class WorkerTest : public ServiceTest {
 protected:
  using Acks = std::vector<std::pair<DeliveryTag, bool>>;

  WorkerTest() {
    options_.queues = {{"q"}};
    worker_.emplace(loop_, lane_, health_, handlers_, marks_, options_, metrics_, [] {});
    worker_->start(broker_);
    broker_.consume_events->on_consume_ready();
    pass(Duration{0});
  }
  void deliver(std::uint64_t number) {
    Message message;
    message.id.value = "m" + std::to_string(number);
    message.route = kRoute;
    const Mark mark{options_.log_identity, 1, wall_ms(0), sha256("body"), 0, std::nullopt};
    broker_.consume_events->on_delivery(Delivery{
        {1, number}, {"q"}, kRoute, message.id.value, "text/plain", with_mark(message, mark), Body("body"), false});
    pass(Duration{0});
    ClaimAnswer granted;
    granted.verdict = ClaimVerdict::kGranted;
    granted.attempt = 1;
    granted.publish_number = 1;
    answer<Claim>(Answer(granted));
    pass(Duration{0});
  }
  /// What a lane does with a flush: all its answers in one turn.
  void record(int outcomes) {
    loop_.post([this, outcomes] {
      for (int i = 0; i < outcomes; ++i) answer<Finish>(Answer(FinishAnswer{}));
    });
  }

  DoneAtOnce handlers_{loop_};
  WaitingMarks marks_{Duration{80}};
  std::optional<Worker> worker_;
};

TEST_F(WorkerTest, OneFlushOfOutcomesHasOneAcknowledgement) {
  for (std::uint64_t number = 1; number <= 20; ++number) deliver(number);
  record(20);
  pass(Duration{0});
  EXPECT_EQ(broker_.acked, (Acks{{{1, 20}, true}}));
}

TEST_F(WorkerTest, WhatWasRecordedIsAcknowledgedBeforeTheSessionEnds) {
  for (std::uint64_t number = 1; number <= 3; ++number) deliver(number);
  record(2);
  loop_.post([this] { worker_->close(); });
  pass(Duration{0});
  EXPECT_EQ(broker_.acked, (Acks{{{1, 2}, true}}));
}

}  // namespace
}  // namespace waybill
