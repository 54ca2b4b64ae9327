#include "base/time.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

TEST(Rfc3339, WhatIsWrittenReadsTheSame) {
  for (const std::int64_t millis :
       {0LL, 1LL, -1LL, 1'769'846'400'125LL, 253'402'300'799'999LL, -62'167'219'200'000LL}) {
    EXPECT_EQ(parse_rfc3339(to_rfc3339(from_millis(millis))), from_millis(millis)) << millis;
  }
}

TEST(Rfc3339, EveryFormOfOneMomentIsRead) {
  const WallTime moment = from_millis(1'769'846'400'000);
  for (const char* text : {"2026-01-31T08:00:00Z", "2026-01-31t08:00:00z", "2026-01-31T08:00:00.0Z",
                           "2026-01-31T08:00:00.000000000Z", "2026-01-31T08:00:00.0009Z", "2026-01-31T10:00:00+02:00",
                           "2026-01-30T22:30:00-09:30", "2026-01-31T08:00:00-00:00", "2026-01-31T07:59:60Z"}) {
    EXPECT_EQ(parse_rfc3339(text), moment) << text;
  }
  EXPECT_EQ(parse_rfc3339("2026-01-31T08:00:00.5Z"), moment + Duration(500));
  EXPECT_EQ(parse_rfc3339("2026-01-31T08:00:00.1259Z"), moment + Duration(125));
}

TEST(Rfc3339, LeapYearsAreKnown) {
  EXPECT_TRUE(parse_rfc3339("2024-02-29T00:00:00Z"));
  EXPECT_FALSE(parse_rfc3339("2026-02-29T00:00:00Z"));
  EXPECT_FALSE(parse_rfc3339("1900-02-29T00:00:00Z"));
}

TEST(Rfc3339, AnythingElseIsNone) {
  for (const char* text : {"",
                           "2026",
                           "2026-01-31",
                           "2026-01-31T08:00Z",
                           "2026-01-31T08:00:00",
                           "2026-01-31 08:00:00Z",
                           "2026-1-31T08:00:00Z",
                           "2026-00-10T08:00:00Z",
                           "2026-13-10T08:00:00Z",
                           "2026-01-00T08:00:00Z",
                           "2026-01-32T08:00:00Z",
                           "2026-01-31T24:00:00Z",
                           "2026-01-31T08:60:00Z",
                           "2026-01-31T08:00:61Z",
                           "2026-01-31T08:00:00.Z",
                           "2026-01-31T08:00:00,5Z",
                           "2026-01-31T08:00:00+2:00",
                           "2026-01-31T08:00:00+0200",
                           "2026-01-31T08:00:00+24:00",
                           "2026-01-31T08:00:00+02:60",
                           "2026-01-31T08:00:00Zx",
                           "x2026-01-31T08:00:00Z",
                           " 2026-01-31T08:00:00Z",
                           "2026-01-31T08:00:00Z ",
                           "+2026-01-31T08:00:00Z",
                           "2026-01-31T08:00:00.5",
                           "20a6-01-31T08:00:00Z",
                           "1769846400",
                           "tomorrow"}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace waybill
