// Each fault of the simulated broker does what it is named after, and is counted when it did.
#include "testing/sim_broker.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/broker/sim_node_client.h"

namespace waybill {
namespace {

using std::chrono::milliseconds;
using Fault = SimBrokerFault;
using Ids = std::vector<std::string>;
using Tags = std::vector<PublishTag>;

class SimBrokerTest : public testing::Test {
 protected:
  SimBrokerTest() { settle(); }

  void settle() { run_for(std::chrono::minutes(1)); }
  void run_for(std::chrono::nanoseconds time) { world_.run_until(world_.now() + time); }
  [[nodiscard]] std::uint64_t count(Fault fault) const { return server_.counts()[fault]; }
  [[nodiscard]] std::size_t messages() const { return server_.find(SimNodeClient::kQueue)->messages(); }

  SimWorld world_;
  std::mt19937_64 random_{7};
  SimBroker server_{world_, random_};
  SimNodeClient client_{server_, world_.add_node("client")};
};

TEST_F(SimBrokerTest, WithoutFaultsNothingIsCounted) {
  ASSERT_TRUE(client_.publish_all({"a", "b"}));
  EXPECT_TRUE(client_.acked.empty()) << "the network takes its time";
  settle();
  EXPECT_EQ(client_.acked, (Tags{1, 2}));
  EXPECT_EQ(client_.ids, (Ids{"a", "b"}));
  EXPECT_EQ(messages(), 0U);
  for (std::size_t i = 0; i < kSimBrokerFaultCount; ++i) EXPECT_EQ(count(static_cast<Fault>(i)), 0U) << i;
}

TEST_F(SimBrokerTest, EveryFaultHasAName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kSimBrokerFaultCount; ++i) names.insert(to_string(static_cast<Fault>(i)));
  EXPECT_EQ(names.size(), kSimBrokerFaultCount);
  EXPECT_EQ(names.count(""), 0U);
}

TEST_F(SimBrokerTest, LostPublishIsNeverAnsweredAndTheSessionGoesDown) {
  server_.faults().lose_publish = 1;
  ASSERT_TRUE(client_.publish("a"));
  settle();
  EXPECT_TRUE(client_.heard("down"));
  EXPECT_TRUE(client_.acked.empty());
  EXPECT_TRUE(client_.ids.empty());
  EXPECT_EQ(count(Fault::kLostPublish), 1U);
  EXPECT_EQ(count(Fault::kPublisherDown), 1U);
  server_.faults().lose_publish = 0;
  ASSERT_TRUE(client_.publish("b")) << "it came back by itself";
  settle();
  EXPECT_EQ(client_.ids, Ids{"b"});
}

TEST_F(SimBrokerTest, LostAnswerLeavesTheMessageInItsQueue) {
  server_.faults().lose_answer = 1;
  ASSERT_TRUE(client_.publish("a"));
  settle();
  EXPECT_TRUE(client_.heard("down"));
  EXPECT_TRUE(client_.acked.empty());
  EXPECT_EQ(client_.ids, Ids{"a"});
  EXPECT_EQ(count(Fault::kLostAnswer), 1U);
}

TEST_F(SimBrokerTest, NackedIsNotQueued) {
  server_.faults().nack = 1;
  ASSERT_TRUE(client_.publish("a"));
  settle();
  EXPECT_EQ(client_.nacked, Tags{1});
  EXPECT_TRUE(client_.ids.empty());
  EXPECT_EQ(count(Fault::kNacked), 1U);
}

TEST_F(SimBrokerTest, AcksWhatItLoses) {
  server_.faults().ack_what_it_loses = 1;
  ASSERT_TRUE(client_.publish("a"));
  ASSERT_TRUE(client_.publish("b", {"ex", "nowhere"}));
  settle();
  EXPECT_EQ(client_.acked, (Tags{1, 2}));
  EXPECT_EQ(client_.returned[2], 312) << "an unroutable one is still returned";
  EXPECT_TRUE(client_.ids.empty());
  EXPECT_EQ(count(Fault::kAckedWhatItLost), 1U);
}

TEST_F(SimBrokerTest, ReorderedPublishIsQueuedAndConfirmedLater) {
  for (int i = 0; i < 50; ++i) {
    server_.faults().reorder_publish = i % 2;
    ASSERT_TRUE(client_.publish("m" + std::to_string(i)));
    run_for(milliseconds(1));
  }
  settle();
  EXPECT_EQ(client_.acked.size(), 50U);
  EXPECT_EQ(client_.ids.size(), 50U);
  EXPECT_FALSE(std::is_sorted(client_.acked.begin(), client_.acked.end()));
  EXPECT_NE(client_.ids[1], "m1");
  EXPECT_GT(count(Fault::kReorderedPublish), 10U);
  EXPECT_EQ(count(Fault::kReorderedConfirm), 0U);
}

TEST_F(SimBrokerTest, ReorderedConfirmLeavesTheQueueInOrder) {
  Ids expected;
  for (int i = 0; i < 50; ++i) {
    server_.faults().reorder_confirm = i % 2;
    expected.push_back("m" + std::to_string(i));
    ASSERT_TRUE(client_.publish(expected.back()));
    run_for(milliseconds(1));
  }
  settle();
  EXPECT_EQ(client_.ids, expected);
  EXPECT_EQ(client_.acked.size(), 50U);
  EXPECT_FALSE(std::is_sorted(client_.acked.begin(), client_.acked.end()));
  EXPECT_GT(count(Fault::kReorderedConfirm), 10U);
}

TEST_F(SimBrokerTest, DuplicateComesOnceMoreAndIsNotDoubledAgain) {
  server_.faults().duplicate_delivery = 1;
  ASSERT_TRUE(client_.publish("a"));
  settle();
  EXPECT_EQ(client_.ids, (Ids{"a", "a"}));
  EXPECT_EQ(count(Fault::kDuplicateDelivery), 1U);
  EXPECT_EQ(messages(), 0U);
}

TEST_F(SimBrokerTest, BlockedPublisherTakesNothingAndWhatIsOnTheWireWaits) {
  ASSERT_TRUE(client_.publish("on the wire"));
  server_.block();
  server_.block();
  settle();
  EXPECT_TRUE(client_.acked.empty());
  EXPECT_FALSE(client_.publish("refused"));
  EXPECT_EQ(count(Fault::kBlocked), 1U);
  server_.unblock();
  settle();
  EXPECT_EQ(client_.ids, Ids{"on the wire"});
  EXPECT_EQ(client_.acked, Tags{1});
  EXPECT_TRUE(client_.publish("taken"));
}

TEST_F(SimBrokerTest, PublisherThatConnectsWhileBlockedIsToldSo) {
  server_.block();
  SimNodeClient late(server_, world_.add_node("late"));
  settle();
  EXPECT_TRUE(late.heard("ready"));
  EXPECT_TRUE(late.heard("blocked"));
  EXPECT_FALSE(late.publish("refused"));
}

TEST_F(SimBrokerTest, UnboundRouteReturnsUntilItIsBoundAgain) {
  server_.unbind(SimNodeClient::kRoute);
  ASSERT_TRUE(client_.publish("lost"));
  settle();
  EXPECT_EQ(client_.returned[1], 312);
  EXPECT_EQ(client_.acked, Tags{1});
  EXPECT_EQ(count(Fault::kUnroutable), 1U);
  server_.rebind(SimNodeClient::kRoute);
  ASSERT_TRUE(client_.publish("found"));
  settle();
  EXPECT_EQ(client_.ids, Ids{"found"});
}

TEST_F(SimBrokerTest, MissingExchangeReturnsUntilItIsRestored) {
  server_.remove_exchange("ex");
  server_.unbind(SimNodeClient::kRoute);
  server_.rebind(SimNodeClient::kRoute);
  ASSERT_TRUE(client_.publish("lost"));
  settle();
  EXPECT_EQ(client_.returned[1], 404);
  EXPECT_EQ(count(Fault::kMissingExchange), 1U);
  server_.restore_exchange("ex");
  server_.restore_exchange("never declared");
  ASSERT_TRUE(client_.publish("found"));
  settle();
  EXPECT_EQ(client_.ids, Ids{"found"});
}

TEST_F(SimBrokerTest, DroppedConsumerGetsItsDeliveriesAgain) {
  client_.acknowledges = false;
  ASSERT_TRUE(client_.publish_all({"a", "b"}));
  settle();
  const DeliveryTag before = client_.last;
  server_.drop_consumers();
  settle();
  EXPECT_TRUE(client_.heard("consume down"));
  EXPECT_EQ(client_.ids, (Ids{"a", "b", "a", "b"}));
  EXPECT_EQ(client_.redelivered, 2);
  EXPECT_GT(client_.last.epoch, before.epoch);
  client_.consumer->ack(before, true);
  settle();
  EXPECT_EQ(messages(), 2U) << "a tag of an earlier epoch acknowledges nothing";
  EXPECT_EQ(count(Fault::kConsumerDown), 1U);
  EXPECT_EQ(count(Fault::kRedelivered), 2U);
}

TEST_F(SimBrokerTest, OnlyTheSessionsOfTheNodeNamedAreDropped) {
  SimNodeClient other(server_, world_.add_node("other"));
  settle();
  server_.drop_publishers(&other.loop);
  server_.drop_consumers(&other.loop);
  settle();
  EXPECT_TRUE(other.heard("down") && other.heard("consume down"));
  EXPECT_FALSE(client_.heard("down") || client_.heard("consume down"));
}

TEST_F(SimBrokerTest, PublishOnTheWireIsReadOrNotWhenTheSessionGoesDown) {
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(client_.publish("m" + std::to_string(i)));
    server_.drop_publishers();
    settle();
    EXPECT_TRUE(client_.acked.empty()) << "either way it is in doubt";
  }
  const auto arrived = client_.ids.size();
  EXPECT_GT(arrived, 5U);
  EXPECT_LT(arrived, 35U);
  EXPECT_EQ(count(Fault::kUndeadPublish), arrived);
}

TEST_F(SimBrokerTest, PublishOnTheWireDoesNotSurviveARestart) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(client_.publish("m"));
    server_.stop();
    server_.start(SimBroker::Memory::kKept);
    settle();
  }
  EXPECT_TRUE(client_.ids.empty());
}

TEST_F(SimBrokerTest, RestartedBrokerKeepsEverything) {
  client_.acknowledges = false;
  ASSERT_TRUE(client_.publish_all({"a", "b"}));
  settle();
  server_.stop();
  EXPECT_FALSE(server_.up());
  EXPECT_FALSE(client_.broker->declare(SimNodeClient::topology()).ok());
  settle();
  EXPECT_FALSE(client_.publish("refused"));
  server_.start(SimBroker::Memory::kKept);
  settle();
  EXPECT_EQ(client_.ids, (Ids{"a", "b", "a", "b"}));
  EXPECT_TRUE(client_.publish("c"));
  EXPECT_EQ(count(Fault::kRestarted), 1U);
  EXPECT_EQ(count(Fault::kWiped), 0U);
}

TEST_F(SimBrokerTest, WipedBrokerForgetsMessagesAndKnowsItsTopology) {
  client_.acknowledges = false;
  ASSERT_TRUE(client_.publish_all({"a", "b"}));
  settle();
  server_.stop();
  server_.start(SimBroker::Memory::kWiped);
  settle();
  EXPECT_EQ(client_.ids, (Ids{"a", "b"}));
  EXPECT_EQ(messages(), 0U);
  ASSERT_TRUE(client_.publish("c"));
  settle();
  EXPECT_EQ(client_.ids, (Ids{"a", "b", "c"}));
  EXPECT_EQ(count(Fault::kWiped), 1U);
}

TEST_F(SimBrokerTest, WipingABrokerThatHeldNothingDoesNotCount) {
  server_.stop();
  server_.start(SimBroker::Memory::kWiped);
  EXPECT_EQ(count(Fault::kWiped), 0U);
  EXPECT_EQ(count(Fault::kRestarted), 1U);
}

TEST_F(SimBrokerTest, SessionOpenedWhileTheBrokerIsDownComesUpWithIt) {
  server_.stop();
  SimNodeClient late(server_, world_.add_node("late"));
  EXPECT_FALSE(late.declared);
  settle();
  EXPECT_TRUE(late.trace.empty());
  server_.start(SimBroker::Memory::kKept);
  settle();
  EXPECT_TRUE(late.heard("ready") && late.heard("consume ready"));
  EXPECT_FALSE(late.heard("down")) << "ready is the first event of a session";
}

TEST_F(SimBrokerTest, PurgeDropsWhatWaits) {
  client_.consumer->cancel(SimNodeClient::kQueue);
  settle();
  ASSERT_TRUE(client_.publish_all({"a", "b"}));
  settle();
  EXPECT_EQ(server_.purge(SimNodeClient::kQueue), 2U);
  EXPECT_EQ(server_.purge(SimNodeClient::kQueue), 0U);
  EXPECT_EQ(count(Fault::kPurged), 1U);
}

TEST_F(SimBrokerTest, EndedSubscriptionIsTold) {
  server_.cancel_consumers(SimNodeClient::kQueue);
  settle();
  EXPECT_TRUE(client_.heard("cancelled"));
  ASSERT_TRUE(client_.publish("a"));
  settle();
  EXPECT_EQ(client_.ids, Ids{"a"}) << "it subscribed again";
  EXPECT_EQ(count(Fault::kCancelled), 1U);
}

TEST_F(SimBrokerTest, CrashedNodeFallsSilentAndItsDeliveriesGoToOthers) {
  client_.acknowledges = false;
  ASSERT_TRUE(client_.publish_all({"a", "b"}));
  settle();
  SimNodeClient other(server_, world_.add_node("other"));
  settle();
  client_.loop.kill();
  const auto heard = client_.trace.size();
  settle();
  EXPECT_EQ(client_.trace.size(), heard);
  EXPECT_EQ(other.ids, (Ids{"a", "b"}));
  EXPECT_EQ(other.redelivered, 2);
  EXPECT_EQ(count(Fault::kNodeCrash), 2U) << "a publishing and a consuming session";
  EXPECT_EQ(count(Fault::kRedelivered), 2U);
}

TEST_F(SimBrokerTest, SessionsOfACrashedNodeMayBeDestroyedLater) {
  auto doomed = std::make_unique<SimNodeClient>(server_, world_.add_node("doomed"));
  settle();
  doomed->loop.kill();
  settle();
  doomed.reset();
  settle();
  EXPECT_TRUE(client_.publish("a"));
}

TEST_F(SimBrokerTest, AcknowledgementOnTheWireArrivesBeforeTheSessionCloses) {
  client_.acknowledges = false;
  ASSERT_TRUE(client_.publish("a"));
  settle();
  client_.consumer->ack(client_.last, false);
  client_.consumer.reset();
  settle();
  EXPECT_EQ(messages(), 0U);
}

TEST_F(SimBrokerTest, FullQueueBlocksUntilItIsDrained) {
  ASSERT_TRUE(client_.broker->declare({{}, {{{"small"}, 5, {}}}, {}}).ok());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(client_.publish("m", {"", "small"}));
  }
  settle();
  EXPECT_FALSE(client_.publish("m", {"", "small"}));
  client_.prefetch = 10;
  client_.consumer->subscribe({"small"}, 10);
  settle();
  EXPECT_TRUE(client_.publish("m", {"", "small"}));
  EXPECT_EQ(client_.acked.size(), 5U);
}

}  // namespace
}  // namespace waybill
