#include "app/config_value.h"

#include <gtest/gtest.h>

namespace waybill::app {
namespace {

TEST(ConfigValueTest, DurationsAreReadWithTheirUnit) {
  EXPECT_EQ(*parse_duration("200ms"), Duration(200));
  EXPECT_EQ(*parse_duration("8s"), Duration(8'000));
  EXPECT_EQ(*parse_duration("5m"), Duration(300'000));
  EXPECT_EQ(*parse_duration("2h"), Duration(7'200'000));
  EXPECT_EQ(*parse_duration("7d"), Duration(604'800'000));
  EXPECT_EQ(*parse_duration("0s"), Duration(0));
}

TEST(ConfigValueTest, WhatIsNotADurationSaysHowToWriteOne) {
  for (const char* text : {"", "8", "s", "-8s", "1.5s", "8 s", "8S", "8sec", " 8s", "8s ", "9999999999999999999s",
                           "9223372036854775807d", "0x8s"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.error().message.find("write for example 200ms, 8s"), std::string::npos) << text;
  }
}

TEST(ConfigValueTest, DurationsArePrintedInTheLargestExactUnit) {
  EXPECT_EQ(format_duration(Duration(0)), "0ms");
  EXPECT_EQ(format_duration(Duration(900)), "900ms");
  EXPECT_EQ(format_duration(Duration(90'000)), "90s");
  EXPECT_EQ(format_duration(Duration(120'000)), "2m");
  EXPECT_EQ(format_duration(Duration(604'800'000)), "7d");
}

TEST(ConfigValueTest, SizesAreReadWithTheirUnit) {
  EXPECT_EQ(*parse_size("512B"), 512U);
  EXPECT_EQ(*parse_size("16KiB"), 16'384U);
  EXPECT_EQ(*parse_size("1MiB"), 1'048'576U);
  EXPECT_EQ(*parse_size("2GiB"), 2'147'483'648U);
  EXPECT_EQ(format_size(1'048'576), "1MiB");
  EXPECT_EQ(format_size(1'000), "1000B");
  for (const char* text : {"", "1", "1MB", "1k", "-1B", "1.5MiB", "99999999999GiB"}) {
    EXPECT_FALSE(parse_size(text).ok()) << text;
  }
}

TEST(ConfigValueTest, AddressesToListenOnAreLiteral) {
  EXPECT_EQ(parse_listen("127.0.0.1:8420")->text(), "127.0.0.1:8420");
  EXPECT_EQ(parse_listen("127.0.0.1:0")->port, 0);
  EXPECT_EQ(parse_listen("[::1]:8420")->host, "::1");
  EXPECT_EQ(parse_listen("[::1]:8420")->text(), "[::1]:8420");
  EXPECT_EQ(parse_listen("localhost:1")->host, "localhost");
  for (const char* text : {"", "8420", ":8420", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "::1:8420", "[127.0.0.1]:1", "[::1:1", "example.org:80", "127.0.0.1:80x"}) {
    EXPECT_FALSE(parse_listen(text).ok()) << text;
  }
}

TEST(ConfigValueTest, OnlyThisMachinesOwnAddressesAreLoopback) {
  EXPECT_TRUE(parse_listen("127.0.0.1:1")->loopback());
  EXPECT_TRUE(parse_listen("127.8.0.1:1")->loopback());
  EXPECT_TRUE(parse_listen("[::1]:1")->loopback());
  EXPECT_TRUE(parse_listen("localhost:1")->loopback());
  EXPECT_FALSE(parse_listen("0.0.0.0:1")->loopback());
  EXPECT_FALSE(parse_listen("[::]:1")->loopback());
  EXPECT_FALSE(parse_listen("192.168.1.5:1")->loopback());
}

TEST(ConfigValueTest, RatesAreOfASecondAMinuteOrAnHour) {
  EXPECT_DOUBLE_EQ(*parse_rate("10/s"), 10);
  EXPECT_DOUBLE_EQ(*parse_rate("90/m"), 1.5);
  EXPECT_DOUBLE_EQ(*parse_rate("1/h"), 1 / 3'600.0);
  for (const char* text : {"", "10", "/s", "0/s", "-1/s", "1.5/s", "10/d", "10/ s", "1000001/s"}) {
    EXPECT_FALSE(parse_rate(text).ok()) << text;
  }
}

TEST(ConfigValueTest, RoutesAreDividedAtTheFirstSlash) {
  EXPECT_EQ(*parse_route("mail.exchange/a/b"), (Route{"mail.exchange", "a/b"}));
  for (const char* text : {"", "mail", "/key", "exchange/"}) EXPECT_FALSE(parse_route(text).ok()) << text;
}

TEST(ConfigValueTest, RolesAreNamedInAnyOrder) {
  EXPECT_EQ(*parse_roles("worker, api ,relay"), (Roles{true, true, true}));
  EXPECT_EQ(*parse_roles("api"), (Roles{true, false, false}));
  EXPECT_EQ(*parse_roles("relay,worker,relay"), (Roles{false, true, true}));
  EXPECT_EQ(format_roles(*parse_roles("worker,api,relay")), "api,relay,worker");
  EXPECT_EQ(format_roles(*parse_roles("worker")), "worker");
}

TEST(ConfigValueTest, AnUnknownRoleIsNamedAndSoAreTheKnownOnes) {
  const auto unknown = parse_roles("api,postman");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().message, "'postman' is not a role; roles are api, relay and worker");
  for (const char* none : {"", " , "}) {
    ASSERT_FALSE(parse_roles(none).ok());
    EXPECT_EQ(parse_roles(none).error().message, "no role is named; roles are api, relay and worker");
  }
}

TEST(ConfigValueTest, ListsLeaveEmptyPartsOut) {
  EXPECT_EQ(split_list(" a , b,,c ", ','), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(split_list("", ',').empty());
  EXPECT_EQ(split_list("one\r\ntwo\n", '\n'), (std::vector<std::string>{"one", "two"}));
}

}  // namespace
}  // namespace waybill::app
