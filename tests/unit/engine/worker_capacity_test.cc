// Slots: how many run at once, who runs alone, what goes back to the broker, and the stop.
#include <deque>

#include "tests/unit/engine/worker_machine_fixture.h"

namespace waybill {
namespace {

using Ids = std::vector<std::string>;

class WorkerCapacityTest : public WorkerMachineTest {
 protected:
  void slots(int concurrency, int most) {
    options_.worker.concurrency = concurrency;
    options_.worker.concurrency_max = most;
  }
  static std::vector<Key> claim_keys(const M::Actions& actions) {
    std::vector<Key> keys;
    for (const auto& submit : all<M::Submit>(actions)) {
      if (std::holds_alternative<Claim>(submit.write)) keys.push_back(submit.key);
    }
    return keys;
  }
  /// Grants the claim of the actions and gives its run.
  Key grant(const M::Actions& actions, std::int64_t now) {
    Key key = 0;
    EXPECT_TRUE(write<Claim>(actions, &key));
    EXPECT_TRUE(one<M::Start>(answer(key, granted(), now)));
    return key;
  }
};

TEST_F(WorkerCapacityTest, ClaimsAreAskedOnlyForFreeSlots) {
  slots(2, 2);
  const Key a = start("a");
  (void)start("b");
  EXPECT_TRUE(claimed(deliver("c")).empty());
  EXPECT_EQ(claimed(finish(a, Done{}, 1)), Ids{"c"}) << "a slot is free once its handler returned";
}

TEST_F(WorkerCapacityTest, DeliveryHandledForASecondIsAcknowledgedEarlyAndOnlyOnce) {
  const Key key = start("a", 0);
  EXPECT_FALSE(one<M::Ack>(tick(999)));
  EXPECT_EQ(one<M::Ack>(tick(1'000))->tag.number, 1U);
  EXPECT_TRUE(machine().view(kQueue).credit);
  EXPECT_FALSE(one<M::Ack>(tick(2'000)));
  EXPECT_FALSE(one<M::Ack>(complete(key, 2'001)));
}

TEST_F(WorkerCapacityTest, DeliveryWithoutAnAcknowledgedClaimIsNotAcknowledgedEarly) {
  (void)deliver("a");
  EXPECT_FALSE(one<M::Ack>(tick(4'000)));
}

TEST_F(WorkerCapacityTest, ConcurrencyGrowsWhileDeliveriesWaitAndShrinksWhenNoneDo) {
  slots(1, 3);
  std::vector<Key> keys{start("a")};
  for (const char* id : {"b", "c", "d"}) EXPECT_TRUE(claimed(deliver(id)).empty());
  EXPECT_TRUE(claimed(tick(99)).empty());
  auto actions = tick(100);
  EXPECT_EQ(claimed(actions), Ids{"b"});
  keys.push_back(grant(actions, 100));
  actions = tick(200);
  EXPECT_EQ(claimed(actions), Ids{"c"});
  keys.push_back(grant(actions, 200));
  EXPECT_TRUE(claimed(tick(300)).empty()) << "three is the most";
  actions = finish(keys[0], Done{}, 310);
  EXPECT_EQ(claimed(actions), Ids{"d"});
  for (const auto& submit : all<M::Submit>(actions)) {
    if (std::holds_alternative<Claim>(submit.write)) keys.push_back(submit.key);
  }
  (void)answer(keys[0], recorded(), 311);
  (void)answer(keys[3], granted(), 311);

  for (const std::size_t i : {1U, 2U, 3U}) (void)complete(keys[i], 320);
  for (const int now : {400, 500, 600}) (void)tick(now);
  EXPECT_EQ(claimed(deliver("e", 601)), Ids{"e"});
  EXPECT_TRUE(claimed(deliver("f", 601)).empty()) << "back to one at a time";
}

TEST_F(WorkerCapacityTest, ClaimsRunAheadWhileHandlersWaitForThem) {
  slots(1, 1);
  const Key a = start("a");
  for (const char* id : {"b", "c", "d"}) (void)deliver(id);
  auto actions = finish(a, Done{}, 1);
  EXPECT_EQ(claimed(actions), (Ids{"b", "c"})) << "the handler has nothing to do until a claim is answered";
  const auto keys = claim_keys(actions);
  EXPECT_TRUE(one<M::Start>(answer(keys[0], granted(), 2)));
  EXPECT_FALSE(one<M::Start>(answer(keys[1], granted(), 2))) << "one handler at a time";
  actions = finish(keys[0], Done{}, 3);
  EXPECT_EQ(one<M::Start>(actions)->key, keys[1]) << "claimed already";
  EXPECT_EQ(claimed(actions), Ids{"d"});
}

TEST_F(WorkerCapacityTest, ClaimsRunAheadNoFurtherThanTheirBound) {
  slots(1, 1);
  options_.worker.claims_ahead_max = 2;
  Key running = start("first");
  for (int i = 0; i < 20; ++i) (void)deliver("m" + std::to_string(i));
  std::deque<Key> granted_ones;
  for (std::int64_t now = 1; now <= 10; ++now) {
    for (const Key key : claim_keys(finish(running, Done{}, now))) granted_ones.push_back(key);
    EXPECT_LE(granted_ones.size(), 3U);
    running = granted_ones.front();
    granted_ones.pop_front();
    (void)answer(running, granted(), now);
  }
  EXPECT_EQ(granted_ones.size(), 2U);
}

TEST_F(WorkerCapacityTest, AClaimThatWaitedForItsHandlerEndsTheRunningAhead) {
  slots(1, 1);
  const Key a = start("a");
  for (const char* id : {"b", "c", "d", "e"}) (void)deliver(id);
  const auto keys = claim_keys(finish(a, Done{}, 1));
  for (const Key key : keys) (void)answer(key, granted(), 2);
  const auto actions = finish(keys[0], Done{}, 500);
  EXPECT_EQ(one<M::Start>(actions)->key, keys[1]);
  EXPECT_TRUE(claimed(actions).empty()) << "it waited for half a second";
}

TEST_F(WorkerCapacityTest, NoClaimRunsAheadOfSlowHandlers) {
  slots(1, 1);
  const Key a = start("a");
  for (const char* id : {"b", "c", "d"}) (void)deliver(id);
  EXPECT_EQ(claimed(finish(a, Done{}, 20)), Ids{"b"});
}

TEST_F(WorkerCapacityTest, AClaimThatFindsNoHandlerForAMinuteIsGivenBack) {
  slots(1, 1);
  const Key a = start("a");
  for (const char* id : {"b", "c", "d"}) (void)deliver(id);
  const auto keys = claim_keys(finish(a, Done{}, 1));
  for (const Key key : keys) (void)answer(key, granted(), 2);
  for (std::int64_t now = 5'000; now <= 60'000; now += 5'000) {
    const auto actions = tick(now);
    EXPECT_FALSE(write<Release>(actions));
    for (const auto& submit : all<M::Submit>(actions)) (void)answer(submit.key, applied(), now);
  }
  const auto release = write<Release>(tick(60'002));
  ASSERT_TRUE(release);
  EXPECT_EQ(release->fence.id.value, "c");
  EXPECT_TRUE(release->never_started);
  EXPECT_TRUE(one<M::Ack>(answer(keys[1], applied(), 60'003))) << "the log drives it from here";
  EXPECT_TRUE(claimed(tick(60'100)).empty());
}

TEST_F(WorkerCapacityTest, AnAttemptThatWaitsForItsHandlerKeepsItsLease) {
  slots(1, 1);
  const Key a = start("a");
  for (const char* id : {"b", "c"}) (void)deliver(id);
  const auto keys = claim_keys(finish(a, Done{}, 0));
  for (const Key key : keys) (void)answer(key, granted(), 0);
  std::vector<Key> renewed;
  for (const auto& submit : all<M::Submit>(tick(5 * kS))) {
    if (std::holds_alternative<Renew>(submit.write)) renewed.push_back(submit.key);
  }
  EXPECT_EQ(renewed, keys);
  (void)answer(keys[1], applied(), 5 * kS);
  EXPECT_EQ(one<M::Start>(finish(keys[0], Done{}, 12 * kS))->key, keys[1]);
}

TEST_F(WorkerCapacityTest, StopGivesBackAttemptsThatWaitForAHandler) {
  slots(1, 1);
  const Key a = start("a");
  for (const char* id : {"b", "c"}) (void)deliver(id);
  const auto keys = claim_keys(finish(a, Done{}, 0));
  for (const Key key : keys) (void)answer(key, granted(), 0);
  const auto actions = machine().stop_taking(moment(1));
  const auto release = write<Release>(actions);
  ASSERT_TRUE(release);
  EXPECT_EQ(release->fence.id.value, "c");
  EXPECT_TRUE(release->never_started);
  (void)answer(keys[1], applied(), 2);
  EXPECT_FALSE(one<M::Start>(finish(keys[0], Done{}, 3)));
}

TEST_F(WorkerCapacityTest, CrashedRowRunsAloneAndStartsNobodyBesideIt) {
  const Key a = start("a");
  EXPECT_TRUE(claimed(deliver("crashed", 1, /*crashes=*/1)).empty()) << "a neighbour is running";
  EXPECT_TRUE(claimed(deliver("b", 2)).empty()) << "nobody is started who would hold it up";
  auto actions = finish(a, Done{}, 3);
  EXPECT_EQ(claimed(actions), Ids{"crashed"});
  Key crashed = 0;
  (void)write<Claim>(actions, &crashed);
  EXPECT_TRUE(one<M::Start>(answer(crashed, granted(), 4)));
  EXPECT_TRUE(claimed(deliver("c", 5)).empty());
  EXPECT_EQ(claimed(finish(crashed, Done{}, 6)), (Ids{"b", "c"}));
}

TEST_F(WorkerCapacityTest, NormalRowsGetEverySecondTurn) {
  slots(1, 1);
  Key running = start("first");
  (void)deliver("x1", 0, 1);
  (void)deliver("x2", 0, 1);
  (void)deliver("n1", 0);
  (void)deliver("n2", 0);
  Ids order;
  for (std::int64_t now = 1; now <= 4; ++now) {
    const auto actions = finish(running, Done{}, now);
    for (const auto& id : claimed(actions)) order.push_back(id);
    (void)answer(running, recorded(), now);
    running = grant(actions, now);
  }
  EXPECT_EQ(order, (Ids{"x1", "n1", "x2", "n2"}));
}

TEST_F(WorkerCapacityTest, WithoutAFreeSlotForAMinuteWaitingDeliveriesGoBackUntilOneFrees) {
  slots(1, 1);
  EXPECT_TRUE(one<M::Subscribe>(machine().on_ready(moment(0))));
  const Key key = start("a");
  (void)deliver("b", 10);
  (void)deliver("c", 20, /*crashes=*/1);
  for (std::int64_t now = 0; now < 60'000; now += 5'000) {
    const auto actions = tick(now);
    EXPECT_FALSE(one<M::Requeue>(actions));
    if (write<Renew>(actions)) (void)answer(key, applied(), now);
  }
  auto actions = tick(60'000);
  const auto requeued = all<M::Requeue>(actions);
  ASSERT_EQ(requeued.size(), 2U);
  EXPECT_EQ(requeued[0].tag.number, 2U);
  EXPECT_EQ(requeued[1].tag.number, 3U);
  EXPECT_TRUE(one<M::Unsubscribe>(actions));
  const auto requeue =
      std::ranges::find_if(actions, [](const auto& a) { return std::holds_alternative<M::Requeue>(a); });
  EXPECT_TRUE(std::any_of(actions.begin(), requeue, [](const auto& a) {
    return std::holds_alternative<M::Unsubscribe>(a);
  })) << "or what goes back would come again at once";
  EXPECT_FALSE(machine().view(kQueue).subscribed);
  EXPECT_EQ(all<M::Requeue>(deliver("on its way", 60'001)).size(), 1U);

  actions = finish(key, Done{}, 60'002);
  EXPECT_TRUE(one<M::Subscribe>(actions));
  EXPECT_EQ(claimed(deliver("b", 60'003)), Ids{"b"});
}

TEST_F(WorkerCapacityTest, BurstAfterALongQuietIsNotGivenBack) {
  slots(1, 1);
  const Key key = start("before the quiet");
  (void)complete(key, 1);
  (void)start("a", 3'600'000);
  (void)deliver("b", 3'600'000);
  const auto actions = tick(3'600'000);
  EXPECT_TRUE(all<M::Requeue>(actions).empty());
  EXPECT_TRUE(all<M::Unsubscribe>(actions).empty());
}

TEST_F(WorkerCapacityTest, HandlersAreHeldBackForACrashedRowForTwoSecondsThenHaveTheirTurn) {
  slots(3, 3);
  (void)machine().on_ready(moment(0));
  (void)start("hangs");
  EXPECT_TRUE(claimed(deliver("crashed", 0, /*crashes=*/1)).empty());
  EXPECT_TRUE(claimed(deliver("normal", 0)).empty());
  EXPECT_TRUE(claimed(tick(1'999)).empty());
  EXPECT_EQ(claimed(tick(2'000)), Ids{"normal"});
  EXPECT_EQ(claimed(deliver("another", 10'000)), Ids{"another"});
}

TEST_F(WorkerCapacityTest, CrashedRowThatFindsNoQuietForAMinuteGoesBackAlone) {
  slots(3, 3);
  (void)machine().on_ready(moment(0));
  const Key key = start("hangs");
  (void)deliver("crashed", 0, /*crashes=*/1);
  for (std::int64_t now = 0; now < 60'000; now += 5'000) {
    const auto actions = tick(now);
    EXPECT_TRUE(all<M::Requeue>(actions).empty());
    if (write<Renew>(actions)) (void)answer(key, applied(), now);
  }
  const auto actions = tick(60'000);
  EXPECT_EQ(all<M::Requeue>(actions).size(), 1U);
  EXPECT_TRUE(all<M::Unsubscribe>(actions).empty()) << "the others go on";
}

TEST_F(WorkerCapacityTest, DeliveriesGivenBackDoNotUseUpTheCredit) {
  slots(1, 1);
  options_.worker.prefetch = 3;
  options_.worker.early_ack = Duration{100};
  (void)machine().on_ready(moment(0));
  const Key key = start("a");
  (void)deliver("b");
  (void)deliver("c");
  EXPECT_FALSE(machine().view(kQueue).credit);
  EXPECT_EQ(all<M::Requeue>(tick(60'000)).size(), 2U);
  EXPECT_TRUE(machine().view(kQueue).credit);
  (void)finish(key, Done{}, 60'001);
  for (int i = 0; i < 2; ++i) (void)deliver("again", 60'002);
  EXPECT_TRUE(machine().view(kQueue).credit);
}

TEST_F(WorkerCapacityTest, QueueWithoutCreditIsNotQuiet) {
  options_.worker.prefetch = 1;
  options_.worker.early_ack = std::chrono::hours(1);
  (void)machine().on_ready(moment(0));
  const Key key = start("a", 1);
  EXPECT_EQ(machine().view(kQueue).quiet_since, at_ms(1));
  (void)tick(3'000);
  (void)complete(key, 3'010);
  EXPECT_TRUE(machine().view(kQueue).credit);
  EXPECT_EQ(machine().view(kQueue).quiet_since, at_ms(3'000)) << "it could have given nothing until now";
}

TEST_F(WorkerCapacityTest, WhatWasGivenBackCountsAsInHandUntilItHadTimeToComeOut) {
  slots(1, 1);
  options_.worker.lease = std::chrono::hours(1);
  (void)machine().on_ready(moment(0));
  const Key key = start("a");
  (void)deliver("b", 10);
  const auto held = machine().view(kQueue).oldest_in_hand;
  ASSERT_TRUE(held);
  EXPECT_EQ(all<M::Requeue>(tick(60'000)).size(), 1U);
  (void)tick(200'000);
  EXPECT_EQ(machine().view(kQueue).oldest_in_hand, held) << "nobody listens: it cannot have come out";
  (void)complete(key, 200'100);
  (void)tick(259'999);
  EXPECT_EQ(machine().view(kQueue).oldest_in_hand, held);
  EXPECT_TRUE(machine().next_tick()) << "it is forgotten without a further event";
  (void)tick(260'000);
  EXPECT_FALSE(machine().view(kQueue).oldest_in_hand);
}

TEST_F(WorkerCapacityTest, ViewShowsTheOldestUnclaimedDeliveryAndTheNewestThatCameOut) {
  slots(1, 1);
  const auto publish_at = [&](const std::string& id, std::int64_t published) {
    auto delivery = this->delivery(id);
    auto mark = read_mark(delivery.headers).value();
    mark.publish_time = wall_ms(published);
    Message message;
    message.route = delivery.route;
    delivery.headers = with_mark(message, mark);
    return machine().on_delivery(std::move(delivery), moment(9'000));
  };
  Key key = 0;
  EXPECT_TRUE(write<Claim>(publish_at("a", 100), &key));
  (void)publish_at("b", 300);
  (void)publish_at("c", 200);
  EXPECT_EQ(machine().view(kQueue).oldest_in_hand, wall_ms(100)) << "asked for, but not granted yet";
  (void)answer(key, granted(), 9'000);
  const auto view = machine().view(kQueue);
  EXPECT_EQ(view.oldest_in_hand, wall_ms(200));
  EXPECT_EQ(view.newest_out, wall_ms(300));
  EXPECT_EQ(view.quiet_since, at_ms(9'000));
  EXPECT_EQ(view.originals_out, 0U);
}

TEST_F(WorkerCapacityTest, DeliveryOfAnEarlierPublishCountsAsAnOriginal) {
  Key key = 0;
  (void)write<Claim>(deliver("a"), &key);
  ClaimAnswer busy;
  busy.verdict = ClaimVerdict::kBusy;
  busy.publish_number = 2;
  (void)answer(key, Answer(busy), 1);
  EXPECT_EQ(machine().view(kQueue).originals_out, 1U);
}

TEST_F(WorkerCapacityTest, StopGivesBackWhatWaitsAndLetsWhatRunsFinish) {
  slots(1, 1);
  (void)machine().on_ready(moment(0));
  const Key key = start("a");
  (void)deliver("b");
  auto actions = machine().stop_taking(moment(1));
  EXPECT_EQ(one<M::Requeue>(actions)->tag.number, 2U);
  EXPECT_TRUE(one<M::Unsubscribe>(actions));
  EXPECT_TRUE(one<M::Requeue>(deliver("late", 2)));
  actions = finish(key, Done{}, 3);
  EXPECT_FALSE(one<M::Subscribe>(actions));
  EXPECT_TRUE(write<Finish>(actions));
  EXPECT_TRUE(one<M::Ack>(answer(key, recorded(), 4)));
  EXPECT_TRUE(machine().idle());
}

TEST_F(WorkerCapacityTest, GraceThatEndsReleasesWhatHasNotBegunAndLeavesTheRest) {
  marks_effect_ = true;
  const Key begun = start("begun");
  (void)begin_effect(begun, 0);
  (void)answer(begun, applied(), 0);
  const Key asking = start("asking");
  const Key unbegun = start("unbegun");
  EXPECT_TRUE(write<BeginEffect>(begin_effect(asking, 0)));
  (void)machine().stop_taking(moment(1));
  EXPECT_FALSE(machine().only_begun());

  auto actions = machine().release_unbegun(moment(2));
  EXPECT_EQ(all<M::CancelHandler>(actions).size(), 2U);
  EXPECT_EQ(write<Release>(actions)->fence.id.value, "unbegun");
  EXPECT_EQ(one<M::AnswerEffect>(actions)->key, asking);
  EXPECT_FALSE(one<M::AnswerEffect>(actions)->proceed);
  EXPECT_TRUE(one<M::Ack>(answer(unbegun, applied(), 3)));
  actions = answer(asking, refused(), 4);
  EXPECT_FALSE(write<BeginEffect>(actions));
  EXPECT_TRUE(machine().only_begun());
}

TEST_F(WorkerCapacityTest, ClaimGrantedDuringTheStopIsReleasedIfItsEffectHasNotBegun) {
  marks_effect_ = true;
  Key key = 0;
  (void)write<Claim>(deliver("a"), &key);
  (void)machine().stop_taking(moment(1));
  const auto actions = answer(key, granted(), 2);
  EXPECT_FALSE(one<M::Start>(actions));
  EXPECT_TRUE(write<Release>(actions));
  EXPECT_TRUE(one<M::Ack>(answer(key, applied(), 3)));
  EXPECT_TRUE(machine().idle());
}

}  // namespace
}  // namespace waybill
