#include "mail/smtp/relay_options.h"

#include <gtest/gtest.h>

namespace waybill::smtp {
namespace {

TEST(RelayUrl, StartTlsIsRequiredButOnThisMachine) {
  EXPECT_EQ(parse_relay_url("smtp://mx.test")->tls, RelayTls::kStartTls);
  EXPECT_EQ(parse_relay_url("smtp://mx.test")->port, 25);
  for (const char* url : {"smtp://localhost", "smtp://127.0.0.2:2525", "smtp://[::1]:25/"}) {
    EXPECT_EQ(parse_relay_url(url)->tls, RelayTls::kNone) << url;
  }
  EXPECT_EQ(parse_relay_url("smtp://localhost?tls=required")->tls, RelayTls::kStartTls);
  EXPECT_EQ(parse_relay_url("smtp://mx.test?tls=opportunistic")->tls, RelayTls::kOpportunistic);
  EXPECT_EQ(parse_relay_url("smtp://mx.test?tls=none")->tls, RelayTls::kNone);
  EXPECT_EQ(parse_relay_url("smtps://localhost")->tls, RelayTls::kImplicit);
  EXPECT_EQ(parse_relay_url("smtps://mx.test")->port, 465);
}

TEST(RelayUrl, ReadsAllItsParts) {
  const auto relay = parse_relay_url("smtp://me%40x:p%3Aa%25%2f@mx.test:587?auth=xoauth2&weight=0");
  ASSERT_TRUE(relay) << relay.error().message;
  EXPECT_EQ(relay->user, "me@x");
  EXPECT_EQ(relay->secret, "p:a%/");
  EXPECT_EQ(name_of(*relay), "mx.test:587");
  EXPECT_EQ(relay->auth, RelayAuth::kXoauth2);
  EXPECT_EQ(relay->weight, 0);
  EXPECT_EQ(name_of(*parse_relay_url("smtp://[fe80::1]:26")), "[fe80::1]:26");
}

TEST(RelayUrl, WhatIsWrongIsNamedWithoutTheSecret) {
  for (const char* url : {"http://mx.test",
                          "smtp://",
                          "smtp://mx test",
                          "smtp://mx.test:0",
                          "smtp://mx.test:99999",
                          "smtp://mx.test:x",
                          "smtp://[::1",
                          "smtp://u:hush%2@mx.test",
                          "smtp://mx.test?tls=maybe",
                          "smtps://mx.test?tls=none",
                          "smtp://mx.test?auth=ntlm",
                          "smtp://mx.test?x=1",
                          "smtp://mx.test?weight=-1",
                          "smtp://mx.test?weight=1001",
                          "smtp://:hush@mx.test",
                          "smtp://mx.test?auth=plain",
                          "smtp://u:hush@mx.test?tls=none",
                          "smtp://u:hush@mx.test?tls=opportunistic",
                          "smtp://u:hush",
                          "smtp://u:hush?x@mx.test",
                          "smtp://u:hush%0d%0a@mx.test",
                          "smtp://mx.test/path",
                          "smtp://mx\r\n.test"}) {
    const auto relay = parse_relay_url(url);
    ASSERT_FALSE(relay) << url;
    EXPECT_FALSE(relay.error().message.empty());
    EXPECT_EQ(relay.error().message.find("hush"), std::string::npos) << relay.error().message;
  }
}

TEST(RelayUrl, IsShownWithoutItsSecret) {
  EXPECT_EQ(mask_relay_url("smtp://me%40x:hush@mx.test:587?auth=plain"),
            "smtp://me%40x:********@mx.test:587?auth=plain");
  EXPECT_EQ(mask_relay_url("smtps://me:h/u@s:h@[::1]:465"), "smtps://me:********@[::1]:465");
  for (const char* url : {"smtp://me@mx.test:587", "smtp://mx.test:587", "smtp://[::1]:25"}) {
    EXPECT_EQ(mask_relay_url(url), url);
  }
  EXPECT_EQ(mask_relay_url("smtp://me:h?u@mx.test"), "smtp://me:********@mx.test");
  EXPECT_EQ(mask_relay_url("me:hush@mx.test"), "");
}

TEST(RelayOptions, AGreetingIsAHostName) {
  RelayOptions options{.host = "mx.test"};
  EXPECT_TRUE(validate(options));
  for (const char* name : {"", "a b", "a\r\nMAIL", "-a"}) {
    options.ehlo_name = name;
    EXPECT_FALSE(validate(options)) << name;
  }
}

TEST(RelayUrl, ARefusedHostIsShownWithoutControlCharacters) {
  const auto relay = parse_relay_url("smtp://h\r\nX:1");
  ASSERT_FALSE(relay.ok());
  for (const char c : relay.error().message) EXPECT_GE(static_cast<unsigned char>(c), 0x20);
}

}  // namespace
}  // namespace waybill::smtp
