// Deliveries without their body: the claim brings it, and only so many bytes of bodies are in hand at once.
#include "tests/unit/engine/worker_machine_fixture.h"

namespace waybill {
namespace {

class WorkerBodiesTest : public WorkerMachineTest {
 protected:
  M::Actions deliver_large(const std::string& id, std::size_t bytes, std::int64_t now = 0, int crashes = 0) {
    Delivery delivery = this->delivery(id);
    Mark mark = *read_mark(delivery.headers);
    mark.body_in_log = bytes;
    mark.crashes = crashes;
    Message message;
    message.route = delivery.route;
    delivery.headers = with_mark(message, mark);
    delivery.body = Body();
    return machine().on_delivery(std::move(delivery), moment(now));
  }
  static Result<Answer> granted_with(const std::string& body) {
    ClaimAnswer answer = std::get<ClaimAnswer>(*granted());
    answer.body = Body(body);
    return Answer(answer);
  }
  Key claim_of(const M::Actions& actions) {
    Key key = 0;
    EXPECT_TRUE(write<Claim>(actions, &key));
    return key;
  }
};

TEST_F(WorkerBodiesTest, ADeliveryWithoutItsBodyGetsItWithTheClaim) {
  Key key = 0;
  const auto claim = write<Claim>(deliver_large("a", 300), &key);
  ASSERT_TRUE(claim);
  EXPECT_TRUE(claim->want_body);
  EXPECT_EQ(claim->body_bytes, 300U);
  EXPECT_EQ(claim->digest, sha256("body of a"));
  const auto start = one<M::Start>(answer(key, granted_with("body of a"), 0));
  ASSERT_TRUE(start);
  EXPECT_EQ(start->attempt.body.bytes(), "body of a");
  EXPECT_EQ(start->attempt.digest, sha256("body of a"));
}

TEST_F(WorkerBodiesTest, ADeliveryWithItsBodyAsksForNone) {
  Key key = 0;
  const auto claim = write<Claim>(deliver("a"), &key);
  ASSERT_TRUE(claim);
  EXPECT_FALSE(claim->want_body);
  EXPECT_EQ(one<M::Start>(answer(key, granted(), 0))->attempt.digest, std::nullopt);
}

TEST_F(WorkerBodiesTest, WithoutABodyNoHandlerStarts) {
  const Key key = claim_of(deliver_large("a", 300));
  const auto actions = answer(key, granted(), 0);
  EXPECT_TRUE(all<M::Start>(actions).empty());
  const auto finish = write<Finish>(actions);
  ASSERT_TRUE(finish);
  EXPECT_TRUE(std::holds_alternative<Fail>(finish->outcome));
  EXPECT_EQ(all<M::Ack>(answer(key, recorded(), 0)).size(), 1U);
  EXPECT_TRUE(machine().idle());
}

TEST_F(WorkerBodiesTest, ARowThatIsGoneIsParkedAsEver) {
  const Key key = claim_of(deliver_large("a", 300));
  const auto park = write<Park>(answer(key, verdict(ClaimVerdict::kUnknownId), 0));
  ASSERT_TRUE(park);
  EXPECT_NE(park->reason.find("row gone"), std::string::npos);
}

TEST_F(WorkerBodiesTest, OnlySoManyBytesOfBodiesAreInHand) {
  options_.worker.bodies_max = 1'000;
  const Key first = claim_of(deliver_large("a", 600));
  EXPECT_EQ(claimed(deliver_large("b", 400)), std::vector<std::string>{"b"});
  EXPECT_TRUE(claimed(deliver_large("c", 1)).empty());
  EXPECT_TRUE(one<M::Start>(answer(first, granted_with("body of a"), 0)));
  EXPECT_TRUE(claimed(tick(100)).empty());
  // Room is made as soon as the handler returns, whether or not its outcome is recorded.
  EXPECT_EQ(claimed(finish(first, Done{}, 200)), std::vector<std::string>{"c"});
}

TEST_F(WorkerBodiesTest, ABodyLargerThanTheBoundPassesAlone) {
  options_.worker.bodies_max = 1'000;
  const Key first = claim_of(deliver_large("a", 100));
  EXPECT_TRUE(claimed(deliver_large("huge", 5'000)).empty());
  // Refused claims make room too.
  EXPECT_EQ(claimed(answer(first, verdict(ClaimVerdict::kFinished), 0)), std::vector<std::string>{"huge"});
  EXPECT_TRUE(claimed(deliver_large("b", 1)).empty());
}

TEST_F(WorkerBodiesTest, WhatWaitsForRoomDelaysNothingElse) {
  options_.worker.bodies_max = 1'000;
  const Key first = claim_of(deliver_large("a", 900));
  EXPECT_TRUE(claimed(deliver_large("b", 900)).empty());
  EXPECT_EQ(claimed(deliver("small")), std::vector<std::string>{"small"});
  EXPECT_EQ(claimed(answer(first, verdict(ClaimVerdict::kFinished), 10)), std::vector<std::string>{"b"});
}

TEST_F(WorkerBodiesTest, ThoseWithRoomComeInTheirTurn) {
  options_.worker.concurrency = options_.worker.concurrency_max = 1;
  const Key first = start("first", 0);
  EXPECT_TRUE(claimed(deliver("second", 1)).empty());
  EXPECT_TRUE(claimed(deliver_large("third", 300, 2)).empty());
  EXPECT_TRUE(claimed(deliver("fourth", 3)).empty());
  auto actions = finish(first, Done{}, 50);
  EXPECT_EQ(claimed(actions), std::vector<std::string>{"second"});
  actions = answer(claim_of(actions), verdict(ClaimVerdict::kFinished), 50);
  EXPECT_EQ(claimed(actions), std::vector<std::string>{"third"});
}

TEST_F(WorkerBodiesTest, WhatFoundNoRoomForAMinuteGoesBack) {
  options_.worker.bodies_max = 1'000;
  const Key first = claim_of(deliver_large("a", 900));
  EXPECT_TRUE(one<M::Start>(answer(first, granted_with("body of a"), 0)));
  EXPECT_TRUE(claimed(deliver_large("b", 900)).empty());
  EXPECT_TRUE(all<M::Requeue>(tick(59 * kS)).empty());
  EXPECT_EQ(all<M::Requeue>(tick(60 * kS)).size(), 1U);
}

TEST_F(WorkerBodiesTest, AStopGivesThemBack) {
  options_.worker.bodies_max = 1'000;
  claim_of(deliver_large("a", 900));
  EXPECT_TRUE(claimed(deliver_large("b", 900)).empty());
  EXPECT_EQ(all<M::Requeue>(machine().stop_taking(moment(1))).size(), 1U);
}

TEST_F(WorkerBodiesTest, ACrashedOneIsHandledAlone) {
  options_.worker.bodies_max = 1'000;
  const Key first = start("a");
  EXPECT_TRUE(claimed(deliver_large("crashed", 5'000, 0, /*crashes=*/1)).empty());
  EXPECT_EQ(claimed(finish(first, Done{}, 1)), std::vector<std::string>{"crashed"});
}

TEST_F(WorkerBodiesTest, WhatWaitsForRoomCountsAsInHand) {
  options_.worker.bodies_max = 1'000;
  const Key first = claim_of(deliver_large("a", 900));
  EXPECT_TRUE(one<M::Start>(answer(first, granted_with("body of a"), 0)));
  EXPECT_FALSE(machine().view(kQueue).oldest_in_hand);
  EXPECT_TRUE(claimed(deliver_large("b", 900)).empty());
  EXPECT_EQ(machine().view(kQueue).oldest_in_hand, wall_ms(0));
}

}  // namespace
}  // namespace waybill
