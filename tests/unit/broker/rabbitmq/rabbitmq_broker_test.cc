// The adapter over a real socket, with a broker that a test plays: what no well-behaved broker does.
#include "broker/rabbitmq/rabbitmq_broker.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>

#include "testing/amqp_frames.h"
#include "testing/amqp_peer.h"

namespace waybill {
namespace {

namespace peer = rabbitmq::peer;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using Clock = std::chrono::steady_clock;

/// Writes down what a session tells.
class Heard : public PublishEvents, public ConsumeEvents {
 public:
  void on_publish_ready() override { note("ready"); }
  void on_blocked(std::string) override { note("blocked"); }
  void on_publish_down(std::string) override { note("down"); }
  void on_returned(PublishTag tag, int code, std::string) override {
    note("returned " + std::to_string(tag) + " " + std::to_string(code));
  }
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) override {
    for (const auto tag : acked) note("acked " + std::to_string(tag));
    for (const auto tag : nacked) note("nacked " + std::to_string(tag));
  }
  void on_consume_ready() override { note("ready"); }
  void on_delivery(Delivery delivery) override { note("delivery " + std::to_string(delivery.body.size())); }
  void on_cancelled(QueueName queue, std::string) override { note("cancelled " + queue.value); }
  void on_consume_down(std::string) override { note("down"); }

  /// True once this was heard, `times` times in all.
  [[nodiscard]] bool wait_for(const std::string& text, int times = 1) {
    std::unique_lock lock(mutex_);
    return news_.wait_for(lock, 10s, [&] { return std::count(all_.begin(), all_.end(), text) >= times; });
  }

 private:
  void note(std::string text) {
    const std::lock_guard lock(mutex_);
    all_.push_back(std::move(text));
    news_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable news_;
  std::vector<std::string> all_;
};

class RabbitMqBrokerTest : public testing::Test {
 protected:
  RabbitMqBrokerTest() {
    options_.url.addresses = {{"127.0.0.1", peer_.port()}};
    options_.heartbeat = 1s;
    options_.connect_deadline = 300ms;
    options_.handshake_deadline = 300ms;
    options_.answer_deadline = 300ms;
    options_.close_deadline = 200ms;
    options_.declare_deadline = 2s;
    options_.backoff_first = 10ms;
  }

  std::unique_ptr<Broker> make() { return std::move(*RabbitMqBroker::make(options_)); }

  static Outgoing message(PublishTag tag, std::size_t size = 4) {
    return {tag, {"", "queue"}, {"id" + std::to_string(tag)}, "", {}, Body(std::string(size, 'x'))};
  }

  void open_publisher_channel() {
    peer_.accept_and_open();
    peer_.expect("confirm.select 1");
    peer_.send(peer::channel_opened(1) + peer::confirm_selected(1));
  }

  AmqpPeer peer_;
  RabbitMqOptions options_;
  Heard heard_;
};

TEST_F(RabbitMqBrokerTest, APeerThatSaysNothingIsGivenUp) {
  const auto broker = make();
  const auto began = Clock::now();
  const Status declared = broker->declare({{"e"}, {}, {}});
  ASSERT_FALSE(declared.ok());
  EXPECT_EQ(declared.error().what, ErrorClass::kRetry);
  EXPECT_LT(Clock::now() - began, 2s);
}

TEST_F(RabbitMqBrokerTest, ADeclarationThatFailedIsAnsweredAtOnceTheNextTime) {
  const auto broker = make();
  ASSERT_FALSE(broker->declare({{"e"}, {}, {}}).ok());
  const auto began = Clock::now();
  EXPECT_FALSE(broker->declare({{"e"}, {}, {}}).ok());
  EXPECT_LT(Clock::now() - began, 200ms);
}

TEST_F(RabbitMqBrokerTest, TheNextAddressIsTried) {
  AmqpPeer closed;
  options_.url.addresses.insert(options_.url.addresses.begin(), {"127.0.0.1", closed.port()});
  closed.stop_listening();
  const auto broker = make();
  auto declared = std::async(std::launch::async, [&] { return broker->declare({{"e"}, {}, {}}); });
  peer_.accept_and_open();
  peer_.expect("channel.open 1");
  peer_.send(peer::channel_opened(1));
  peer_.expect("exchange.declare 1 e");
  peer_.send(peer::exchange_declared(1));
  EXPECT_TRUE(declared.get().ok());
  peer_.expect("connection.close 0");
}

TEST_F(RabbitMqBrokerTest, ASilentConnectionIsLeftAndAnotherOneOpened) {
  const auto broker = make();
  const auto session = broker->open_publisher(heard_);
  open_publisher_channel();
  ASSERT_TRUE(heard_.wait_for("ready"));
  const std::vector<Outgoing> batch{message(1)};
  ASSERT_TRUE(session->publish(batch));
  peer_.expect("basic.publish 1  queue");
  EXPECT_TRUE(heard_.wait_for("down")) << "two heartbeats without a word";
  EXPECT_FALSE(session->publish(batch));
  open_publisher_channel();
  EXPECT_TRUE(heard_.wait_for("ready", 2));
}

TEST_F(RabbitMqBrokerTest, AStallInTheMiddleOfAFrameIsLeft) {
  const auto broker = make();
  const auto session = broker->open_publisher(heard_);
  open_publisher_channel();
  ASSERT_TRUE(heard_.wait_for("ready"));
  peer_.send(peer::ack(1, 1).substr(0, 9));
  EXPECT_TRUE(heard_.wait_for("down"));
}

TEST_F(RabbitMqBrokerTest, HostileBytesAreLeft) {
  const auto broker = make();
  const auto session = broker->open_publisher(heard_);
  for (int life = 1; life <= 3; ++life) {
    open_publisher_channel();
    ASSERT_TRUE(heard_.wait_for("ready", life));
    peer_.send(std::string("\x01\x00\x01\xff\xff\xff\xff\xff", 8));
    EXPECT_TRUE(heard_.wait_for("down", life));
    peer_.expect_end();
  }
}

TEST_F(RabbitMqBrokerTest, AnswersInPiecesAreAnswers) {
  const auto broker = make();
  const auto session = broker->open_publisher(heard_);
  open_publisher_channel();
  ASSERT_TRUE(heard_.wait_for("ready"));
  const std::vector<Outgoing> batch{message(1), message(2), message(3)};
  ASSERT_TRUE(session->publish(batch));
  peer_.expect("body 1");
  const std::string answers = peer::ack(1, 2) + peer::nack(1, 1) + peer::ack(1, 3, true);
  for (const char byte : answers) peer_.send({&byte, 1});
  EXPECT_TRUE(heard_.wait_for("acked 3"));
  EXPECT_TRUE(heard_.wait_for("acked 2"));
  EXPECT_TRUE(heard_.wait_for("nacked 1"));
}

TEST_F(RabbitMqBrokerTest, BodiesThatFillTheirFramesExactlyAreDelivered) {
  const auto broker = make();
  const auto session = broker->open_consumer(heard_);
  peer_.accept_and_open(60, 4'096);
  peer_.expect("channel.open 1");
  peer_.send(peer::channel_opened(1));
  ASSERT_TRUE(heard_.wait_for("ready"));
  session->subscribe({"queue"}, 10);
  peer_.expect("channel.open 2");
  peer_.send(peer::channel_opened(2));
  peer_.expect("queue.declare 2 queue");
  peer_.send(peer::queue_declared(2, "queue"));
  peer_.expect("basic.consume 1 queue waybill.1");
  peer_.send(peer::qos_set(1) + peer::consuming(1, "waybill.1"));
  for (std::uint64_t frames = 1; frames <= 3; ++frames) {
    const std::string body(frames * 4'088, 'x');
    peer_.send(peer::delivery(1, "waybill.1", frames, {"id", {}, body}, 4'096));
    EXPECT_TRUE(heard_.wait_for("delivery " + std::to_string(body.size())));
  }
}

TEST_F(RabbitMqBrokerTest, WhatTheSocketDoesNotTakeBlocks) {
  options_.unsent_max = 1U << 20U;
  const auto broker = make();
  const auto session = broker->open_publisher(heard_);
  open_publisher_channel();
  ASSERT_TRUE(heard_.wait_for("ready"));
  peer_.send(peer::blocked("an alarm"));  // or the silence would be a fault
  ASSERT_TRUE(heard_.wait_for("blocked"));
  peer_.send(peer::unblocked());
  ASSERT_TRUE(heard_.wait_for("ready", 2));
  // More than a socket's buffers hold.
  const std::vector<Outgoing> batch{message(1, 50'000'000)};
  ASSERT_TRUE(session->publish(batch));
  EXPECT_TRUE(heard_.wait_for("blocked", 2));
  EXPECT_FALSE(session->publish(batch));
}

TEST_F(RabbitMqBrokerTest, TheEndDoesNotWaitForASilentPeer) {
  auto broker = make();
  auto session = broker->open_publisher(heard_);
  open_publisher_channel();
  ASSERT_TRUE(heard_.wait_for("ready"));
  const auto began = Clock::now();
  session.reset();
  broker.reset();
  EXPECT_LT(Clock::now() - began, 2s);
  peer_.expect("connection.close 0");
}

TEST_F(RabbitMqBrokerTest, SessionsOfAnAbsentBrokerEndAtOnce) {
  peer_.stop_listening();
  auto broker = make();
  auto publisher = broker->open_publisher(heard_);
  auto consumer = broker->open_consumer(heard_);
  const std::vector<Outgoing> batch{message(1)};
  EXPECT_FALSE(publisher->publish(batch));
  consumer->subscribe({"queue"}, 1);
  const auto began = Clock::now();
  publisher.reset();
  consumer.reset();
  broker.reset();
  EXPECT_LT(Clock::now() - began, 2s);
}

TEST_F(RabbitMqBrokerTest, WhatWasAcknowledgedBeforeTheEndIsSent) {
  auto broker = make();
  auto session = broker->open_consumer(heard_);
  peer_.accept_and_open();
  peer_.expect("channel.open 1");
  peer_.send(peer::channel_opened(1));
  ASSERT_TRUE(heard_.wait_for("ready"));
  session->subscribe({"queue"}, 10);
  peer_.expect("channel.open 2");
  peer_.send(peer::channel_opened(2));
  peer_.expect("queue.declare 2 queue");
  peer_.send(peer::queue_declared(2, "queue"));
  peer_.expect("basic.consume 1 queue waybill.1");
  peer_.send(peer::consuming(1, "waybill.1") + peer::delivery(1, "waybill.1", 1, {"id", {}, "four"}));
  ASSERT_TRUE(heard_.wait_for("delivery 4"));
  session->ack({1, 1}, false);
  session.reset();
  peer_.expect("basic.ack 1 1");
  peer_.expect("connection.close 0");
  peer_.send(peer::connection_closed());
  peer_.expect_end();
}

}  // namespace
}  // namespace waybill
