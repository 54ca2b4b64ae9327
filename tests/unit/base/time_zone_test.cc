#include "base/time_zone.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace waybill {
namespace {

WallTime at(const char* text) { return parse_rfc3339(text).value(); }

WallTime utc_of(const char* zone, const char* shown) { return TimeZone::find(zone).value().to_utc(at(shown)); }

TEST(TimeZone, WhatItsClockShowsBecomesUtc) {
  EXPECT_EQ(utc_of("Asia/Shanghai", "2026-01-31T08:00:00.125Z"), at("2026-01-31T00:00:00.125Z"));
  EXPECT_EQ(utc_of("America/New_York", "2026-07-01T00:00:00Z"), at("2026-07-01T04:00:00Z"));
  EXPECT_EQ(utc_of("Europe/Berlin", "1999-07-01T02:00:00Z"), at("1999-07-01T00:00:00Z"));
  EXPECT_EQ(utc_of("Europe/Berlin", "2099-07-01T02:00:00Z"), at("2099-07-01T00:00:00Z"));
  EXPECT_EQ(utc_of("UTC", "2026-07-01T00:00:00Z"), at("2026-07-01T00:00:00Z"));
  EXPECT_EQ(utc_of("-09:30", "2026-07-01T00:00:00Z"), at("2026-07-01T09:30:00Z"));
}

TEST(TimeZone, AnHourThatIsShownTwiceCountsAsTheSecond) {
  EXPECT_EQ(utc_of("Europe/Berlin", "2025-10-26T01:59:59Z"), at("2025-10-25T23:59:59Z"));
  EXPECT_EQ(utc_of("Europe/Berlin", "2025-10-26T02:00:00Z"), at("2025-10-26T01:00:00Z"));
  EXPECT_EQ(utc_of("Europe/Berlin", "2025-10-26T03:00:00Z"), at("2025-10-26T02:00:00Z"));
}

TEST(TimeZone, AnHourThatIsLeftOutGoesOnFromTheOneBefore) {
  EXPECT_EQ(utc_of("Europe/Berlin", "2025-03-30T01:59:59Z"), at("2025-03-30T00:59:59Z"));
  EXPECT_EQ(utc_of("Europe/Berlin", "2025-03-30T02:30:00Z"), at("2025-03-30T01:30:00Z"));
  EXPECT_EQ(utc_of("Europe/Berlin", "2025-03-30T03:00:00Z"), at("2025-03-30T01:00:00Z"));
}

TEST(TimeZone, WhatIsNoneIsRefused) {
  for (const char* name : {"", "Atlantis", "zone.tab", "tzdata.zi", "../../etc/passwd", "/etc/localtime", "Europe",
                           "+2:00", "+02:60", "+15:00", "+02:0x", "2"}) {
    const auto zone = TimeZone::find(name);
    ASSERT_FALSE(zone.ok()) << name;
    EXPECT_NE(zone.error().message.find("there is no time zone '" + std::string(name) + "'"), std::string::npos);
  }
}

TEST(TimeZone, TheProcessKeepsItsOwn) {
  setenv("TZ", "Asia/Tokyo", 1);
  ASSERT_TRUE(TimeZone::find("Europe/Berlin").ok());
  EXPECT_STREQ(std::getenv("TZ"), "Asia/Tokyo");
  unsetenv("TZ");
  ASSERT_TRUE(TimeZone::find("Europe/Berlin").ok());
  EXPECT_EQ(std::getenv("TZ"), nullptr);
}

}  // namespace
}  // namespace waybill
