// What the in-process broker promises beyond the contract suite: threads, lifetimes, bounds in bytes.
#include "broker/inprocess/inprocess_broker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "base/loop.h"
#include "testing/sim_loop.h"

namespace waybill {
namespace {

struct PublishCounts : PublishEvents {
  void on_publish_ready() override { ++ready; }
  void on_blocked(std::string reason) override {
    ++blocked;
    why = std::move(reason);
  }
  void on_publish_down(std::string) override { ++down; }
  void on_returned(PublishTag, int, std::string) override { ++returned; }
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) override {
    ++confirm_events;
    confirmed += acked.size() + nacked.size();
  }
  std::atomic<std::size_t> ready{0}, blocked{0}, down{0}, returned{0}, confirm_events{0}, confirmed{0};
  std::string why;
};

struct ConsumeCalls : ConsumeEvents {
  void on_consume_ready() override {}
  void on_delivery(Delivery delivery) override { then(std::move(delivery)); }
  void on_cancelled(QueueName, std::string reason) override { cancelled = std::move(reason); }
  void on_consume_down(std::string) override {}
  std::function<void(Delivery)> then = [](const Delivery&) {};
  std::string cancelled;
};

const Topology kTopology{{"ex"}, {{{"q"}}}, {{{"ex", "key"}, {"q"}}}};

std::vector<Outgoing> batch_of(std::size_t count, PublishTag first, std::size_t body_bytes = 100) {
  const Body body(std::string(body_bytes, 'x'));
  std::vector<Outgoing> batch;
  for (std::size_t i = 0; i < count; ++i) {
    batch.push_back({first + i, {"ex", "key"}, {"m" + std::to_string(first + i)}, "text/plain", {{"x", "y"}}, body});
  }
  return batch;
}

bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

class InProcessOnVirtualTime : public testing::Test {
 protected:
  void run() { world_.run_until(world_.now()); }

  SimWorld world_;
  SimNode& loop_ = world_.add_node("loop");
};

TEST_F(InProcessOnVirtualTime, ConfirmsOfOneCallComeAsOneEvent) {
  InProcessBroker broker(loop_);
  ASSERT_TRUE(broker.declare(kTopology).ok());
  PublishCounts counts;
  const auto session = broker.open_publisher(counts);
  ASSERT_TRUE(session->publish(batch_of(500, 1)));
  ASSERT_TRUE(session->publish(batch_of(1, 501)));
  EXPECT_EQ(counts.confirmed, 0U) << "never from inside the call";
  run();
  EXPECT_EQ(counts.confirm_events, 2U);
  EXPECT_EQ(counts.confirmed, 501U);
}

TEST_F(InProcessOnVirtualTime, EventsOfManyCallsWaitInOneTaskOfTheLoop) {
  InProcessBroker broker(loop_);
  ASSERT_TRUE(broker.declare(kTopology).ok());
  PublishCounts counts;
  const auto session = broker.open_publisher(counts);
  for (PublishTag tag = 1; tag <= 100; ++tag) ASSERT_TRUE(session->publish(batch_of(1, tag)));
  EXPECT_EQ(world_.pending(), 1U);
}

TEST_F(InProcessOnVirtualTime, QueueFullByBytesBlocks) {
  InProcessBroker broker(loop_, {.max_queue_bytes = 1'000'000});
  ASSERT_TRUE(broker.declare(kTopology).ok());
  PublishCounts counts;
  const auto session = broker.open_publisher(counts);
  ASSERT_TRUE(session->publish(batch_of(9, 1, 100'000)));
  run();
  EXPECT_EQ(counts.blocked, 0U);
  ASSERT_TRUE(session->publish(batch_of(3, 10, 100'000))) << "the call that fills it is taken whole";
  EXPECT_FALSE(session->publish(batch_of(1, 13, 1))) << "at once, before the event";
  run();
  EXPECT_EQ(counts.blocked, 1U);
  EXPECT_NE(counts.why.find("'q'"), std::string::npos) << counts.why;
  EXPECT_EQ(counts.confirmed, 12U);
}

TEST_F(InProcessOnVirtualTime, SubscriptionToAMissingQueueSaysWhich) {
  InProcessBroker broker(loop_);
  ConsumeCalls calls;
  const auto session = broker.open_consumer(calls);
  session->subscribe({"nowhere"}, 1);
  run();
  EXPECT_NE(calls.cancelled.find("nowhere"), std::string::npos);
}

TEST_F(InProcessOnVirtualTime, TagsOfAnotherSessionAreIgnored) {
  InProcessBroker broker(loop_);
  ASSERT_TRUE(broker.declare(kTopology).ok());
  PublishCounts counts;
  const auto publisher = broker.open_publisher(counts);
  ASSERT_TRUE(publisher->publish(batch_of(2, 1)));
  std::vector<DeliveryTag> tags;
  ConsumeCalls calls;
  calls.then = [&](const Delivery& delivery) { tags.push_back(delivery.tag); };
  const auto first = broker.open_consumer(calls);
  const auto second = broker.open_consumer(calls);
  first->subscribe({"q"}, 1);
  second->subscribe({"q"}, 1);
  run();
  ASSERT_EQ(tags.size(), 2U);
  first->ack(tags[1], true);
  second->ack(tags[0], true);
  const auto third = broker.open_consumer(calls);
  third->subscribe({"q"}, 10);
  run();
  EXPECT_EQ(tags.size(), 2U) << "nothing was acknowledged, so nothing moved";
}

TEST_F(InProcessOnVirtualTime, ListenerMayCloseItsSession) {
  InProcessBroker broker(loop_);
  ASSERT_TRUE(broker.declare(kTopology).ok());
  PublishCounts counts;
  const auto publisher = broker.open_publisher(counts);
  ASSERT_TRUE(publisher->publish(batch_of(5, 1)));
  int deliveries = 0;
  ConsumeCalls calls;
  std::unique_ptr<ConsumeSession> session = broker.open_consumer(calls);
  calls.then = [&](const Delivery&) {
    ++deliveries;
    session.reset();
  };
  session->subscribe({"q"}, 5);
  run();
  EXPECT_EQ(deliveries, 1);
}

TEST_F(InProcessOnVirtualTime, SessionsMayOutliveTheirBroker) {
  auto broker = std::make_unique<InProcessBroker>(loop_);
  ASSERT_TRUE(broker->declare(kTopology).ok());
  PublishCounts counts;
  const auto session = broker->open_publisher(counts);
  broker.reset();
  EXPECT_TRUE(session->publish(batch_of(1, 1)));
  run();
  EXPECT_EQ(counts.confirmed, 1U);
}

TEST_F(InProcessOnVirtualTime, ForgetsAtExit) { EXPECT_TRUE(InProcessBroker(loop_).forgets_at_exit()); }

// Two publishing threads, two consuming sessions that acknowledge from the loop, and one that comes and goes: each
// message is acknowledged exactly once.
TEST(InProcessBrokerThreads, NothingIsLostOrDoubledBetweenThreads) {
  constexpr std::size_t kPerThread = 20'000;
  constexpr std::size_t kBatch = 50;
  LoopThread loop;
  InProcessBroker broker(loop);
  Topology topology = kTopology;
  topology.queues[0].max_messages = 2'000;
  ASSERT_TRUE(broker.declare(topology).ok());

  std::vector<std::atomic<int>> acknowledged(2 * kPerThread);
  std::atomic<std::size_t> done{0};
  std::unique_ptr<ConsumeSession> sessions[2];
  ConsumeCalls calls[2];
  for (int i = 0; i < 2; ++i) {
    sessions[i] = broker.open_consumer(calls[i]);
    calls[i].then = [&, i](const Delivery& delivery) {
      acknowledged[std::stoul(delivery.id.substr(1)) - 1] += 1;
      sessions[i]->ack(delivery.tag, false);
      done += 1;
    };
    sessions[i]->subscribe({"q"}, 64);
  }
  loop.start();

  PublishCounts counts[2];
  std::vector<std::thread> publishers;
  for (std::size_t t = 0; t < 2; ++t) {
    publishers.emplace_back([&, t] {
      const auto session = broker.open_publisher(counts[t]);
      for (std::size_t sent = 0; sent < kPerThread; sent += kBatch) {
        const auto batch = batch_of(kBatch, t * kPerThread + sent + 1);
        while (!session->publish(batch)) std::this_thread::yield();
      }
      EXPECT_TRUE(wait_until([&] { return counts[t].confirmed == kPerThread; }));
    });
  }
  std::thread passer_by([&] {
    for (int round = 0; round < 200; ++round) {
      ConsumeCalls nobody;
      const auto session = broker.open_consumer(nobody);
      session->subscribe({"q"}, 3);
    }
  });
  for (std::thread& publisher : publishers) publisher.join();
  passer_by.join();
  EXPECT_TRUE(wait_until([&] { return done >= 2 * kPerThread; }));
  loop.stop();
  for (const auto& count : acknowledged) ASSERT_EQ(count, 1);
}

TEST(InProcessBrokerThreads, ClosingASessionWaitsForItsEvent) {
  LoopThread loop;
  loop.start();
  InProcessBroker broker(loop);
  ASSERT_TRUE(broker.declare(kTopology).ok());
  PublishCounts counts;
  const auto publisher = broker.open_publisher(counts);
  ASSERT_TRUE(publisher->publish(batch_of(200, 1)));
  for (int round = 0; round < 100; ++round) {
    std::atomic<bool> inside{false};
    std::atomic<int> heard{0};
    {
      ConsumeCalls calls;
      calls.then = [&](const Delivery&) {
        inside = true;
        ++heard;
        std::this_thread::yield();
        inside = false;
      };
      auto session = broker.open_consumer(calls);
      session->subscribe({"q"}, 200);
      ASSERT_TRUE(wait_until([&] { return heard > 0; }));
      session.reset();
      ASSERT_FALSE(inside);
    }
  }
}

}  // namespace
}  // namespace waybill
