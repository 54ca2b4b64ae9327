#include "mail/smtp/relay_check.h"

#include <gtest/gtest.h>

#include "tests/unit/mail/smtp/scripted_peer.h"

namespace waybill::smtp {
namespace {

using Kind = RelayFailure::Kind;
using Then = PeerAction::Then;

RelayOptions relay_of(const std::string& url) {
  auto relay = parse_relay_url(url);
  if (!relay) throw std::runtime_error(relay.error().message);
  relay->connect_timeout = std::chrono::seconds(1);
  return *relay;
}

TEST(RelayCheck, ARelayThatAnswersCanBeUsed) {
  ScriptedPeer peer({"AUTH PLAIN"});
  EXPECT_FALSE(try_relay(relay_of(peer.url())));
  EXPECT_FALSE(try_relay(relay_of("smtp://me:hush@127.0.0.1:" + std::to_string(peer.port()))));
  EXPECT_TRUE(peer.heard("NOOP"));
  EXPECT_TRUE(peer.heard("QUIT"));
  EXPECT_TRUE(peer.mails().empty());
}

TEST(RelayCheck, WhatIsWrongIsOneSentence) {
  struct Case {
    const char* verb;
    PeerAction action;
    Kind kind;
    const char* part;
  };
  const std::vector<Case> cases = {
      {"CONNECT", {"554 no service\r\n", Then::kClose}, Kind::kUnreachable, "554 no service"},
      {"AUTH", {"535 5.7.8 wrong\r\n"}, Kind::kLogin, "refuses the login of 'me'"},
      {"NOOP", {"421 4.3.2 closing\r\n", Then::kClose}, Kind::kUnreachable, "answered NOOP with 421 4.3.2 closing"},
      {"NOOP", {"", Then::kClose}, Kind::kUnreachable, "lets us in, but "},
      {"NOOP", {"hello\r\n"}, Kind::kUnreachable, "lets us in, but "},
      {"NOOP", {"", Then::kHang}, Kind::kUnreachable, "did not answer NOOP in time"},
  };
  for (const Case& one : cases) {
    ScriptedPeer peer({"AUTH PLAIN"});
    peer.always(one.verb, one.action);
    const auto failure = try_relay(relay_of("smtp://me:hush@127.0.0.1:" + std::to_string(peer.port())));
    ASSERT_TRUE(failure) << one.part;
    EXPECT_EQ(failure->kind, one.kind) << failure->reason;
    EXPECT_NE(failure->reason.find(one.part), std::string::npos) << failure->reason;
    EXPECT_EQ(failure->reason.find("hush"), std::string::npos);
  }
}

}  // namespace
}  // namespace waybill::smtp
