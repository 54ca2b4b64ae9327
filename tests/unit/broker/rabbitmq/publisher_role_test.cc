#include "broker/rabbitmq/protocol/publisher_role.h"

#include <gtest/gtest.h>

#include "core/headers.h"
#include "tests/unit/broker/rabbitmq/machine_rig.h"

namespace waybill::rabbitmq {
namespace {

using std::chrono_literals::operator""s;

std::string in_words(const std::vector<PublishTag>& tags) {
  std::string text;
  for (const PublishTag tag : tags) text += " " + std::to_string(tag);
  return text;
}

struct InWords {
  std::string operator()(const PublisherReady&) const { return "ready"; }
  std::string operator()(const PublisherBlocked&) const { return "blocked"; }
  std::string operator()(const PublisherDown&) const { return "down"; }
  std::string operator()(const PublishReturned& returned) const {
    return "returned " + std::to_string(returned.tag) + " " + std::to_string(returned.code);
  }
  std::string operator()(const PublishesConfirmed& confirmed) const {
    return "acked" + in_words(confirmed.acked) + " nacked" + in_words(confirmed.nacked);
  }
  std::string operator()(const Note& note) const { return "note " + note.text; }
};

class PublisherRoleTest : public testing::Test {
 protected:
  Said events() {
    Said all;
    for (const auto& event : role_.take_events()) all.push_back(std::visit(InWords{}, event));
    return all;
  }

  /// Connected, its channel open, `exchange` proven by a first message (tag 1), nothing in flight.
  void be_ready() {
    EXPECT_EQ(rig_.open(), (Said{"channel.open 1", "confirm.select 1"}));
    EXPECT_EQ(rig_.hear(peer::channel_opened(1) + peer::confirm_selected(1)), Said{});
    EXPECT_EQ(publish({"first"}), (Said{"channel.open 3", "confirm.select 3"}));
    EXPECT_EQ(rig_.hear(peer::channel_opened(3) + peer::confirm_selected(3)),
              Said({"basic.publish 3 exchange key", "header 3", "body 3"}));
    rig_.hear(peer::ack(3, 1));
    EXPECT_EQ(events(), (Said{"ready", "acked 1 nacked"}));
  }

  Said publish(const std::vector<std::string>& ids, const std::string& exchange = "exchange") {
    std::vector<Outgoing> batch;
    for (const auto& id : ids) batch.push_back(message(id, exchange));
    return publish_all(std::move(batch));
  }
  Said publish_all(std::vector<Outgoing> batch) {
    for (Outgoing& one : batch) one.tag = ++last_tag_;
    return rig_.act([&](MonoTime now, Turn& turn) { role_.publish(batch, now, turn); });
  }
  static Outgoing message(const std::string& id, const std::string& exchange = "exchange") {
    return {0, {exchange, "key"}, {id}, "text/plain", {{std::string(kHeaderMark), "publish=1"}}, Body("body")};
  }
  static peer::Message back(const std::string& id) { return {id, {{std::string(kHeaderMark), "publish=1"}}, "body"}; }

  RabbitMqOptions options_ = rig_options();
  Topology topology_;
  PublisherRole role_{options_, [this] { return topology_; }};
  MachineRig rig_{options_, role_};
  PublishTag last_tag_ = 0;
};

TEST_F(PublisherRoleTest, ManyMessagesGoOutInOneTurn) {
  be_ready();
  const Said said = publish({"a", "b", "c"});
  EXPECT_EQ(said.size(), 9U);
  EXPECT_EQ(said[0], "basic.publish 1 exchange key");
  EXPECT_EQ(said[6], "basic.publish 1 exchange key");
}

TEST_F(PublisherRoleTest, AnswersAreMatchedInAnyOrder) {
  be_ready();
  publish({"a", "b", "c", "d"});  // tags 2 to 5, which the broker counts from 1
  rig_.hear(peer::ack(1, 3) + peer::nack(1, 2) + peer::ack(1, 4, true));
  EXPECT_EQ(events(), Said{"acked 4 2 5 nacked 3"});
}

TEST_F(PublisherRoleTest, AfterANackTheChannelIsOpenedAnewOnceItIsEmpty) {
  be_ready();
  publish({"a", "b"});
  EXPECT_EQ(rig_.hear(peer::nack(1, 1)), Said{});
  EXPECT_EQ(publish({"c"}), Said{}) << "it is held";
  EXPECT_EQ(rig_.hear(peer::ack(1, 2)), Said{"channel.close 1"});
  EXPECT_EQ(publish({"d"}), Said{});
  EXPECT_EQ(rig_.hear(peer::channel_closed(1)), (Said{"channel.open 1", "confirm.select 1"}));
  EXPECT_EQ(rig_.hear(peer::channel_opened(1) + peer::confirm_selected(1)).size(), 6U);
  rig_.hear(peer::ack(1, 2, true));
  EXPECT_EQ(events(), Said{"acked 3 4 5 nacked 2"}) << "nobody outside noticed";
}

TEST_F(PublisherRoleTest, AChannelThatNacksIsNotOpenedAnewAllTheTime) {
  be_ready();
  publish({"a"});
  EXPECT_EQ(rig_.hear(peer::nack(1, 1)), Said{"channel.close 1"});
  rig_.hear(peer::channel_closed(1));
  rig_.hear(peer::channel_opened(1) + peer::confirm_selected(1));
  publish({"b"});
  EXPECT_EQ(rig_.hear(peer::nack(1, 1)), Said{});
  rig_.pass(1s);
  publish({"c"});
  EXPECT_EQ(rig_.hear(peer::nack(1, 2)), Said{"channel.close 1"});
}

TEST_F(PublisherRoleTest, WhatIsHeldForANewChannelDoesNotWaitForAQueueThatAnswersNobody) {
  be_ready();
  publish({"a", "b"});
  rig_.hear(peer::nack(1, 1));
  publish({"c"});
  EXPECT_EQ(rig_.pass(1s), (Said{"basic.publish 1 exchange key", "header 1", "body 1"}));
  rig_.hear(peer::ack(1, 3, true));
  EXPECT_EQ(events(), Said{"acked 3 4 nacked 2"});
}

TEST_F(PublisherRoleTest, WhatIsHeldForANewChannelIsInDoubtWithTheConnection) {
  be_ready();
  publish({"a"});
  rig_.hear(peer::nack(1, 1));
  publish({"b"});
  rig_.stream_ends();
  EXPECT_EQ(events(), (Said{"acked nacked 2", "down"}));
}

TEST_F(PublisherRoleTest, AReturnIsToldBeforeItsAck) {
  be_ready();
  publish({"a", "b"});
  rig_.hear(peer::returned(1, 312, back("b")) + peer::ack(1, 2, true));
  EXPECT_EQ(events(), (Said{"returned 3 312", "acked 2 3 nacked"}));
}

TEST_F(PublisherRoleTest, AReturnOfSomethingElseEndsTheConnection) {
  be_ready();
  publish({"a"});
  rig_.hear(peer::returned(1, 312, back("x")) + peer::ack(1, 1));
  EXPECT_TRUE(rig_.ended());
  EXPECT_EQ(events(), Said{"down"});
}

TEST_F(PublisherRoleTest, AnAnswerToNothingEndsTheConnection) {
  be_ready();
  publish({"a"});
  rig_.hear(peer::ack(1, 2));
  EXPECT_TRUE(rig_.ended());
  EXPECT_EQ(events(), Said{"down"});
}

TEST_F(PublisherRoleTest, ALostConnectionLeavesAllInDoubt) {
  be_ready();
  publish({"a", "b"});
  rig_.hear(peer::ack(1, 1));
  rig_.stream_ends();
  EXPECT_EQ(events(), (Said{"acked 2 nacked", "down"}));
  EXPECT_EQ(publish({"c"}), Said{});
  EXPECT_EQ(events(), Said{});
}

TEST_F(PublisherRoleTest, AMissingExchangeIsFoundOnTheOtherChannel) {
  be_ready();
  publish({"a"});
  EXPECT_EQ(publish({"bad1", "bad2"}, "missing"), (Said{"basic.publish 3 missing key", "header 3", "body 3"}));
  EXPECT_EQ(rig_.hear(peer::channel_close(3, 404, "NOT_FOUND - no exchange 'missing'")), Said{"channel.close-ok 3"});
  EXPECT_EQ(events(), (Said{"returned 3 404", "returned 4 404", "acked 3 4 nacked"}));
  rig_.hear(peer::ack(1, 1));
  EXPECT_EQ(events(), Said{"acked 2 nacked"});
  EXPECT_FALSE(rig_.ended());
}

TEST_F(PublisherRoleTest, AnExchangeThatMayNotBeWrittenToIsReturnedToo) {
  be_ready();
  publish({"bad"}, "forbidden");
  rig_.hear(peer::channel_close(3, 403, "ACCESS_REFUSED"));
  EXPECT_EQ(events(), (Said{"returned 2 403", "acked 2 nacked"}));
}

TEST_F(PublisherRoleTest, WhatWaitsForAProofFollowsIt) {
  be_ready();
  EXPECT_EQ(publish({"a", "b", "c"}, "second"), (Said{"basic.publish 3 second key", "header 3", "body 3"}));
  const Said said = rig_.hear(peer::ack(3, 2));
  EXPECT_EQ(said.size(), 6U);
  EXPECT_EQ(said[0], "basic.publish 1 second key");
  EXPECT_EQ(events(), Said{"acked 2 nacked"});
  EXPECT_EQ(publish({"d"}, "second")[0], "basic.publish 1 second key");
}

TEST_F(PublisherRoleTest, AReturnedTrialProvesItsExchange) {
  be_ready();
  publish({"a"}, "second");
  rig_.hear(peer::returned(3, 312, back("a")) + peer::ack(3, 2));
  EXPECT_EQ(events(), (Said{"returned 2 312", "acked 2 nacked"}));
  EXPECT_EQ(publish({"b"}, "second")[0], "basic.publish 1 second key");
}

TEST_F(PublisherRoleTest, TheDefaultExchangeNeedsNoProof) {
  be_ready();
  EXPECT_EQ(publish({"a"}, "")[0], "basic.publish 1  key");
}

TEST_F(PublisherRoleTest, AnExchangeDeletedMeanwhileLeavesTheWindowInDoubtOnce) {
  be_ready();
  publish({"a", "b"});
  EXPECT_EQ(rig_.hear(peer::channel_close(1, 404, "NOT_FOUND - no exchange 'exchange'")),
            (Said{"channel.close-ok 1", "channel.open 1", "confirm.select 1"}));
  EXPECT_EQ(events(), Said{"down"});
  rig_.hear(peer::channel_opened(1) + peer::confirm_selected(1));
  EXPECT_EQ(events(), Said{"ready"});
  // It must prove itself again: on the other channel, one at a time.
  EXPECT_EQ(publish({"a", "b"}), (Said{"basic.publish 3 exchange key", "header 3", "body 3"}));
  rig_.hear(peer::channel_close(3, 404, "NOT_FOUND - no exchange 'exchange'"));
  EXPECT_EQ(events(), (Said{"returned 4 404", "returned 5 404", "acked 4 5 nacked"}));
}

TEST_F(PublisherRoleTest, OtherExchangesNeedNoNewProofWhenOneWasDeleted) {
  be_ready();
  publish({"a"}, "second");
  rig_.hear(peer::ack(3, 2));
  publish({"b"});
  rig_.hear(peer::channel_close(1, 404, "NOT_FOUND - no exchange 'exchange' in vhost '/'"));
  rig_.hear(peer::channel_opened(1) + peer::confirm_selected(1));
  EXPECT_EQ(publish({"c"}, "second")[0], "basic.publish 1 second key");
  EXPECT_EQ(publish({"d"})[0], "basic.publish 3 exchange key");
}

TEST_F(PublisherRoleTest, APoisonMessageIsFoundByTryingOneByOne) {
  be_ready();
  publish({"a", "poison", "b"});
  rig_.hear(peer::channel_close(1, 406, "PRECONDITION_FAILED"));
  rig_.hear(peer::channel_opened(1) + peer::confirm_selected(1));
  EXPECT_EQ(events(), (Said{"down", "ready"}));
  // All exchanges must be proven again, and a message that was not in flight proves ours.
  publish({"c"});
  rig_.hear(peer::ack(3, 2));
  EXPECT_EQ(events(), Said{"acked 5 nacked"});
  publish({"a", "poison", "b"});  // tags 6, 7, 8
  rig_.hear(peer::ack(3, 3));
  EXPECT_EQ(events(), Said{"acked 6 nacked"});
  rig_.hear(peer::channel_close(3, 406, "PRECONDITION_FAILED"));
  EXPECT_EQ(events(), (Said{"returned 7 406", "acked 7 nacked"}));
  EXPECT_EQ(rig_.hear(peer::channel_opened(3) + peer::confirm_selected(3)),
            (Said{"basic.publish 3 exchange key", "header 3", "body 3"}));
  rig_.hear(peer::ack(3, 1));
  EXPECT_EQ(events(), Said{"acked 8 nacked"});
  EXPECT_EQ(publish({"a"})[0], "basic.publish 1 exchange key") << "what went well is no longer suspected";
  EXPECT_EQ(publish({"poison"})[0], "basic.publish 3 exchange key") << "what did not is";
}

TEST_F(PublisherRoleTest, WhatNoBrokerCarriesIsRefusedHere) {
  be_ready();
  Outgoing many = message("many");
  many.headers.emplace_back("x-long", std::string(200'000, 'x'));
  Outgoing name = message("name");
  name.headers.emplace_back(std::string(300, 'n'), "x");
  Outgoing key = message("key");
  key.route.routing_key = std::string(256, 'k');
  const Said said = publish_all({many, message("good"), name, key});
  EXPECT_EQ(said, (Said{"basic.publish 1 exchange key", "header 1", "body 1"}));
  EXPECT_EQ(events(), (Said{"returned 2 406", "returned 4 406", "returned 5 406", "acked 2 4 5 nacked"}));
}

TEST_F(PublisherRoleTest, AnAlarmBlocksUntilItIsOver) {
  be_ready();
  rig_.hear(peer::blocked("low on memory"));
  EXPECT_EQ(events(), Said{"blocked"});
  rig_.hear(peer::unblocked());
  EXPECT_EQ(events(), Said{"ready"});
}

TEST_F(PublisherRoleTest, ATrialMayLastAsLongAsTheAlarm) {
  be_ready();
  publish({"a"}, "second");
  rig_.hear(peer::blocked("low on memory"));
  for (int i = 0; i < 60; ++i) {
    rig_.pass(1s);
    rig_.hear(peer::heartbeat());
  }
  rig_.hear(peer::unblocked() + peer::ack(3, 2));
  EXPECT_EQ(events(), (Said{"blocked", "ready", "acked 2 nacked"}));
}

TEST_F(PublisherRoleTest, ATrialWithoutAnAnswerDoesNotStopTheOthers) {
  be_ready();
  publish({"a"}, "leaderless");
  publish({"b"}, "second");
  Said said;
  for (int i = 0; i < 11; ++i) {
    for (const auto& one : rig_.pass(1s)) said.push_back(one);
    rig_.hear(peer::heartbeat());
  }
  EXPECT_EQ(said, (Said{"heartbeat", "heartbeat", "channel.close 3"}));
  EXPECT_EQ(rig_.hear(peer::channel_closed(3)), (Said{"channel.open 3", "confirm.select 3"}));
  EXPECT_EQ(rig_.hear(peer::channel_opened(3) + peer::confirm_selected(3))[0], "basic.publish 3 second key");
  EXPECT_EQ(events(), Said{}) << "its message stays in doubt";
}

TEST_F(PublisherRoleTest, TooMuchUnansweredBlocks) {
  options_.unanswered_max = 4;
  be_ready();
  publish({"a", "b", "c", "d"});
  EXPECT_EQ(events(), Said{});
  publish({"e"});
  EXPECT_EQ(events(), Said{"blocked"});
  rig_.hear(peer::ack(1, 2, true));
  EXPECT_EQ(events(), Said{"acked 2 3 nacked"});
  rig_.hear(peer::ack(1, 3));
  EXPECT_EQ(events(), (Said{"ready", "acked 4 nacked"}));
}

TEST_F(PublisherRoleTest, TooMuchUnsentBlocks) {
  be_ready();
  role_.on_unsent(options_.unsent_max + 1);
  EXPECT_EQ(events(), Said{"blocked"});
  role_.on_unsent(options_.unsent_max / 2 + 1);
  EXPECT_EQ(events(), Said{});
  role_.on_unsent(options_.unsent_max / 2);
  EXPECT_EQ(events(), Said{"ready"});
}

TEST_F(PublisherRoleTest, ABodyOfExactlyOneFrameHasNoEmptyOneBehindIt) {
  be_ready();
  for (const auto& [size, frames] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 0}, {1, 1}, {kFrameMax - 8, 1}, {kFrameMax - 7, 2}, {2 * (kFrameMax - 8), 2}}) {
    Outgoing one = message("a");
    one.body = Body(std::string(size, 'x'));
    EXPECT_EQ(publish_all({one}).size(), 2 + frames) << size;
  }
}

TEST_F(PublisherRoleTest, TheTopologyComesFirst) {
  topology_ = {{"mail"}, {{{"queue"}}}, {{{"mail", "key"}, {"queue"}}}};
  EXPECT_EQ(rig_.open(), Said{"channel.open 2"});
  EXPECT_EQ(rig_.hear(peer::channel_opened(2)), Said{"exchange.declare 2 mail"});
  EXPECT_EQ(rig_.hear(peer::exchange_declared(2)), Said{"queue.declare 2 queue"});
  EXPECT_EQ(rig_.hear(peer::queue_declared(2, "queue")), Said{"queue.bind 2 queue"});
  EXPECT_EQ(rig_.hear(peer::queue_bound(2)), (Said{"channel.open 1", "confirm.select 1"}));
  EXPECT_EQ(events(), Said{});
}

TEST_F(PublisherRoleTest, ATopologyThatIsRefusedEndsTheConnection) {
  topology_ = {{"mail"}, {}, {}};
  rig_.open();
  rig_.hear(peer::channel_opened(2));
  rig_.hear(peer::channel_close(2, 406, "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'mail'"));
  ASSERT_TRUE(rig_.ended());
  EXPECT_EQ(rig_.end().kind, ConnectionEnd::Kind::kRefused);
  EXPECT_NE(rig_.end().reason.find("exchange 'mail' exists with other properties"), std::string::npos);
  EXPECT_EQ(events(), Said{});
}

TEST_F(PublisherRoleTest, AQuestionWithoutAnAnswerEndsTheConnection) {
  topology_ = {{"mail"}, {}, {}};
  rig_.open();
  rig_.hear(peer::channel_opened(2));
  for (int i = 0; i < 11 && !rig_.ended(); ++i) {
    rig_.pass(1s);
    if (!rig_.ended()) rig_.hear(peer::heartbeat());
  }
  ASSERT_TRUE(rig_.ended());
  EXPECT_NE(rig_.end().reason.find("declaring exchange 'mail'"), std::string::npos) << rig_.end().reason;
}

TEST_F(PublisherRoleTest, AReturnHasTheTopologyDeclaredAgain) {
  be_ready();
  rig_.pass(2s);
  topology_ = {{"mail"}, {}, {}};
  publish({"a"});
  EXPECT_EQ(rig_.hear(peer::returned(1, 312, back("a")) + peer::ack(1, 1)), Said{"channel.open 2"});
}

}  // namespace
}  // namespace waybill::rabbitmq
