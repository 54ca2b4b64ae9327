#include "broker/rabbitmq/protocol/session_machine.h"

#include <gtest/gtest.h>

#include "tests/unit/broker/rabbitmq/machine_rig.h"

namespace waybill::rabbitmq {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using Kind = ConnectionEnd::Kind;

class NotingRole final : public ConnectionRole {
 public:
  void on_open(std::size_t frame_max, MonoTime, Turn&) override {
    notes.push_back("open " + std::to_string(frame_max));
  }
  void on_frame(const Frame& frame, MonoTime, Turn&) override {
    notes.push_back("frame " + std::to_string(frame.channel) + " " + std::to_string(frame.payload.size()));
  }
  void on_blocked(const std::string& reason, MonoTime, Turn&) override { notes.push_back("blocked " + reason); }
  void on_unblocked(MonoTime, Turn&) override { notes.emplace_back("unblocked"); }
  void on_tick(MonoTime, Turn&) override {}
  void on_end(const ConnectionEnd&) override { notes.emplace_back("end"); }
  [[nodiscard]] std::optional<MonoTime> next_deadline() const override { return std::nullopt; }
  Said notes;
};

class SessionMachineTest : public testing::Test {
 protected:
  void expect_end(Kind kind, const std::string& part) {
    ASSERT_TRUE(rig_.ended());
    EXPECT_EQ(rig_.end().kind, kind) << rig_.end().reason;
    EXPECT_NE(rig_.end().reason.find(part), std::string::npos) << rig_.end().reason;
  }

  RabbitMqOptions options_ = rig_options();
  NotingRole role_;
  MachineRig rig_{options_, role_};
};

TEST_F(SessionMachineTest, ShakesHands) {
  EXPECT_EQ(rig_.connect(), Said{"protocol"});
  EXPECT_EQ(rig_.hear(peer::start()), Said{"connection.start-ok 0"});
  EXPECT_NE(rig_.bytes().find(std::string("\0guest\0guest", 12)), std::string::npos);
  for (const char* capability : {"connection.blocked", "consumer_cancel_notify", "basic.nack", "publisher_confirms"}) {
    EXPECT_NE(rig_.bytes().find(capability), std::string::npos) << capability;
  }
  EXPECT_EQ(rig_.hear(peer::tune(2047, 131'072, 60)), (Said{"connection.tune-ok 0", "connection.open 0"}));
  EXPECT_EQ(rig_.hear(peer::opened()), Said{});
  EXPECT_EQ(role_.notes, Said{"open 131072"});
  EXPECT_FALSE(rig_.ended());
}

TEST_F(SessionMachineTest, TunesToTheSmallerOfBoth) {
  rig_.connect();
  rig_.hear(peer::start());
  rig_.hear(peer::tune(8, 8'192, 3));
  // channel_max, frame_max, heartbeat, as the payload of tune-ok ends.
  EXPECT_NE(rig_.bytes().find(peer::number(8, 2) + peer::number(8'192, 4) + peer::number(3, 2)), std::string::npos);
}

TEST_F(SessionMachineTest, BringsItsOwnLimitsWhereTheBrokerHasNone) {
  rig_.connect();
  rig_.hear(peer::start());
  rig_.hear(peer::tune(0, 0, 0));
  EXPECT_NE(rig_.bytes().find(peer::number(131'072, 4) + peer::number(10, 2)), std::string::npos);
}

TEST_F(SessionMachineTest, EveryStateOfTheHandshakeHasADeadline) {
  const std::vector<std::string> heard{peer::start(), peer::tune(2047, 131'072, 60)};
  for (std::size_t steps = 0; steps <= heard.size(); ++steps) {
    NotingRole role;
    MachineRig rig(options_, role);
    rig.connect();
    for (std::size_t i = 0; i < steps; ++i) rig.hear(heard[i]);
    rig.pass(9'999ms);
    EXPECT_FALSE(rig.ended());
    rig.pass(1ms);
    ASSERT_TRUE(rig.ended()) << steps;
    EXPECT_EQ(rig.end().kind, Kind::kLost);
  }
}

TEST_F(SessionMachineTest, AHandshakeThatDripsHasTheSameDeadline) {
  rig_.connect();
  for (int i = 0; i < 20 && !rig_.ended(); ++i) {
    rig_.pass(1s);
    if (!rig_.ended()) rig_.hear(peer::start().substr(static_cast<std::size_t>(i), 1));
  }
  expect_end(Kind::kLost, "its greeting");
}

TEST_F(SessionMachineTest, AWrongPasswordIsSaidAndFinal) {
  rig_.connect();
  rig_.hear(peer::start());
  EXPECT_EQ(rig_.hear(peer::connection_close(403, "ACCESS_REFUSED - Login was refused")),
            Said{"connection.close-ok 0"});
  expect_end(Kind::kRefused, "the broker refused user 'guest': wrong user or password");
}

TEST_F(SessionMachineTest, AWrongVhostIsSaidAndFinal) {
  options_.url.vhost = "nowhere";
  rig_.connect();
  rig_.hear(peer::start());
  rig_.hear(peer::tune(2047, 131'072, 60));
  rig_.hear(peer::connection_close(530, "NOT_ALLOWED - vhost nowhere not found"));
  expect_end(Kind::kRefused, "the broker refused vhost 'nowhere' to user 'guest'");
}

TEST_F(SessionMachineTest, AnOldBrokerIsRefusedByItsVersion) {
  rig_.connect();
  rig_.hear(peer::start({.version = "3.7.28"}));
  expect_end(Kind::kRefused, "RabbitMQ 3.7.28, which is too old");
}

TEST_F(SessionMachineTest, ABrokerWithoutConfirmsIsRefused) {
  rig_.connect();
  rig_.hear(peer::start({.product = "Other", .version = "1", .confirms = false}));
  expect_end(Kind::kRefused, "publisher confirms");
}

TEST_F(SessionMachineTest, ALoginThatIsNotOfferedIsRefused) {
  options_.external = true;
  rig_.connect();
  rig_.hear(peer::start({.mechanisms = "PLAIN AMQPLAIN"}));
  expect_end(Kind::kRefused, "EXTERNAL");
}

TEST_F(SessionMachineTest, WhatIsNotAmqpIsSaidAndFinal) {
  rig_.connect();
  rig_.hear("HTTP/1.1 400 Bad Request\r\n\r\n");
  expect_end(Kind::kRefused, "not AMQP");
}

TEST_F(SessionMachineTest, SendsHeartbeatsWhateverElseIsSent) {
  rig_.open();
  Said said;
  for (int i = 0; i < 30; ++i) {
    rig_.hear(peer::frame(FrameKind::kMethod, 1, "busy"));
    for (const auto& one : rig_.pass(1s)) said.push_back(one);
  }
  EXPECT_EQ(said, Said(6, "heartbeat"));
  EXPECT_FALSE(rig_.ended());
}

TEST_F(SessionMachineTest, SilenceOfTwoHeartbeatsEndsIt) {
  rig_.open();
  rig_.pass(15s);
  rig_.hear(peer::heartbeat());
  rig_.pass(19'999ms);
  EXPECT_FALSE(rig_.ended());
  rig_.pass(1ms);
  expect_end(Kind::kLost, "the broker was silent for 20 seconds");
}

TEST_F(SessionMachineTest, AStallInTheMiddleOfAFrameEndsIt) {
  rig_.open();
  const std::string frame = peer::frame(FrameKind::kBody, 1, "0123456789abcdefghij");
  // It drips, so that there is no silence.
  for (std::size_t i = 0; i < 20 && !rig_.ended(); ++i) {
    rig_.hear(frame.substr(i, 1));
    rig_.pass(1s);
  }
  expect_end(Kind::kLost, "in the middle of a frame");
}

TEST_F(SessionMachineTest, FramesOneAfterTheOtherAreNoStall) {
  rig_.open();
  const std::string frame = peer::frame(FrameKind::kMethod, 1, "method");
  for (int i = 0; i < 60; ++i) {
    rig_.hear(frame.substr(0, 5));
    rig_.pass(1s);
    rig_.hear(frame.substr(5));
  }
  EXPECT_FALSE(rig_.ended());
  EXPECT_EQ(role_.notes.size(), 61U);
}

TEST_F(SessionMachineTest, ASocketThatTakesNothingEndsIt) {
  rig_.open();
  rig_.machine().on_write(1'000, false, rig_.now());
  for (int i = 0; i < 59; ++i) {
    rig_.pass(1s);
    rig_.hear(peer::heartbeat());
  }
  EXPECT_FALSE(rig_.ended());
  rig_.pass(1s);
  expect_end(Kind::kLost, "takes nothing");
}

TEST_F(SessionMachineTest, ABlockedBrokerMayTakeNothingForLong) {
  rig_.open();
  rig_.hear(peer::blocked("low on memory"));
  rig_.machine().on_write(1'000, false, rig_.now());
  for (int i = 0; i < 600; ++i) {
    rig_.pass(1s);
    rig_.hear(peer::heartbeat());
  }
  EXPECT_FALSE(rig_.ended());
  rig_.hear(peer::unblocked());
  EXPECT_EQ(role_.notes, (Said{"open 131072", "blocked low on memory", "unblocked"}));
}

TEST_F(SessionMachineTest, AnOversizedFrameEndsItAndIsToldTheBroker) {
  rig_.open();
  EXPECT_EQ(rig_.hear(std::string("\x03\x00\x01\x7f\xff\xff\xff", 7)), Said{"connection.close 0"});
  expect_end(Kind::kLost, "bytes where 131072 are allowed");
}

TEST_F(SessionMachineTest, HostileBytesEndIt) {
  for (const std::string& bytes :
       {std::string("\xff\xff\xff\xff\xff\xff\xff\xff"), peer::frame(FrameKind::kMethod, 0, "abc"),
        peer::frame(FrameKind::kMethod, 0, std::string("\0\x0a\0\x32\xff", 5)),
        peer::frame(FrameKind::kBody, 0, "body"), peer::frame(FrameKind::kMethod, 0, std::string("\0\x0a\0\x0a", 4)),
        peer::tune(1, 1, 1)}) {
    NotingRole role;
    MachineRig rig(options_, role);
    rig.open();
    rig.hear(bytes);
    EXPECT_TRUE(rig.ended()) << bytes;
  }
}

TEST_F(SessionMachineTest, TheBrokersGoodbyeIsAnsweredAndTold) {
  rig_.open();
  EXPECT_EQ(rig_.hear(peer::connection_close(320, "CONNECTION_FORCED - broker forced connection closure")),
            Said{"connection.close-ok 0"});
  expect_end(Kind::kLost, "320 CONNECTION_FORCED");
  EXPECT_FALSE(rig_.end().by_publish);
}

TEST_F(SessionMachineTest, AGoodbyeBecauseOfAPublishSaysSo) {
  rig_.open();
  rig_.hear(peer::connection_close(540, "NOT_IMPLEMENTED", true));
  ASSERT_TRUE(rig_.ended());
  EXPECT_TRUE(rig_.end().by_publish);
}

TEST_F(SessionMachineTest, EndsInOrderWhenAsked) {
  rig_.open();
  EXPECT_EQ(rig_.close(), Said{"connection.close 0"});
  rig_.hear(peer::frame(FrameKind::kMethod, 1, "late"));
  EXPECT_FALSE(rig_.ended());
  rig_.hear(peer::connection_closed());
  expect_end(Kind::kOrdered, "");
}

TEST_F(SessionMachineTest, DoesNotWaitLongForTheAnswerToItsGoodbye) {
  rig_.open();
  rig_.close();
  rig_.pass(2s);
  expect_end(Kind::kOrdered, "did not answer");
}

TEST_F(SessionMachineTest, ABrokenStreamEndsItInEveryState) {
  for (std::size_t steps = 0; steps <= 3; ++steps) {
    NotingRole role;
    MachineRig rig(options_, role);
    rig.connect();
    const std::vector<std::string> heard{peer::start(), peer::tune(2047, 131'072, 60), peer::opened()};
    for (std::size_t i = 0; i < steps; ++i) rig.hear(heard[i]);
    rig.stream_ends();
    ASSERT_TRUE(rig.ended());
    EXPECT_EQ(rig.end().kind, Kind::kLost);
    EXPECT_EQ(rig.machine().next_deadline(), std::nullopt);
  }
}

}  // namespace
}  // namespace waybill::rabbitmq
