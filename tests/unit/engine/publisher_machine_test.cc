// What the publisher makes of confirms, returns and silence, and which rows it lets through.
#include "engine/publisher_machine.h"

#include <gtest/gtest.h>

#include "tests/unit/engine/engine_hands.h"

namespace waybill {
namespace {

const Route kRoute{"ex", "key"};
const Route kOther{"ex", "other"};
const WallTime kStoreNow = wall_ms(42);

PublishRow row(const std::string& id, std::int64_t asked = 0, const Route& route = kRoute) {
  PublishRow row;
  row.message.id.value = id;
  row.message.route = route;
  row.message.body = Body("body of " + id);
  row.publish_number = 3;
  row.publish_time = wall_ms(1);
  row.asked = at_ms(asked);
  return row;
}

TakenRow taken(const std::string& id, const Route& route = kRoute) {
  TakenRow taken;
  taken.message = row(id, 0, route).message;
  taken.publish_number = 4;
  return taken;
}

std::vector<std::string> ids(const PublisherMachine::Actions& actions) {
  std::vector<std::string> ids;
  for (const Outgoing& outgoing : actions.publish) ids.push_back(outgoing.id.value);
  return ids;
}

using Ids = std::vector<std::string>;

class PublisherMachineTest : public ::testing::Test {
 protected:
  PublisherMachine& machine() {
    if (!machine_) machine_.emplace(options_, "log", 1);
    return *machine_;
  }
  void ready_with_due() { EXPECT_FALSE(machine().on_ready(at_ms(0)).publish.empty()); }
  void ready() { EXPECT_TRUE(machine().on_ready(at_ms(0)).publish.empty()); }
  /// Publishes one row and gives its tag.
  PublishTag publish(const std::string& id, std::int64_t now = 0, const Route& route = kRoute) {
    EXPECT_TRUE(machine().offer_fresh(row(id, now, route)));
    const auto actions = machine().pump(at_ms(now));
    EXPECT_EQ(ids(actions), Ids{id});
    return actions.publish.empty() ? 0 : actions.publish.front().tag;
  }
  PublisherMachine::Actions confirm(std::vector<PublishTag> acked, std::vector<PublishTag> nacked,
                                    std::int64_t now = 10) {
    return machine().on_confirmed(acked, nacked, at_ms(now), kStoreNow);
  }
  static MarkFailed failed(const PublisherMachine::Actions& actions) {
    EXPECT_EQ(actions.marks.size(), 1U);
    const auto* mark = actions.marks.empty() ? nullptr : std::get_if<MarkFailed>(&actions.marks.front());
    EXPECT_NE(mark, nullptr);
    return mark == nullptr ? MarkFailed{} : *mark;
  }
  /// Closes the route by an unroutable row; its probe is due within half a second.
  void close_route() {
    const auto tag = publish("refused");
    machine().on_returned(tag, 312, "NO_ROUTE");
    EXPECT_EQ(failed(confirm({tag}, {}, 0)).kind, kEventReturned);
  }
  std::vector<Route> closed_at(std::int64_t now) {
    const auto survey = machine().survey(at_ms(now));
    return survey ? survey->closed() : std::vector<Route>();
  }

  PublisherOptions options_;

 private:
  std::optional<PublisherMachine> machine_;
};

TEST_F(PublisherMachineTest, AckWithoutReturnIsSent) {
  ready();
  const auto tag = publish("a");
  const auto actions = confirm({tag}, {});
  ASSERT_EQ(actions.marks.size(), 1U);
  const auto& mark = std::get<MarkSent>(actions.marks.front());
  EXPECT_EQ(mark.id.value, "a");
  EXPECT_EQ(mark.publish_number, 3);
  EXPECT_EQ(mark.confirm_time, kStoreNow);
  EXPECT_EQ(machine().in_flight(), 0U);
}

TEST_F(PublisherMachineTest, EveryPublishCarriesTheMarkOfItsRow) {
  ready();
  auto marked = row("a");
  marked.crash_count = 2;
  EXPECT_TRUE(machine().offer_fresh(marked));
  const auto actions = machine().pump(at_ms(0));
  ASSERT_EQ(actions.publish.size(), 1U);
  const auto mark = read_mark(actions.publish.front().headers);
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->log, "log");
  EXPECT_EQ(mark->publish_number, 3);
  EXPECT_EQ(mark->publish_time, wall_ms(1));
  EXPECT_EQ(mark->digest, sha256("body of a"));
  EXPECT_EQ(mark->crashes, 2);
}

TEST_F(PublisherMachineTest, ALargeBodyForAConsumedQueueStaysInTheLog) {
  options_.carry_max = 9;
  ready();
  for (const char* id : {"a", "large", "external"}) {
    auto offered = row(id);
    offered.consumed = id != std::string("external");
    EXPECT_TRUE(machine().offer_fresh(offered));
  }
  const auto actions = machine().pump(at_ms(0));
  ASSERT_EQ(ids(actions), (Ids{"a", "large", "external"}));
  const auto mark = [&](std::size_t at) { return *read_mark(actions.publish[at].headers); };
  EXPECT_EQ(actions.publish[0].body.bytes(), "body of a");
  EXPECT_EQ(mark(0).body_in_log, std::nullopt);
  EXPECT_EQ(actions.publish[1].body.size(), 0U);
  EXPECT_EQ(mark(1).body_in_log, std::string("body of large").size());
  EXPECT_EQ(mark(1).digest, sha256("body of large"));
  EXPECT_EQ(actions.publish[2].body.bytes(), "body of external");
  EXPECT_EQ(mark(2).body_in_log, std::nullopt);
}

TEST_F(PublisherMachineTest, WhatATakeLeftInTheLogIsPublishedWithoutIt) {
  ready();
  TakenRow left = taken("left");
  left.queue = QueueName{"q"};
  left.digest = sha256("elsewhere");
  left.body_in_log = 7'000'000;
  left.message.body = Body();
  machine().offer_due({left}, at_ms(0));
  const auto actions = machine().pump(at_ms(0));
  ASSERT_EQ(ids(actions), Ids{"left"});
  const auto mark = *read_mark(actions.publish.front().headers);
  EXPECT_EQ(mark.body_in_log, 7'000'000U);
  EXPECT_EQ(mark.digest, sha256("elsewhere"));
}

TEST_F(PublisherMachineTest, BodiesThatStayInTheLogTakeNoRoom) {
  options_.carry_max = 1;
  options_.due_bytes_max = 1;
  TakenRow consumed = taken("a");
  consumed.queue = QueueName{"q"};
  machine().offer_due({consumed}, at_ms(0));
  EXPECT_GT(machine().room_for_due(), 0U);
  machine().offer_due({taken("external")}, at_ms(0));
  EXPECT_EQ(machine().room_for_due(), 0U);
}

TEST_F(PublisherMachineTest, ReturnThenAckIsAFailureWithItsCode) {
  ready();
  const auto tag = publish("a");
  machine().on_returned(tag, 312, "NO_ROUTE");
  const auto mark = failed(confirm({tag}, {}));
  EXPECT_EQ(mark.kind, kEventReturned);
  EXPECT_EQ(mark.error, "returned: 312 NO_ROUTE");
  EXPECT_EQ(mark.publish_number, 3);
  EXPECT_GE(mark.backoff, Duration{250});
  EXPECT_LE(mark.backoff, Duration{500});
}

TEST_F(PublisherMachineTest, WhatNoBrokerCarriesIsRefusedAndItsRouteStaysOpen) {
  ready();
  const auto tag = publish("a");
  machine().on_returned(tag, kCannotBeCarried, "its headers do not fit");
  const auto actions = confirm({tag}, {});
  ASSERT_EQ(actions.marks.size(), 1U);
  const auto& refused = std::get<Refuse>(actions.marks.front());
  EXPECT_EQ(refused.id.value, "a");
  EXPECT_EQ(refused.reason, "406 its headers do not fit");
  EXPECT_TRUE(actions.routes.empty());
  EXPECT_EQ(machine().closed_routes(), 0U);
  publish("b", 20);
}

TEST_F(PublisherMachineTest, AProbeThatNoBrokerCarriesLeavesTheProbeToAnother) {
  ready();
  close_route();
  const auto probe = publish("probe", 600);
  machine().on_returned(probe, kCannotBeCarried, "");
  EXPECT_TRUE(std::holds_alternative<Refuse>(confirm({probe}, {}, 600).marks.at(0)));
  publish("another", 600);
}

TEST_F(PublisherMachineTest, NackIsAFailureAndClosesTheRoute) {
  ready();
  const auto tag = publish("a");
  EXPECT_EQ(failed(confirm({}, {tag}, 0)).kind, kEventNacked);
  EXPECT_EQ(closed_at(0), std::vector{kRoute});
}

TEST_F(PublisherMachineTest, NoAnswerByTheDeadlineIsInDoubtAndBlamesNoRoute) {
  ready();
  (void)publish("a");
  EXPECT_EQ(machine().next_deadline(), at_ms(900));
  EXPECT_TRUE(machine().on_tick(at_ms(899)).marks.empty());
  const auto mark = failed(machine().on_tick(at_ms(900)));
  EXPECT_EQ(mark.kind, kEventInDoubt);
  EXPECT_EQ(mark.id.value, "a");
  EXPECT_FALSE(machine().survey(at_ms(900)));
  EXPECT_EQ(machine().in_flight(), 0U);
}

TEST_F(PublisherMachineTest, LateConfirmOfATimedOutTagChangesNothing) {
  ready();
  const auto tag = publish("a");
  (void)machine().on_tick(at_ms(900));
  machine().on_returned(tag, 312, "NO_ROUTE");
  EXPECT_TRUE(confirm({tag}, {}, 901).marks.empty());
  EXPECT_TRUE(confirm({}, {tag}, 902).marks.empty());
  EXPECT_FALSE(machine().survey(at_ms(902)));
}

TEST_F(PublisherMachineTest, LostSessionPutsEverythingUnansweredInDoubt) {
  ready();
  const auto first = publish("a");
  (void)publish("b");
  (void)publish("c");
  EXPECT_EQ(confirm({first}, {}).marks.size(), 1U);
  const auto actions = machine().on_down(at_ms(10));
  ASSERT_EQ(actions.marks.size(), 2U);
  EXPECT_EQ(std::get<MarkFailed>(actions.marks[0]).id.value, "b");
  EXPECT_EQ(std::get<MarkFailed>(actions.marks[1]).id.value, "c");
  EXPECT_EQ(std::get<MarkFailed>(actions.marks[1]).kind, kEventInDoubt);
  EXPECT_EQ(machine().next_deadline(), std::nullopt);
}

TEST_F(PublisherMachineTest, BatchThatTheSessionDidNotTakeIsInDoubt) {
  ready();
  EXPECT_TRUE(machine().offer_fresh(row("a")));
  const auto actions = machine().pump(at_ms(0));
  EXPECT_EQ(failed(machine().on_not_taken(actions.publish, at_ms(10))).kind, kEventInDoubt);
  EXPECT_EQ(machine().in_flight(), 0U);
}

TEST_F(PublisherMachineTest, NothingIsPublishedWhileTheBrokerIsDownOrBlocked) {
  EXPECT_TRUE(machine().offer_fresh(row("a")));
  EXPECT_TRUE(machine().pump(at_ms(0)).publish.empty());
  EXPECT_EQ(ids(machine().on_ready(at_ms(1))), Ids{"a"});
  EXPECT_TRUE(machine().on_blocked().marks.empty());
  EXPECT_TRUE(machine().offer_fresh(row("b")));
  EXPECT_TRUE(machine().pump(at_ms(2)).publish.empty());
  EXPECT_TRUE(machine().on_tick(at_ms(3)).publish.empty());
  EXPECT_EQ(ids(machine().on_ready(at_ms(4))), Ids{"b"});
}

TEST_F(PublisherMachineTest, ConfirmsOfABlockedBrokerStillCount) {
  ready();
  const auto tag = publish("a");
  (void)machine().on_blocked();
  EXPECT_EQ(confirm({tag}, {}).marks.size(), 1U);
}

TEST_F(PublisherMachineTest, ClosedRouteLetsOneProbeThroughAtATimeAndOpensOnSuccess) {
  ready();
  close_route();
  EXPECT_TRUE(machine().offer_fresh(row("kept back")));
  EXPECT_TRUE(machine().pump(at_ms(1)).publish.empty());
  EXPECT_EQ(machine().waiting(), 0U) << "a row of a closed route is the log's";

  machine().offer_due({taken("probe"), taken("second")}, at_ms(500));
  const auto probes = machine().pump(at_ms(500));
  ASSERT_EQ(ids(probes), Ids{"probe"});
  EXPECT_EQ(closed_at(500), std::vector{kRoute});
  (void)publish("other", 500, kOther);

  EXPECT_EQ(confirm({probes.publish.front().tag}, {}, 510).marks.size(), 1U);
  EXPECT_FALSE(machine().survey(at_ms(510)));
  (void)publish("open again", 511);
  (void)publish("and again", 511);
}

TEST_F(PublisherMachineTest, ProbeInDoubtLetsTheNextOneTry) {
  ready();
  close_route();
  machine().offer_due({taken("probe")}, at_ms(500));
  ASSERT_EQ(ids(machine().pump(at_ms(500))), Ids{"probe"});
  EXPECT_EQ(failed(machine().on_tick(at_ms(1'400))).kind, kEventInDoubt);
  machine().offer_due({taken("next")}, at_ms(1'400));
  EXPECT_EQ(ids(machine().pump(at_ms(1'400))), Ids{"next"});
}

TEST_F(PublisherMachineTest, WhileBothWaitEveryThirdRowIsADueOne) {
  ready();
  for (const char* id : {"f1", "f2", "f3", "f4"}) EXPECT_TRUE(machine().offer_fresh(row(id)));
  machine().offer_due({taken("d1"), taken("d2"), taken("d3")}, at_ms(0));
  EXPECT_EQ(ids(machine().pump(at_ms(0))), (Ids{"f1", "f2", "d1", "f3", "f4", "d2", "d3"}));
}

TEST_F(PublisherMachineTest, RowsOlderThanHalfTheirGraceLeaveMemoryUnpublished) {
  EXPECT_TRUE(machine().offer_fresh(row("old fresh", 0)));
  EXPECT_TRUE(machine().offer_fresh(row("young", 500)));
  machine().offer_due({taken("old due")}, at_ms(0));
  EXPECT_EQ(machine().next_deadline(), at_ms(1'000));
  EXPECT_TRUE(machine().on_tick(at_ms(1'000)).marks.empty());
  EXPECT_EQ(machine().waiting(), 1U);
  EXPECT_EQ(ids(machine().on_ready(at_ms(1'000))), Ids{"young"});
}

TEST_F(PublisherMachineTest, RowThatBecameOldBeforeTheBrokerCameBackIsNotPublished) {
  EXPECT_TRUE(machine().offer_fresh(row("old", 0)));
  EXPECT_TRUE(machine().on_ready(at_ms(1'000)).publish.empty());
  EXPECT_EQ(machine().waiting(), 0U);
}

TEST_F(PublisherMachineTest, WindowBoundsWhatIsInFlightAndConfirmsMakeRoom) {
  options_.window = options_.window_max = 2;
  ready();
  for (const char* id : {"a", "b", "c", "d"}) EXPECT_TRUE(machine().offer_fresh(row(id)));
  const auto first = machine().pump(at_ms(0));
  EXPECT_EQ(ids(first), (Ids{"a", "b"}));
  const auto second = confirm({first.publish.front().tag}, {});
  EXPECT_EQ(ids(second), Ids{"c"});
  EXPECT_EQ(machine().in_flight(), 2U);
}

TEST_F(PublisherMachineTest, MemoryIsBoundedInRowsAndBytes) {
  options_.fresh_rows_max = 4;
  options_.fresh_bytes_max = 100;
  options_.due_rows_max = 3;
  auto big = row("big");
  big.message.body = Body(std::string(1'000, 'x'));
  EXPECT_TRUE(machine().accepts_fresh());
  EXPECT_TRUE(machine().offer_fresh(big)) << "one row fits whatever its size";
  EXPECT_FALSE(machine().offer_fresh(row("no bytes left")));
  EXPECT_FALSE(machine().accepts_fresh());
  EXPECT_EQ(ids(machine().on_ready(at_ms(0))), Ids{"big"});
  (void)machine().on_blocked();
  for (const char* id : {"a", "b", "c", "d"}) EXPECT_TRUE(machine().offer_fresh(row(id)));
  EXPECT_FALSE(machine().offer_fresh(row("no row left")));
  EXPECT_EQ(machine().room_for_due(), 3U);
  machine().offer_due({taken("x"), taken("y")}, at_ms(0));
  EXPECT_EQ(machine().room_for_due(), 1U);
  machine().offer_due({taken("z"), taken("over")}, at_ms(0));
  EXPECT_EQ(machine().room_for_due(), 0U);
}

TEST_F(PublisherMachineTest, DoubtDoublesWhileTheBrokerAnswersTooLate) {
  ready();
  std::int64_t now = 0;
  Duration before{0};
  for (int spell = 0; spell < 4; ++spell) {
    publish("a", now);
    publish("b", now);
    now += 900;
    const auto late = machine().on_tick(at_ms(now));
    ASSERT_EQ(late.marks.size(), 2U);
    const Duration backoff = std::get<MarkFailed>(late.marks.back()).backoff;
    EXPECT_GE(backoff, options_.backoff_first / 2 * (1 << spell)) << "spell " << spell;
    EXPECT_LE(backoff, options_.backoff_first * 3 / 2 * (1 << spell)) << "one spell, however many rows";
    now += 60'000;
    before = backoff;
  }
  const auto tag = publish("c", now);
  (void)confirm({tag}, {}, now + 10);
  publish("d", now + 20);
  EXPECT_LT(failed(machine().on_tick(at_ms(now + 920))).backoff, before) << "an answer in time ended it";
}

TEST_F(PublisherMachineTest, TakenRowsAreBoundedInBytes) {
  options_.due_bytes_max = 100;
  machine().offer_due({taken("a")}, at_ms(0));
  EXPECT_GT(machine().room_for_due(), 0U);
  TakenRow large = taken("b");
  large.message.body = Body(std::string(100, 'x'));
  machine().offer_due({large}, at_ms(0));
  EXPECT_EQ(machine().room_for_due(), 0U);
  ready_with_due();
  EXPECT_GT(machine().room_for_due(), 0U);
}

}  // namespace
}  // namespace waybill
