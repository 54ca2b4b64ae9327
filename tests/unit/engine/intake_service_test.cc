// Intake: what is answered when, which ids are drawn, what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/wire_limits.h"
#include "engine/intake_service.h"
#include "engine/publisher.h"
#include "tests/unit/engine/service_fixture.h"

namespace waybill {
namespace {

class IntakeServiceTest : public ServiceTest {
 protected:
  IntakeServiceTest() {
    publisher_.start(broker_);
    broker_.publish_events->on_publish_ready();
    pass(Duration{0});
  }
  void lease_node(int id = 5) {
    intake_.start();
    answer<LeaseNode>(Answer(NodeAnswer{id}));
  }
  static Message message(const std::string& id = {}) {
    Message message;
    message.id.value = id;
    message.route = kRoute;
    message.body = Body("hello");
    return message;
  }
  void accept(IntakeRequest request) {
    answered_ = 0;
    given_.reset();
    intake_.accept(std::move(request), world_.now() + Duration{5'000}, [this](Result<AppendAnswer> answer) {
      ++answered_;
      given_.emplace(std::move(answer));
    });
    pass(Duration{0});
  }
  void accept(Message message) { accept(IntakeRequest{std::move(message), {}, {}}); }
  /// The append under way is answered with its own id.
  Append record(AppendAnswer::Kind kind = AppendAnswer::Kind::kAccepted) {
    auto asked = lane_.take<Append>();
    EXPECT_TRUE(asked.has_value());
    if (!asked) return {};
    Append append = std::get<Append>(asked->write);
    asked->done(Answer(AppendAnswer{kind, append.message.id, State::kSending, wall_ms(3)}));
    pass(Duration{0});
    return append;
  }
  ErrorClass refusal() {
    EXPECT_EQ(answered_, 1);
    EXPECT_EQ(lane_.count<Append>(), 0U);
    return given_ && !given_->ok() ? given_->error().what : ErrorClass::kInDoubt;
  }

  Publisher publisher_{loop_, lane_, health_, options_, metrics_, [] {}};
  IntakeService intake_{loop_, lane_, publisher_, world_.wall(), options_, metrics_};
  int answered_ = 0;
  std::optional<Result<AppendAnswer>> given_;
};

TEST_F(IntakeServiceTest, AcceptedMessageIsAnsweredOnceDurableAndPublishedFromMemory) {
  accept(message("mine"));
  EXPECT_EQ(answered_, 0) << "not before the row is durable";
  EXPECT_TRUE(broker_.published.empty());
  const Append append = record();
  EXPECT_TRUE(append.publish_now);
  EXPECT_FALSE(append.id_generated);
  EXPECT_EQ(append.queue.value, "q");
  EXPECT_EQ(append.digest, sha256("hello"));
  EXPECT_EQ(append.boot, options_.owner.boot);
  ASSERT_EQ(answered_, 1);
  EXPECT_EQ((*given_)->id.value, "mine");
  ASSERT_EQ(broker_.published.size(), 1U);
  const auto mark = read_mark(broker_.published.front().headers);
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->publish_number, 1);
  EXPECT_EQ(mark->publish_time, wall_ms(3));
}

TEST_F(IntakeServiceTest, AnOverloadIsToldAndNotEachRefusal) {
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    accept(message("mine"));
    answer<Append>(make_error(ErrorClass::kOverload, "full"));
    EXPECT_EQ(refusal(), ErrorClass::kOverload);
  }
  pass(OverloadWatch::kCalm);
  const std::string told = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 2) << told;
  EXPECT_NE(told.find("the overload is over refused=3"), std::string::npos) << told;
}

TEST_F(IntakeServiceTest, NothingButAnAcceptedMessageIsPublished) {
  for (const auto kind :
       {AppendAnswer::Kind::kDuplicate, AppendAnswer::Kind::kConflict, AppendAnswer::Kind::kKeyReused}) {
    accept(message("mine"));
    (void)record(kind);
    ASSERT_EQ(answered_, 1);
    EXPECT_EQ((*given_)->kind, kind);
  }
  accept(message("mine"));
  answer<Append>(make_error(ErrorClass::kInDoubt, "planned"));
  pass(Duration{0});
  EXPECT_EQ(refusal(), ErrorClass::kInDoubt);
  EXPECT_TRUE(broker_.published.empty());
}

TEST_F(IntakeServiceTest, ScheduledMessageIsLeftToTheLog) {
  auto scheduled = message("mine");
  scheduled.not_before = wall_ms(60'000);
  accept(scheduled);
  EXPECT_FALSE(record().publish_now);
  EXPECT_EQ(answered_, 1);
  EXPECT_TRUE(broker_.published.empty());
}

TEST_F(IntakeServiceTest, MessageAcceptedWhileTheBrokerIsDownIsLeftToTheLog) {
  broker_.publish_events->on_publish_down("planned");
  pass(Duration{0});
  accept(message("mine"));
  EXPECT_FALSE(record().publish_now);
  EXPECT_EQ(answered_, 1);
}

TEST_F(IntakeServiceTest, DrawnIdReachesTheBodyThatCarriesIt) {
  lease_node();
  IntakeRequest request{message(), [](const MessageId& id) { return Body("id " + id.value); }, {}};
  accept(request);
  const Append append = record();
  EXPECT_TRUE(append.id_generated);
  EXPECT_EQ(append.message.body.bytes(), "id " + append.message.id.value);
  EXPECT_EQ(append.digest, sha256("id " + append.message.id.value));
  EXPECT_EQ(std::stoll(append.message.id.value) >> 12 & 1'023, 5);
  EXPECT_EQ((*given_)->id, append.message.id);
}

TEST_F(IntakeServiceTest, TakenIdIsDrawnAgainThreeTimesAtMost) {
  lease_node();
  accept(message());
  const auto first = record(AppendAnswer::Kind::kIdTaken).message.id;
  const auto second = record(AppendAnswer::Kind::kIdTaken).message.id;
  EXPECT_NE(first, second);
  EXPECT_EQ(answered_, 0);
  (void)record(AppendAnswer::Kind::kIdTaken);
  EXPECT_EQ(refusal(), ErrorClass::kRetry);

  accept(message());
  (void)record(AppendAnswer::Kind::kIdTaken);
  const auto accepted = record().message.id;
  ASSERT_EQ(answered_, 1);
  EXPECT_EQ((*given_)->id, accepted);
  EXPECT_EQ(broker_.published.size(), 1U);
}

TEST_F(IntakeServiceTest, NoIdIsDrawnWithoutAProvablyValidNodeLease) {
  std::string reason;
  EXPECT_FALSE(intake_.ready(&reason));
  EXPECT_EQ(reason, "no node id is leased");
  accept(message());
  EXPECT_EQ(refusal(), ErrorClass::kRetry);
  accept(message("own id"));
  EXPECT_EQ(lane_.count<Append>(), 1U) << "a caller's own id needs no lease";
  (void)record();

  lease_node();
  EXPECT_TRUE(intake_.ready(&reason));
  pass(Duration{59'999});
  EXPECT_TRUE(intake_.ready(&reason));
  pass(Duration{1});
  EXPECT_FALSE(intake_.ready(&reason));
  accept(message());
  EXPECT_EQ(refusal(), ErrorClass::kRetry);
  // The renewal was asked for at a third, 40 s ago: it is good for 20 s more, whenever its answer came.
  answer<LeaseNode>(Answer(NodeAnswer{5}));
  EXPECT_TRUE(intake_.ready(&reason));
  pass(Duration{19'999});
  EXPECT_TRUE(intake_.ready(&reason));
  pass(Duration{1});
  EXPECT_FALSE(intake_.ready(&reason));
}

TEST_F(IntakeServiceTest, NodeIdIsAskedForAgainWhileAllAreHeldOrTheLogIsSilent) {
  std::string reason;
  intake_.start();
  answer<LeaseNode>(Answer(NodeAnswer{std::nullopt}));
  EXPECT_FALSE(intake_.ready(&reason));
  pass(Duration{200});
  answer<LeaseNode>(make_error(ErrorClass::kRetry, "planned"));
  pass(Duration{200});
  answer<LeaseNode>(Answer(NodeAnswer{1}));
  EXPECT_TRUE(intake_.ready(&reason));
}

TEST_F(IntakeServiceTest, ClockThatStepsBackFarMakesItNotReadyUntilItHasCaughtUp) {
  lease_node();
  accept(message());
  (void)record();
  world_.wall().step(Duration{-5'000});
  accept(message());
  EXPECT_EQ(answered_ + static_cast<int>(lane_.count<Append>()), 1) << "five seconds are absorbed";
  (void)record();
  world_.wall().step(Duration{-1'000});
  accept(message());
  EXPECT_EQ(refusal(), ErrorClass::kRetry);
  std::string reason;
  EXPECT_FALSE(intake_.ready(&reason));
  EXPECT_EQ(reason, "the clock stepped back");
  pass(Duration{1'000});
  EXPECT_TRUE(intake_.ready(&reason)) << "without a request that draws an id";
}

TEST_F(IntakeServiceTest, InvalidIdsRoutesAndBodiesAreRefusedForGood) {
  options_.worker.body_max = 10;
  std::vector<Message> bad;
  for (const auto& id : {std::string(156, 'x'), std::string("\xff"), std::string("waybill.mine")}) {
    bad.push_back(message(id));
  }
  for (const auto& name : {std::string(256, 'k'), std::string("\xff")}) {
    bad.push_back(message("a"));
    bad.back().route.routing_key = name;
    bad.push_back(message("a"));
    bad.back().route.exchange = name;
  }
  bad.push_back(message("a"));
  bad.back().content_type = std::string(256, 't');
  bad.push_back(message("a"));
  bad.back().headers = {{"large", std::string(kHeaderBytesMax, 'v')}};
  bad.push_back(message("a"));
  bad.back().body = Body("eleven byte");
  for (const Message& one : bad) {
    accept(one);
    EXPECT_EQ(refusal(), ErrorClass::kPermanent);
  }
  auto longest = message("a");
  longest.route.routing_key = std::string(255, 'k');
  longest.body = Body("ten bytes.");
  accept(longest);
  EXPECT_TRUE(record().queue.external());
}

TEST_F(IntakeServiceTest, IdempotencyKeyIsCommittedWithItsRow) {
  const IdempotencyKey key{"/v1/messages", "key-1", sha256("request")};
  accept(IntakeRequest{message("mine"), {}, key});
  const Append append = record();
  ASSERT_TRUE(append.key);
  EXPECT_EQ(append.key->endpoint, "/v1/messages");
  EXPECT_EQ(append.key->key, "key-1");
  EXPECT_EQ(append.key->request, sha256("request"));
}

TEST_F(IntakeServiceTest, WritesCarryTheCallersDeadlineAndTokensOfTheirOwn) {
  accept(message("a"));
  auto first = lane_.take<Append>();
  accept(message("b"));
  auto second = lane_.take<Append>();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->deadline, world_.now() + Duration{5'000});
  EXPECT_NE(std::get<Append>(first->write).token, std::get<Append>(second->write).token);
}

}  // namespace
}  // namespace waybill
