// The adapter and a real RabbitMQ with a bad network between them.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <random>

#include "broker/rabbitmq/rabbitmq_broker.h"
#include "testing/rabbitmq_admin.h"
#include "testing/tcp_gate.h"

namespace waybill {
namespace {

using std::chrono_literals::operator""s;

class Heard : public PublishEvents, public ConsumeEvents {
 public:
  void on_publish_ready() override { count(publish_ready); }
  void on_blocked(std::string) override {}
  void on_publish_down(std::string) override { count(publish_down); }
  void on_returned(PublishTag, int, std::string) override { count(returned); }
  void on_confirmed(std::vector<PublishTag> tags, std::vector<PublishTag>) override {
    for (std::size_t i = 0; i < tags.size(); ++i) count(acked);
  }
  void on_consume_ready() override { count(consume_ready); }
  void on_delivery(Delivery delivery) override {
    {
      const std::lock_guard lock(mutex_);
      last = delivery.tag;
      bytes += delivery.body.size();
    }
    count(delivered);
  }
  void on_cancelled(QueueName, std::string) override {}
  void on_consume_down(std::string) override { count(consume_down); }

  [[nodiscard]] bool wait_for(const int& counter, int least) {
    std::unique_lock lock(mutex_);
    return news_.wait_for(lock, 60s, [&] { return counter >= least; });
  }

  // Guarded by mutex_ while events come.
  int publish_ready = 0;
  int publish_down = 0;
  int consume_ready = 0;
  int consume_down = 0;
  int returned = 0;
  int acked = 0;
  int delivered = 0;
  std::size_t bytes = 0;
  DeliveryTag last;

 private:
  void count(int& counter) {
    const std::lock_guard lock(mutex_);
    counter += 1;
    news_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable news_;
};

class RabbitMqFaultsTest : public testing::Test {
 protected:
  ~RabbitMqFaultsTest() override {
    publisher_.reset();
    consumer_.reset();
    broker_.reset();
    RabbitMqAdmin(url_).delete_queue(queue_.value);
  }

  void open(Duration heartbeat = 10s) {
    RabbitMqOptions options;
    options.url = url_;
    options.url.addresses = {{"127.0.0.1", gate_.port()}};
    options.heartbeat = heartbeat;
    broker_ = std::move(*RabbitMqBroker::make(std::move(options)));
    ASSERT_TRUE(broker_->declare({{}, {{queue_}}, {}}).ok());
    publisher_ = broker_->open_publisher(heard_);
    consumer_ = broker_->open_consumer(heard_);
    ASSERT_TRUE(heard_.wait_for(heard_.publish_ready, 1));
    ASSERT_TRUE(heard_.wait_for(heard_.consume_ready, 1));
    consumer_->subscribe(queue_, 1'000);
  }
  [[nodiscard]] bool publish(int count, std::size_t size) {
    std::vector<Outgoing> batch;
    for (int i = 0; i < count; ++i) {
      ++tag_;
      batch.push_back({tag_, {"", queue_.value}, {std::to_string(tag_)}, "", {}, Body(std::string(size, 'x'))});
    }
    return publisher_->publish(batch);
  }

  const RabbitMqUrl url_ = rabbitmq_under_test();
  const QueueName queue_{"waybill.test." + std::to_string(std::random_device()())};
  TcpGate gate_{url_.addresses.front().host, url_.addresses.front().port};
  Heard heard_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<PublishSession> publisher_;
  std::unique_ptr<ConsumeSession> consumer_;
  PublishTag tag_ = 0;
};

TEST_F(RabbitMqFaultsTest, ByteByByteEverythingArrives) {
  gate_.fragment(1);
  open();
  ASSERT_TRUE(publish(20, 500));
  EXPECT_TRUE(heard_.wait_for(heard_.acked, 20));
  EXPECT_TRUE(heard_.wait_for(heard_.delivered, 20));
  EXPECT_EQ(heard_.bytes, 20U * 500U);
}

TEST_F(RabbitMqFaultsTest, AHalfOpenLinkIsLeftAndComesBack) {
  open(/*heartbeat=*/1s);
  gate_.stall(true);
  EXPECT_TRUE(heard_.wait_for(heard_.publish_down, 1));
  EXPECT_TRUE(heard_.wait_for(heard_.consume_down, 1));
  EXPECT_FALSE(publish(1, 10));
  gate_.stall(false);
  EXPECT_TRUE(heard_.wait_for(heard_.publish_ready, 2));
  EXPECT_TRUE(heard_.wait_for(heard_.consume_ready, 2));
  consumer_->subscribe(queue_, 10);
  ASSERT_TRUE(publish(1, 10));
  EXPECT_TRUE(heard_.wait_for(heard_.delivered, 1));
}

TEST_F(RabbitMqFaultsTest, ADoubleAnswerClosesNothing) {
  open();
  ASSERT_TRUE(publish(3, 10));
  ASSERT_TRUE(heard_.wait_for(heard_.delivered, 3));
  for (int i = 0; i < 3; ++i) {
    consumer_->ack(heard_.last, true);
    consumer_->ack(heard_.last, false);
    consumer_->requeue(heard_.last);
    consumer_->reject(heard_.last);
  }
  ASSERT_TRUE(publish(3, 10));
  EXPECT_TRUE(heard_.wait_for(heard_.delivered, 6));
  EXPECT_EQ(heard_.consume_down, 0);
}

TEST_F(RabbitMqFaultsTest, CutAgainAndAgainItComesBack) {
  open();
  for (int cut = 1; cut <= 5; ++cut) {
    gate_.cut();
    ASSERT_TRUE(heard_.wait_for(heard_.publish_down, cut));
    ASSERT_TRUE(heard_.wait_for(heard_.publish_ready, cut + 1));
    ASSERT_TRUE(publish(10, 100));
  }
}

}  // namespace
}  // namespace waybill
