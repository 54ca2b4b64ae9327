#include "mail/smtp/relay_desk.h"

#include <gtest/gtest.h>

#include <map>

namespace waybill::smtp {
namespace {

using Kind = RelayDesk::Choice::Kind;
using std::chrono::seconds;
const MonoTime kStart{std::chrono::hours(1)};

RelayOptions relay(int weight, int connections = 2, double rate = 0) {
  return {.host = "mx.test", .weight = weight, .connections_max = connections, .mails_per_second = rate};
}

TEST(RateLimit, AllowsASecondsWorthAtOnceAndThenAnEvenFlow) {
  RateLimit limit(10);
  for (int i = 0; i < 10; ++i) {
    EXPECT_LE(limit.next(), kStart) << i;
    limit.take(kStart);
  }
  EXPECT_EQ(limit.next(), kStart + std::chrono::milliseconds(100));
  limit.take(kStart + std::chrono::milliseconds(100));
  EXPECT_EQ(limit.next(), kStart + std::chrono::milliseconds(200));
}

TEST(RateLimit, LessThanOneASecondIsARateToo) {
  RateLimit limit(0.5);
  limit.take(kStart);
  EXPECT_EQ(limit.next(), kStart + seconds(2));
  RateLimit none(0);
  none.take(kStart);
  EXPECT_LE(none.next(), kStart);
}

TEST(RelayDesk, DrawsByWeight) {
  RelayDesk desk({relay(3), relay(1), relay(0)}, {});
  std::map<std::size_t, int> drawn;
  for (int i = 0; i < 100; ++i) {
    const auto choice = desk.choose({}, kStart, i / 100.0);
    ASSERT_EQ(choice.kind, Kind::kUse);
    ++drawn[choice.relay];
    desk.release(choice.relay);
  }
  EXPECT_EQ(drawn[0], 75);
  EXPECT_EQ(drawn[1], 25);
}

TEST(RelayDesk, WithoutWeightARelayStandsBy) {
  RelayDesk desk({relay(1), relay(0)}, {});
  EXPECT_EQ(desk.choose({0}, kStart, 0.5).relay, 1U);
  desk.on_failure(0, false, kStart, 0);
  EXPECT_EQ(desk.choose({}, kStart, 0.5).relay, 1U);
}

TEST(RelayDesk, ABusyRelayIsWaitedFor) {
  RelayDesk desk({relay(1, 1)}, {});
  EXPECT_EQ(desk.choose({}, kStart, 0).kind, Kind::kUse);
  EXPECT_EQ(desk.choose({}, kStart, 0).kind, Kind::kWait);
  desk.release(0);
  EXPECT_EQ(desk.choose({}, kStart, 0).kind, Kind::kUse);
}

TEST(RelayDesk, ARateIsWaitedForUntilItAllows) {
  RelayDesk desk({relay(1, 10, 1)}, {});
  EXPECT_EQ(desk.choose({}, kStart, 0).kind, Kind::kUse);
  const auto choice = desk.choose({}, kStart + std::chrono::milliseconds(400), 0);
  EXPECT_EQ(choice.kind, Kind::kWait);
  EXPECT_EQ(choice.until, kStart + seconds(1));
}

TEST(RelayDesk, AClosedRelayRestsTwiceAsLongEachTimeAndThenOneMailTriesIt) {
  RelayDesk desk({relay(1)}, {});
  EXPECT_TRUE(desk.on_failure(0, false, kStart, 0));
  EXPECT_FALSE(desk.on_failure(0, false, kStart + seconds(1), 0)) << "those under way tell nothing new";
  auto choice = desk.choose({}, kStart + seconds(1), 0);
  EXPECT_EQ(choice.kind, Kind::kRest);
  EXPECT_EQ(choice.until, kStart + seconds(2));
  EXPECT_EQ(desk.choose({}, kStart + seconds(2), 0).kind, Kind::kUse);
  EXPECT_EQ(desk.choose({}, kStart + seconds(2), 0).kind, Kind::kRest) << "one at a time";
  EXPECT_FALSE(desk.on_failure(0, false, kStart + seconds(2), 0));
  desk.release(0);
  EXPECT_EQ(desk.choose({}, kStart + seconds(5), 0).until, kStart + seconds(6));
  EXPECT_EQ(desk.choose({}, kStart + seconds(6), 0).kind, Kind::kUse);
  EXPECT_TRUE(desk.on_heard(0));
  EXPECT_EQ(desk.choose({}, kStart + seconds(6), 0).kind, Kind::kUse) << "open for all";
}

TEST(RelayDesk, RestsAreBoundedAndJittered) {
  RelayDesk desk({relay(1)}, {});
  MonoTime now = kStart;
  for (int i = 0; i < 50; ++i) {
    desk.on_failure(0, true, now, 0.5);
    const auto until = desk.choose({}, now, 0).until;
    EXPECT_LE(until, now + seconds(270)) << i;
    EXPECT_GE(until, now + seconds(27)) << i;
    now = until;
  }
}

TEST(RelayDesk, AllTriedIsARestThatEnds) {
  RelayDesk desk({relay(1), relay(1)}, {});
  const auto choice = desk.choose({0, 1}, kStart, 0);
  EXPECT_EQ(choice.kind, Kind::kRest);
  EXPECT_GT(choice.until, kStart);
  EXPECT_LE(choice.until, kStart + seconds(1));
}

}  // namespace
}  // namespace waybill::smtp
