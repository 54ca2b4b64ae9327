// What the core promises beyond the contract suite: exact answers, all-or-nothing declarations, odd calls.
#include "broker/inprocess/broker_core.h"

#include <gtest/gtest.h>

namespace waybill::inprocess {
namespace {

class Deliveries final : public DeliverySink {
 public:
  void deliver(std::uint64_t number, const QueueName&, const QueueEntry& entry) override {
    last_number = number;
    ids += entry.content->id;
  }
  std::uint64_t last_number = 0;
  std::string ids;
};

class BrokerCoreTest : public testing::Test {
 protected:
  BrokerCoreTest() {
    EXPECT_TRUE(core_.declare({{"ex"}, {{kQueue, 5, Route{"ex", "dead"}}}, {{kRoute, kQueue}}}).ok());
  }

  Routing publish(const std::string& id, const Route& route = kRoute) {
    return core_.publish(std::make_shared<const Content>(Content{route, id, {}, {}, {}}));
  }
  [[nodiscard]] std::size_t messages(const QueueName& queue) const { return core_.find(queue)->messages(); }

  inline static const QueueName kQueue{"q"};
  inline static const QueueName kDead{"dead.letters"};
  inline static const Route kRoute{"ex", "key"};
  BrokerCore core_{1'000'000};
  Deliveries sink_;
};

TEST_F(BrokerCoreTest, RefusedDeclarationChangesNothing) {
  const Topology half_wrong{{"new.exchange"}, {{{"new.queue"}}}, {{{"missing", "key"}, {"new.queue"}}}};
  const Status refused = core_.declare(half_wrong);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().what, ErrorClass::kNotFound);
  EXPECT_NE(refused.error().message.find("missing"), std::string::npos);
  EXPECT_EQ(core_.find({"new.queue"}), nullptr);
  EXPECT_EQ(core_.routing({"new.exchange", "key"}), Routing::kNoExchange);
}

TEST_F(BrokerCoreTest, NamelessAndBottomlessAreRefused) {
  for (const Topology& wrong : {Topology{{""}, {}, {}}, Topology{{}, {{{""}}}, {}}, Topology{{}, {{{"x"}, 0, {}}}, {}},
                                Topology{{}, {}, {{{"", "other"}, kQueue}}}}) {
    const Status refused = core_.declare(wrong);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().what, ErrorClass::kPermanent);
  }
}

TEST_F(BrokerCoreTest, QueueWithAnotherDeadLetterRouteIsAConflict) {
  const Status refused = core_.declare({{}, {{kQueue, 5, Route{"ex", "elsewhere"}}}, {}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().what, ErrorClass::kConflict);
}

TEST_F(BrokerCoreTest, DefaultExchangeBindingThatHoldsAnywayIsFine) {
  EXPECT_TRUE(core_.declare({{}, {}, {{{"", "q"}, kQueue}}}).ok());
  EXPECT_EQ(publish("m", {"", "q"}), Routing::kQueued);
  EXPECT_EQ(messages(kQueue), 1U);
}

TEST_F(BrokerCoreTest, UnboundRouteIsUnroutableUntilBoundAgain) {
  EXPECT_TRUE(core_.unbind({kRoute, kQueue}));
  EXPECT_FALSE(core_.unbind({kRoute, kQueue}));
  EXPECT_EQ(publish("m"), Routing::kNoRoute);
  EXPECT_TRUE(core_.declare({{}, {}, {{kRoute, kQueue}}}).ok());
  EXPECT_EQ(publish("m"), Routing::kQueued);
}

TEST_F(BrokerCoreTest, RemovedExchangeTakesItsBindingsAlong) {
  EXPECT_TRUE(core_.remove_exchange("ex"));
  EXPECT_EQ(publish("m"), Routing::kNoExchange);
  EXPECT_TRUE(core_.declare({{"ex"}, {}, {}}).ok());
  EXPECT_EQ(publish("m"), Routing::kNoRoute);
}

TEST_F(BrokerCoreTest, IsBlockedWhileAnyQueueIsFull) {
  ASSERT_TRUE(core_.declare({{}, {{{"other"}, 1, {}}}, {}}).ok());
  EXPECT_FALSE(core_.blocked());
  publish("o", {"", "other"});
  for (int i = 0; i < 5; ++i) publish("m");
  EXPECT_TRUE(core_.blocked());
  EXPECT_EQ(core_.full_queue()->declaration().name, kQueue);
  EXPECT_EQ(core_.purge(kQueue), 5U);
  EXPECT_TRUE(core_.blocked()) << "the other queue is still full";
  EXPECT_EQ(core_.full_queue()->declaration().name.value, "other");
  const auto channel = core_.open(sink_);
  ASSERT_TRUE(core_.subscribe(channel, {"other"}, 1));
  core_.ack(channel, 1, false);
  EXPECT_FALSE(core_.blocked());
  EXPECT_EQ(core_.full_queue(), nullptr);
}

TEST_F(BrokerCoreTest, AnsweringTwiceChangesNothing) {
  publish("a");
  publish("b");
  const auto channel = core_.open(sink_);
  ASSERT_TRUE(core_.subscribe(channel, kQueue, 2));
  core_.ack(channel, 1, false);
  core_.ack(channel, 1, false);
  core_.ack(channel, 1, true);
  core_.requeue(channel, 1);
  core_.reject(channel, 1);
  core_.ack(channel, 99, false);
  EXPECT_EQ(messages(kQueue), 1U);
  EXPECT_EQ(sink_.ids, "ab");
  EXPECT_EQ(core_.close(channel), 1U);
  EXPECT_EQ(core_.close(channel), 0U);
  core_.ack(channel, 2, true);
  EXPECT_EQ(messages(kQueue), 1U);
}

TEST_F(BrokerCoreTest, SubscribingAgainChangesThePrefetch) {
  for (const char* id : {"a", "b", "c", "d"}) publish(id);
  const auto channel = core_.open(sink_);
  ASSERT_TRUE(core_.subscribe(channel, kQueue, 0));
  EXPECT_EQ(sink_.ids, "a") << "below 1 counts as 1";
  ASSERT_TRUE(core_.subscribe(channel, kQueue, 3));
  EXPECT_EQ(sink_.ids, "abc");
}

TEST_F(BrokerCoreTest, PrefetchCountsWhatIsHeldFromBeforeACancel) {
  for (const char* id : {"a", "b", "c"}) publish(id);
  const auto channel = core_.open(sink_);
  ASSERT_TRUE(core_.subscribe(channel, kQueue, 2));
  EXPECT_TRUE(core_.cancel(channel, kQueue));
  EXPECT_FALSE(core_.cancel(channel, kQueue));
  ASSERT_TRUE(core_.subscribe(channel, kQueue, 2));
  EXPECT_EQ(sink_.ids, "ab");
  core_.ack(channel, 1, false);
  EXPECT_EQ(sink_.ids, "abc");
}

TEST_F(BrokerCoreTest, UnknownQueuesAndChannelsAreSaid) {
  const auto channel = core_.open(sink_);
  EXPECT_FALSE(core_.subscribe(channel, {"nowhere"}, 1));
  EXPECT_FALSE(core_.subscribe(ChannelId{999}, kQueue, 1));
  EXPECT_FALSE(core_.cancel(channel, kQueue));
  EXPECT_EQ(core_.purge({"nowhere"}), 0U);
  EXPECT_FALSE(core_.push_again({"nowhere"}, std::make_shared<const Content>()));
  EXPECT_EQ(core_.find({"nowhere"}), nullptr);
}

TEST_F(BrokerCoreTest, DeadLettersThatWouldFillTheirQueueAreDropped) {
  ASSERT_TRUE(core_.declare({{}, {{kDead, 3, {}}}, {{{"ex", "dead"}, kDead}}}).ok());
  const auto channel = core_.open(sink_);
  ASSERT_TRUE(core_.subscribe(channel, kQueue, 1));
  for (std::uint64_t number = 1; number <= 5; ++number) {
    publish("m");
    core_.reject(channel, number);
  }
  EXPECT_EQ(messages(kDead), 2U);
  EXPECT_EQ(messages(kQueue), 0U);
  EXPECT_FALSE(core_.blocked()) << "nobody reads the dead letters, and everybody must go on publishing";
}

TEST_F(BrokerCoreTest, RejectedIntoAMissingExchangeIsDropped) {
  core_.remove_exchange("ex");
  publish("m", {"", "q"});
  const auto channel = core_.open(sink_);
  ASSERT_TRUE(core_.subscribe(channel, kQueue, 1));
  core_.reject(channel, 1);
  EXPECT_EQ(messages(kQueue), 0U);
}

TEST_F(BrokerCoreTest, MessageOfALeavingConsumerGoesToTheNext) {
  for (const char* id : {"a", "b", "c"}) publish(id);
  Deliveries other;
  const auto leaving = core_.open(sink_);
  const auto staying = core_.open(other);
  ASSERT_TRUE(core_.subscribe(leaving, kQueue, 2));
  ASSERT_TRUE(core_.subscribe(staying, kQueue, 5));
  EXPECT_EQ(other.ids, "c");
  EXPECT_EQ(core_.close(leaving), 2U);
  EXPECT_EQ(other.ids, "cab");
  core_.ack(staying, 3, true);
  EXPECT_EQ(messages(kQueue), 0U);
}

}  // namespace
}  // namespace waybill::inprocess
