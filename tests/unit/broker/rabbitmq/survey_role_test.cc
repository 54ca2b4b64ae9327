#include "broker/rabbitmq/protocol/survey_role.h"

#include <gtest/gtest.h>

#include "tests/unit/broker/rabbitmq/machine_rig.h"

namespace waybill::rabbitmq {
namespace {

using Standing = SurveyedThing::Standing;
using Alarm = BrokerSurvey::Alarm;

class SurveyRoleTest : public testing::Test {
 protected:
  /// Up to the first question.
  Said begin() {
    rig_.open();
    return hear(peer::channel_opened(1));
  }
  Said hear(const std::string& bytes) { return rig_.hear(bytes); }
  /// Up to the message that nobody gets.
  void past_the_topology() {
    begin();
    for (int i = 0; i < 2; ++i) hear(peer::exchange_declared(1));
    for (int i = 0; i < 2; ++i) hear(peer::queue_declared(1, "q"));
  }
  [[nodiscard]] const BrokerSurvey& survey() const { return role_.survey(); }
  [[nodiscard]] bool done() const { return role_.outcome() && role_.outcome()->ok(); }

  RabbitMqOptions options_ = rig_options();
  SurveyRole role_{options_, Topology{{"e"}, {{{"q"}}}, {}}, "nobody"};
  MachineRig rig_{options_, role_};
};

TEST_F(SurveyRoleTest, AsksWhetherItIsThereBeforeItIsCompared) {
  // Behind the name or the type are the flags: 1 is passive, 2 durable.
  const auto said = [&](const std::string& text, char flags) {
    return rig_.bytes().find(peer::short_text(text) + flags) != std::string::npos;
  };
  EXPECT_EQ(begin(), Said{"exchange.declare 1 e"});
  EXPECT_TRUE(said("direct", 3));
  EXPECT_EQ(hear(peer::exchange_declared(1)), Said{"exchange.declare 1 e"});
  EXPECT_TRUE(said("direct", 2));
  EXPECT_EQ(hear(peer::exchange_declared(1)), Said{"queue.declare 1 q"});
  EXPECT_TRUE(said("q", 1));
  EXPECT_EQ(hear(peer::queue_declared(1, "q")), Said{"queue.declare 1 q"});
  EXPECT_TRUE(said("q", 2));
  EXPECT_EQ(hear(peer::queue_declared(1, "q")), (Said{"basic.publish 1  nobody", "header 1"}));
  EXPECT_EQ(survey().exchanges.at(0).standing, Standing::kAsWanted);
  EXPECT_EQ(survey().queues.at(0).standing, Standing::kAsWanted);
  EXPECT_FALSE(role_.outcome());
}

TEST_F(SurveyRoleTest, WhatIsMissingIsNotDeclared) {
  begin();
  EXPECT_EQ(hear(peer::channel_close(1, 404, "NOT_FOUND - no exchange 'e' in vhost '/'")),
            (Said{"channel.close-ok 1", "channel.open 1"}));
  EXPECT_EQ(hear(peer::channel_opened(1)), Said{"queue.declare 1 q"});
  hear(peer::channel_close(1, 404, "NOT_FOUND - no queue 'q' in vhost '/'"));
  EXPECT_EQ(hear(peer::channel_opened(1)), (Said{"basic.publish 1  nobody", "header 1"}));
  EXPECT_EQ(survey().exchanges.at(0).standing, Standing::kMissing);
  EXPECT_EQ(survey().queues.at(0).standing, Standing::kMissing);
}

TEST_F(SurveyRoleTest, WhatDiffersIsSaidWithoutTheNameOfTheError) {
  begin();
  hear(peer::exchange_declared(1));
  hear(peer::channel_close(1, 406, "PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'e'"));
  EXPECT_EQ(survey().exchanges.at(0).standing, Standing::kDiffers);
  EXPECT_EQ(survey().exchanges.at(0).detail, "inequivalent arg 'type' for exchange 'e'");
}

TEST_F(SurveyRoleTest, WithoutTheRightToDeclareNothingIsCompared) {
  begin();
  hear(peer::exchange_declared(1));
  hear(peer::channel_close(1, 403, "ACCESS_REFUSED - access to exchange 'e' refused"));
  EXPECT_EQ(survey().exchanges.at(0).standing, Standing::kNotCompared);
}

TEST_F(SurveyRoleTest, AMessageThatComesBackAndAnAnswerAfterItMeanNoAlarm) {
  past_the_topology();
  EXPECT_EQ(hear(peer::returned(1, 312, {"nobody", {}, ""})), Said{"exchange.declare 1 amq.direct"});
  EXPECT_FALSE(role_.outcome()) << "the alarm may be told after the return";
  hear(peer::exchange_declared(1));
  EXPECT_TRUE(done());
  EXPECT_EQ(survey().alarm, Alarm::kNone);
}

TEST_F(SurveyRoleTest, AnAlarmIsTakenWheneverItIsTold) {
  past_the_topology();
  hear(peer::returned(1, 312, {"nobody", {}, ""}));
  hear(peer::blocked("low on memory"));
  EXPECT_TRUE(done());
  EXPECT_EQ(survey().alarm, Alarm::kBlocked);
  EXPECT_EQ(survey().alarm_reason, "low on memory");
}

TEST_F(SurveyRoleTest, AUserWhoMayNotPublishLearnsNothingOfAlarms) {
  past_the_topology();
  hear(peer::channel_close(1, 403, "ACCESS_REFUSED - access to exchange 'amq.default' refused"));
  EXPECT_TRUE(done());
  EXPECT_EQ(survey().alarm, Alarm::kUnknown);
}

TEST_F(SurveyRoleTest, ABrokerThatFallsSilentIsUnreachable) {
  begin();
  rig_.pass(options_.answer_deadline);
  ASSERT_TRUE(role_.outcome());
  EXPECT_EQ(role_.outcome()->error().what, ErrorClass::kRetry);
  EXPECT_NE(role_.outcome()->error().message.find("asking for exchange 'e'"), std::string::npos);
}

TEST_F(SurveyRoleTest, TheVersionIsKnownEvenOfABrokerThatIsTooOld) {
  rig_.connect();
  hear(peer::start({.version = "3.7.28"}));
  EXPECT_EQ(survey().version, "3.7.28");
  ASSERT_TRUE(role_.outcome());
  EXPECT_EQ(role_.outcome()->error().what, ErrorClass::kPermanent);
  EXPECT_NE(role_.outcome()->error().message.find("too old"), std::string::npos);
}

}  // namespace
}  // namespace waybill::rabbitmq
