#include "core/snowflake.h"

#include <gtest/gtest.h>

#include <set>

namespace waybill {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow = kSnowflakeEpoch + 1'000'000ms;
constexpr std::int64_t kSequences = 4'096;

std::int64_t millis_of(std::int64_t id) { return id >> 22; }
std::int64_t node_of(std::int64_t id) { return id >> 12 & 0x3FF; }
std::int64_t sequence_of(std::int64_t id) { return id & 0xFFF; }

// Draws `count` ids at `now`; violates if one is refused or not larger than the one before.
std::int64_t draw(Snowflake& source, WallTime now, std::int64_t count = 1) {
  std::int64_t last = -1;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto id = source.next(now);
    EXPECT_TRUE(id.has_value());
    EXPECT_GT(id.value_or(-1), last);
    last = id.value_or(-1);
  }
  return last;
}

TEST(Snowflake, HasTimeNodeAndSequenceInTheirBits) {
  Snowflake source(kNodeIdMax);
  const auto first = draw(source, kNow);
  EXPECT_EQ(millis_of(first), 1'000'000);
  EXPECT_EQ(node_of(first), kNodeIdMax);
  EXPECT_EQ(sequence_of(first), 0);
  EXPECT_EQ(sequence_of(draw(source, kNow)), 1);
  EXPECT_EQ(sequence_of(draw(source, kNow + 1ms)), 0);
}

TEST(Snowflake, BeginsItsEpochIn2024) {
  EXPECT_EQ(to_rfc3339(kSnowflakeEpoch), "2024-01-01T00:00:00.000Z");
  Snowflake source(1);
  EXPECT_EQ(source.next(kSnowflakeEpoch - 1ms), std::nullopt);
  EXPECT_EQ(source.next(kSnowflakeEpoch), 1 << 12);
}

TEST(Snowflake, IsUniqueAmongNodes) {
  std::set<std::int64_t> ids;
  for (int node = 0; node <= kNodeIdMax; ++node) {
    Snowflake source(node);
    ids.insert(draw(source, kNow));
  }
  EXPECT_EQ(ids.size(), 1'024U);
}

TEST(Snowflake, BorrowsFromTheNextMillisecondInABurst) {
  Snowflake source(7);
  EXPECT_EQ(millis_of(draw(source, kNow, kSequences)), 1'000'000);
  const auto borrowed = draw(source, kNow);
  EXPECT_EQ(millis_of(borrowed), 1'000'001);
  EXPECT_EQ(sequence_of(borrowed), 0);
  EXPECT_EQ(node_of(borrowed), 7);
}

TEST(Snowflake, NeverBorrowsMoreThanItAbsorbs) {
  Snowflake source(7);
  std::int64_t drawn = 0;
  while (source.next(kNow)) ++drawn;
  EXPECT_EQ(drawn, kSequences * (Snowflake::kStepBackMax.count() + 1));
  EXPECT_TRUE(source.next(kNow + 1ms).has_value());
}

TEST(Snowflake, StaysOnItsLastMillisecondWhenTheClockStepsBack) {
  Snowflake source(7);
  const auto before = draw(source, kNow);
  const auto after = draw(source, kNow - Snowflake::kStepBackMax);
  EXPECT_GT(after, before);
  EXPECT_EQ(millis_of(after), 1'000'000);
}

TEST(Snowflake, RefusesALargerStepBack) {
  Snowflake source(7);
  const auto before = draw(source, kNow);
  EXPECT_EQ(source.next(kNow - Snowflake::kStepBackMax - 1ms), std::nullopt);
  EXPECT_GT(draw(source, kNow), before);
}

}  // namespace
}  // namespace waybill
