#include "broker/rabbitmq/protocol/topology_run.h"

#include <gtest/gtest.h>

#include "broker/rabbitmq/protocol/declare_role.h"
#include "tests/unit/broker/rabbitmq/machine_rig.h"

namespace waybill::rabbitmq {
namespace {

class TopologyRunTest : public testing::Test {
 protected:
  /// What the client says first about its topology.
  Said declare(Topology topology) {
    role_ = std::make_unique<DeclareRole>(options_, std::move(topology));
    rig_ = std::make_unique<MachineRig>(options_, *role_);
    rig_->open();
    return rig_->hear(peer::channel_opened(1));
  }
  Said hear(const std::string& bytes) { return rig_->hear(bytes); }
  void expect_refused(ErrorClass what, const std::string& part) {
    ASSERT_TRUE(role_->outcome());
    ASSERT_FALSE(role_->outcome()->ok());
    EXPECT_EQ(role_->outcome()->error().what, what);
    EXPECT_NE(role_->outcome()->error().message.find(part), std::string::npos) << role_->outcome()->error().message;
  }

  RabbitMqOptions options_ = rig_options();
  std::unique_ptr<DeclareRole> role_;
  std::unique_ptr<MachineRig> rig_;
};

TEST_F(TopologyRunTest, DeclaresOneAfterTheOther) {
  EXPECT_EQ(declare({{"e"}, {{{"q"}}}, {{{"e", "k"}, {"q"}}, {{"", "q"}, {"q"}}}}), Said{"exchange.declare 1 e"});
  EXPECT_EQ(hear(peer::exchange_declared(1)), Said{"queue.declare 1 q"});
  EXPECT_EQ(hear(peer::queue_declared(1, "q")), Said{"queue.bind 1 q"});
  EXPECT_FALSE(role_->outcome());
  EXPECT_EQ(hear(peer::queue_bound(1)), Said{});
  EXPECT_TRUE(role_->outcome() && role_->outcome()->ok());
}

TEST_F(TopologyRunTest, AQueueIsDurableOfItsTypeWithItsDeadLetterRoute) {
  declare({{}, {{{"q"}, 10, Route{"dlx", "dead"}}}, {}});
  EXPECT_NE(rig_->bytes().find("x-queue-typeS" + peer::number(6, 4) + "quorum"), std::string::npos);
  EXPECT_NE(rig_->bytes().find("x-dead-letter-exchangeS" + peer::number(3, 4) + "dlx"), std::string::npos);
  EXPECT_NE(rig_->bytes().find("x-dead-letter-routing-keyS" + peer::number(4, 4) + "dead"), std::string::npos);
  // Behind the name: durable alone of the flags.
  EXPECT_NE(rig_->bytes().find(peer::short_text("q") + "\x02"), std::string::npos);
  options_.queue_type = QueueType::kClassic;
  declare({{}, {{{"q"}}}, {}});
  EXPECT_NE(rig_->bytes().find("x-queue-typeS" + peer::number(7, 4) + "classic"), std::string::npos);
}

TEST_F(TopologyRunTest, WhatExistsAndDiffersIsAConflictThatSaysWhat) {
  declare({{}, {{{"q"}}}, {}});
  hear(peer::channel_close(1, 406,
                           "PRECONDITION_FAILED - inequivalent arg 'x-queue-type' for queue 'q' in vhost '/': received "
                           "'quorum' but current is 'classic'"));
  expect_refused(ErrorClass::kConflict, "queue 'q' exists with other properties");
  expect_refused(ErrorClass::kConflict, "received 'quorum' but current is 'classic'");
}

TEST_F(TopologyRunTest, WithoutTheRightToDeclareWhatExistsIsTaken) {
  declare({{"e"}, {{{"q"}}}, {{{"e", "k"}, {"q"}}}});
  EXPECT_EQ(hear(peer::channel_close(1, 403, "ACCESS_REFUSED")), (Said{"channel.close-ok 1", "channel.open 1"}));
  EXPECT_EQ(hear(peer::channel_opened(1)), Said{"exchange.declare 1 e"});
  EXPECT_EQ(hear(peer::exchange_declared(1)), Said{"queue.declare 1 q"});
  hear(peer::channel_close(1, 403, "ACCESS_REFUSED"));
  EXPECT_EQ(hear(peer::channel_opened(1)), Said{"queue.declare 1 q"});
  EXPECT_EQ(hear(peer::queue_declared(1, "q")), Said{"queue.bind 1 q"});
  hear(peer::channel_close(1, 403, "ACCESS_REFUSED"));
  ASSERT_TRUE(role_->outcome() && role_->outcome()->ok());
  EXPECT_EQ(role_->notes().size(), 3U);
}

TEST_F(TopologyRunTest, WithoutTheRightAndWithoutTheThingItIsRefused) {
  declare({{}, {{{"q"}}}, {}});
  hear(peer::channel_close(1, 403, "ACCESS_REFUSED"));
  hear(peer::channel_opened(1));
  hear(peer::channel_close(1, 404, "NOT_FOUND - no queue 'q'"));
  expect_refused(ErrorClass::kPermanent, "no right to declare queue 'q'");
}

TEST_F(TopologyRunTest, ABindingToNothingIsNotFound) {
  declare({{}, {}, {{{"nowhere", "k"}, {"q"}}}});
  hear(peer::channel_close(1, 404, "NOT_FOUND - no exchange 'nowhere'"));
  EXPECT_FALSE(role_->outcome());
  for (int round = 1; round < 10; ++round) {
    EXPECT_EQ(hear(peer::channel_opened(1)), Said{"queue.bind 1 q"}) << "somebody may be about to declare it";
    hear(peer::channel_close(1, 404, "NOT_FOUND - no exchange 'nowhere'"));
  }
  expect_refused(ErrorClass::kNotFound, "no exchange 'nowhere'");
}

TEST_F(TopologyRunTest, WhatIsRemovedBeforeItIsBoundIsDeclaredAgain) {
  declare({{"e"}, {}, {{{"e", "k"}, {"q"}}}});
  hear(peer::exchange_declared(1));
  for (int round = 0; round < 5; ++round) {  // a removal may take a while
    hear(peer::channel_close(1, 404, "NOT_FOUND - no exchange 'e'"));
    EXPECT_EQ(hear(peer::channel_opened(1)), Said{"exchange.declare 1 e"});
    EXPECT_EQ(hear(peer::exchange_declared(1)), Said{"queue.bind 1 q"});
  }
  hear(peer::queue_bound(1));
  EXPECT_TRUE(role_->outcome() && role_->outcome()->ok());
}

TEST_F(TopologyRunTest, ALostConnectionMayBeTriedAgain) {
  declare({{"e"}, {}, {}});
  rig_->stream_ends();
  expect_refused(ErrorClass::kRetry, "reset by peer");
}

TEST_F(TopologyRunTest, WhatNoBrokerTakesIsNotAsked) {
  for (const Topology& topology :
       {Topology{{""}, {}, {}}, Topology{{std::string(256, 'e')}, {}, {}}, Topology{{}, {{{""}}}, {}},
        Topology{{}, {}, {{{"", "other"}, {"q"}}}}, Topology{{}, {}, {{{"e", std::string(256, 'k')}, {"q"}}}},
        Topology{{}, {{{"q"}, 1, Route{std::string(256, 'd'), ""}}}, {}}}) {
    const Status checked = check_topology(topology);
    ASSERT_FALSE(checked.ok());
    EXPECT_EQ(checked.error().what, ErrorClass::kPermanent);
  }
}

}  // namespace
}  // namespace waybill::rabbitmq
