#include "broker/rabbitmq/protocol/consumer_role.h"

#include <gtest/gtest.h>

#include "tests/unit/broker/rabbitmq/machine_rig.h"

namespace waybill::rabbitmq {
namespace {

using std::chrono_literals::operator""s;

struct InWords {
  std::string operator()(const ConsumerReady&) const { return "ready"; }
  std::string operator()(const ConsumerDown&) const { return "down"; }
  std::string operator()(const SubscriptionEnded& ended) const { return "ended " + ended.queue.value; }
  std::string operator()(const Delivery& delivery) const {
    return "delivery " + delivery.id + " " + std::to_string(delivery.tag.epoch) + "." +
           std::to_string(delivery.tag.number);
  }
  std::string operator()(const RejectedUnread&) const { return "rejected unread"; }
  std::string operator()(const Note&) const { return "note"; }
};

class ConsumerRoleTest : public testing::Test {
 protected:
  std::vector<ConsumerEvent> take() { return role_.take_events(); }
  Said events() {
    Said all;
    for (const auto& event : take()) all.push_back(std::visit(InWords{}, event));
    return all;
  }

  void be_ready() {
    EXPECT_EQ(rig_.open(), Said{"channel.open 1"});
    rig_.hear(peer::channel_opened(1));
    EXPECT_EQ(events(), Said{"ready"});
  }
  /// Subscribed to `queue` as consumer waybill.1.
  void be_subscribed() {
    be_ready();
    EXPECT_EQ(subscribe("queue", 10), Said{"channel.open 2"});
    EXPECT_EQ(rig_.hear(peer::channel_opened(2)), Said{"queue.declare 2 queue"});
    EXPECT_EQ(rig_.hear(peer::queue_declared(2, "queue")), (Said{"basic.qos 1", "basic.consume 1 queue waybill.1"}));
    rig_.hear(peer::qos_set(1) + peer::consuming(1, "waybill.1"));
  }
  void deliver(std::uint64_t first, std::uint64_t last) {
    for (auto i = first; i <= last; ++i) {
      rig_.hear(peer::delivery(1, "waybill.1", i, {"m" + std::to_string(i), {}, "body"}));
    }
  }
  Said subscribe(const std::string& queue, int prefetch) {
    return rig_.act([&](MonoTime now, Turn& turn) { role_.subscribe({queue}, prefetch, now, turn); });
  }
  Said cancel(const std::string& queue) {
    return rig_.act([&](MonoTime, Turn& turn) { role_.cancel({queue}, turn); });
  }
  Said ack(DeliveryTag tag, bool multiple = false) {
    return rig_.act([&](MonoTime, Turn& turn) { role_.ack(tag, multiple, turn); });
  }

  RabbitMqOptions options_ = rig_options();
  Topology topology_;
  ConsumerRole role_{options_, [this] { return topology_; }};
  MachineRig rig_{options_, role_};
};

TEST_F(ConsumerRoleTest, HandsDeliveriesOnInTheirOrder) {
  be_subscribed();
  deliver(1, 3);
  EXPECT_EQ(events(), (Said{"delivery m1 1.1", "delivery m2 1.2", "delivery m3 1.3"}));
}

TEST_F(ConsumerRoleTest, ADeliveryIsCompleteWhateverItsFrames) {
  be_subscribed();
  std::uint64_t number = 0;
  for (const std::size_t size : {0U, 1U, 4'088U, 4'089U, 8'176U, 131'064U, 131'065U}) {
    const std::string body(size, 'b');
    const std::string bytes =
        peer::delivery(1, "waybill.1", ++number, {"id", {{"x-a", "1"}, {"traceparent", "00-1"}}, body}, 4'096);
    for (std::size_t at = 0; at < bytes.size(); at += 1'000) rig_.hear(std::string_view(bytes).substr(at, 1'000));
    const auto told = take();
    ASSERT_EQ(told.size(), 1U) << size;
    const auto& delivery = std::get<Delivery>(told[0]);
    EXPECT_EQ(delivery.body.bytes(), body);
    EXPECT_EQ(delivery.headers, (Headers{{"x-a", "1"}, {"traceparent", "00-1"}}));
    EXPECT_EQ(delivery.route, (Route{"exchange", "key"}));
    EXPECT_EQ(delivery.queue.value, "queue");
  }
}

TEST_F(ConsumerRoleTest, ABodyThatIsNoTextIsBinary) {
  be_subscribed();
  rig_.hear(peer::delivery(1, "waybill.1", 1, {"text", {}, "gr\xc3\xbc\xc3\x9f"}) +
            peer::delivery(1, "waybill.1", 2, {"nul", {}, std::string("a\0b", 3)}) +
            peer::delivery(1, "waybill.1", 3, {"latin", {}, "gr\xfc\xdf"}));
  const auto told = take();
  EXPECT_FALSE(std::get<Delivery>(told[0]).body.binary());
  EXPECT_TRUE(std::get<Delivery>(told[1]).body.binary());
  EXPECT_TRUE(std::get<Delivery>(told[2]).body.binary());
}

TEST_F(ConsumerRoleTest, ADeliveryIsAnsweredOnce) {
  be_subscribed();
  deliver(1, 5);
  EXPECT_EQ(ack({1, 2}), Said{"basic.ack 1 2"});
  EXPECT_EQ(ack({1, 2}), Said{});
  EXPECT_EQ(ack({1, 4}), Said{"basic.ack 1 4"});
  EXPECT_EQ(ack({1, 4}, true), Said{"basic.ack 1 3 multiple"});
  EXPECT_EQ(ack({1, 4}, true), Said{});
  EXPECT_EQ(rig_.act([&](MonoTime, Turn& turn) { role_.requeue({1, 5}, turn); }), Said{"basic.nack 1 5"});
  EXPECT_EQ(rig_.act([&](MonoTime, Turn& turn) { role_.reject({1, 5}, turn); }), Said{});
  EXPECT_EQ(ack({1, 6}), Said{});
}

TEST_F(ConsumerRoleTest, ALaterLifeKnowsNoEarlierTags) {
  be_subscribed();
  deliver(1, 2);
  rig_.stream_ends();
  EXPECT_EQ(events(), (Said{"delivery m1 1.1", "delivery m2 1.2", "down"}));
  MachineRig again(options_, role_);
  again.open();
  again.hear(peer::channel_opened(1));
  EXPECT_EQ(events(), Said{"ready"});
  EXPECT_EQ(again.act([&](MonoTime, Turn& turn) { role_.ack({1, 2}, true, turn); }), Said{});
}

TEST_F(ConsumerRoleTest, AMissingQueueIsToldWithoutClosingTheChannel) {
  be_subscribed();
  EXPECT_EQ(subscribe("missing", 10), Said{"queue.declare 2 missing"});
  EXPECT_EQ(rig_.hear(peer::channel_close(2, 404, "NOT_FOUND - no queue 'missing'")), Said{"channel.close-ok 2"});
  EXPECT_EQ(events(), Said{"ended missing"});
  deliver(1, 1);
  EXPECT_EQ(events(), Said{"delivery m1 1.1"});
}

TEST_F(ConsumerRoleTest, TheBrokersCancelIsTold) {
  be_subscribed();
  deliver(1, 1);
  rig_.hear(peer::cancel_notice(1, "waybill.1"));
  EXPECT_EQ(events(), (Said{"delivery m1 1.1", "ended queue"}));
  EXPECT_EQ(ack({1, 1}), Said{"basic.ack 1 1"});
}

TEST_F(ConsumerRoleTest, AQueueOfTheTopologyIsDeclaredAgainBeforeItIsSubscribedTo) {
  topology_ = {{}, {{{"queue"}}}, {}};
  EXPECT_EQ(rig_.open(), Said{"channel.open 2"});
  EXPECT_EQ(rig_.hear(peer::channel_opened(2)), Said{"queue.declare 2 queue"});
  EXPECT_EQ(rig_.hear(peer::queue_declared(2, "queue")), Said{"channel.open 1"});
  rig_.hear(peer::channel_opened(1));
  rig_.pass(2s);
  EXPECT_EQ(subscribe("queue", 10), Said{"queue.declare 2 queue"});
  EXPECT_EQ(rig_.hear(peer::queue_declared(2, "queue")), Said{"queue.declare 2 queue"}) << "is it really there?";
  EXPECT_EQ(rig_.hear(peer::queue_declared(2, "queue")).back(), "basic.consume 1 queue waybill.1");
}

TEST_F(ConsumerRoleTest, WhatComesAfterACancelGoesBack) {
  be_subscribed();
  EXPECT_EQ(cancel("queue"), Said{"basic.cancel 1 waybill.1"});
  EXPECT_EQ(rig_.hear(peer::delivery(1, "waybill.1", 1, {"m1", {}, "body"})), Said{"basic.nack 1 1"});
  EXPECT_EQ(events(), Said{});
  rig_.hear(peer::consumer_cancelled(1, "waybill.1"));
  EXPECT_EQ(subscribe("queue", 10), Said{"queue.declare 2 queue"});
  EXPECT_EQ(rig_.hear(peer::queue_declared(2, "queue")).back(), "basic.consume 1 queue waybill.2");
}

TEST_F(ConsumerRoleTest, ACancelDuringTheSearchEndsIt) {
  be_subscribed();
  EXPECT_EQ(subscribe("other", 10), Said{"queue.declare 2 other"});
  EXPECT_EQ(cancel("other"), Said{});
  EXPECT_EQ(rig_.hear(peer::queue_declared(2, "other")), Said{});
}

TEST_F(ConsumerRoleTest, ASecondSubscriptionChangesNothing) {
  be_subscribed();
  EXPECT_EQ(subscribe("queue", 10), Said{});
}

TEST_F(ConsumerRoleTest, TooLargeADeliveryIsRejectedUnread) {
  options_.body_max = 10'000;
  ConsumerRole small(options_, [] { return Topology{}; });
  MachineRig rig(options_, small);
  rig.open();
  rig.hear(peer::channel_opened(1));
  rig.act([&](MonoTime now, Turn& turn) { small.subscribe({"queue"}, 10, now, turn); });
  rig.hear(peer::channel_opened(2));
  rig.hear(peer::queue_declared(2, "queue"));
  rig.hear(peer::qos_set(1) + peer::consuming(1, "waybill.1"));
  const std::string bytes = peer::delivery(1, "waybill.1", 1, {"m1", {}, std::string(10'001, 'x')}, 4'096);
  const auto body = bytes.find("xxxx") - kFrameHead;
  EXPECT_EQ(rig.hear(bytes.substr(0, body)), Said{"basic.reject 1 1"}) << "as soon as its size is known";
  EXPECT_EQ(rig.hear(bytes.substr(body)), Said{});
  EXPECT_EQ(rig.hear(peer::delivery(1, "waybill.1", 2, {"m2", {}, std::string(10'000, 'x')}, 4'096)), Said{});
  Said told;
  for (const auto& event : small.take_events()) told.push_back(std::visit(InWords{}, event));
  EXPECT_EQ(told, (Said{"ready", "note", "rejected unread", "delivery m2 1.2"}));
}

TEST_F(ConsumerRoleTest, HostileFramesEndTheConnection) {
  const std::string method = peer::delivery(1, "waybill.1", 1, {"m", {}, ""}).substr(0, 46);
  const std::string whole = peer::delivery(1, "waybill.1", 1, {"m", {}, "body"});
  for (const std::string& bytes :
       {peer::frame(FrameKind::kBody, 1, "body"), peer::frame(FrameKind::kHeader, 1, "header"),
        peer::delivery(1, "waybill.1", 2, {"m", {}, ""}), peer::delivery(1, "nobody", 1, {"m", {}, ""}),
        whole + peer::frame(FrameKind::kBody, 1, "more"), peer::ack(1, 1), peer::channel_opened(5),
        peer::frame(FrameKind::kHeader, 7, "x"), peer::frame(FrameKind::kMethod, 1, ""),
        peer::frame(FrameKind::kMethod, 1, std::string("\0\x3c\0\x3c\xff", 5))}) {
    ConsumerRole role(options_, [] { return Topology{}; });
    MachineRig rig(options_, role);
    rig.open();
    rig.hear(peer::channel_opened(1));
    rig.act([&](MonoTime now, Turn& turn) { role.subscribe({"queue"}, 10, now, turn); });
    rig.hear(peer::channel_opened(2));
    rig.hear(peer::queue_declared(2, "queue"));
    rig.hear(peer::qos_set(1) + peer::consuming(1, "waybill.1"));
    rig.hear(bytes);
    EXPECT_TRUE(rig.ended()) << bytes.size();
  }
}

TEST_F(ConsumerRoleTest, ASubscriptionWithoutAnAnswerEndsTheConnection) {
  be_ready();
  subscribe("queue", 10);
  rig_.hear(peer::channel_opened(2));
  rig_.hear(peer::queue_declared(2, "queue"));
  for (int i = 0; i < 11 && !rig_.ended(); ++i) {
    rig_.pass(1s);
    if (!rig_.ended()) rig_.hear(peer::heartbeat());
  }
  EXPECT_TRUE(rig_.ended());
}

TEST_F(ConsumerRoleTest, AClosedChannelIsALostConnection) {
  be_subscribed();
  EXPECT_EQ(rig_.hear(peer::channel_close(1, 406, "PRECONDITION_FAILED - delivery acknowledgement timed out")),
            Said{"channel.close-ok 1"});
  EXPECT_TRUE(rig_.ended());
  EXPECT_EQ(events(), Said{"down"});
}

}  // namespace
}  // namespace waybill::rabbitmq
