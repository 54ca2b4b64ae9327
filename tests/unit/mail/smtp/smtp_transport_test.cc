#include "mail/smtp/smtp_transport.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/unit/mail/smtp/smtp_transport_rig.h"

namespace waybill::smtp {
namespace {

using Then = PeerAction::Then;

TEST_F(SmtpTransportTest, BringsAMailAndTellsRelayAndReply) {
  EXPECT_TRUE(
      is(deliver(mail_to({"a@x", "b@x"})), "done", "127.0.0.1:" + std::to_string(peer_.port()) + ": 250 2.0.0 taken"));
  ASSERT_EQ(peer_.mails().size(), 1U);
  EXPECT_EQ(peer_.mails()[0].from, "MAIL FROM:<s@x> SIZE=21");
  EXPECT_EQ(peer_.mails()[0].to, (std::vector<std::string>{"RCPT TO:<a@x>", "RCPT TO:<b@x>"}));
  EXPECT_EQ(peer_.mails()[0].content, "Subject: s\r\n\r\n..body\r\n");
  EXPECT_EQ(gate_.begun, 1);
}

TEST_F(SmtpTransportTest, OneConnectionCarriesManyMails) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(is(deliver(mail_to({"a@x"}, std::to_string(i))), "done"));
  EXPECT_EQ(peer_.connections(), 1);
  EXPECT_EQ(peer_.mails().size(), 10U);
}

TEST_F(SmtpTransportTest, AConnectionCarriesSoManyMailsAndThenIsEnded) {
  auto options = options_for({peer_.url()});
  options.relays[0].mails_per_connection = 2;
  start(options);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(is(deliver(mail_to({"a@x"}, std::to_string(i))), "done"));
  EXPECT_EQ(peer_.connections(), 3);
  EXPECT_TRUE(peer_.heard("QUIT"));
}

TEST_F(SmtpTransportTest, AConnectionThatIdledTooLongIsNotUsed) {
  auto options = options_for({peer_.url()});
  options.relays[0].idle_max = Duration(0);
  start(options);
  EXPECT_TRUE(is(deliver(mail_to({"a@x"}, "1")), "done"));
  EXPECT_TRUE(is(deliver(mail_to({"a@x"}, "2")), "done"));
  EXPECT_EQ(peer_.connections(), 2);
}

TEST_F(SmtpTransportTest, AnIdleConnectionIsEndedByTimeAlone) {
  auto options = options_for({peer_.url()});
  options.relays[0].idle_max = Duration(50);
  start(options);
  EXPECT_TRUE(is(deliver(mail_to({"a@x"})), "done"));
  EXPECT_TRUE(peer_.heard("QUIT")) << "though no other mail came";
}

TEST_F(SmtpTransportTest, WhatARelaySaidIsCounted) {
  ScriptedPeer gone;
  start(options_for({peer_.url(), gone.url() + "?weight=0"}));
  gone.always("CONNECT", {"554 no service\r\n", Then::kClose});
  peer_.always("RCPT TO:<bad@x>", {"550 5.1.1 no such user\r\n"});
  peer_.next("RCPT TO:<tmp@x>", {"450 4.2.1 busy\r\n"});
  EXPECT_TRUE(is(deliver(mail_to({"ok@x", "bad@x", "tmp@x"}, "1")), "retry"));
  peer_.next("MAIL", {"421 going down\r\n", Then::kClose});
  peer_.next("MAIL", {"421 going down\r\n", Then::kClose});
  EXPECT_TRUE(is(deliver(mail_to({"ok@x"}, "2")), "retry", "no relay can be used"));
  const auto figures = transport_->figures();
  ASSERT_EQ(figures.size(), 2U);
  EXPECT_EQ(figures[0].relay, "127.0.0.1:" + std::to_string(peer_.port()));
  EXPECT_FALSE(figures[0].open);
  EXPECT_EQ(figures[0].delivered, 1U);
  EXPECT_EQ(figures[0].refused, 1U);
  EXPECT_EQ(figures[0].tried_again, 1U) << "what the relay said of itself says nothing of recipients";
  EXPECT_EQ(figures[0].unreachable, 1U) << "an idle connection that ended is none of its failures";
  EXPECT_EQ(figures[0].connections, 0U);
  EXPECT_FALSE(figures[1].open);
  EXPECT_EQ(figures[1].unreachable, 1U);
  transport_.reset();
}

TEST_F(SmtpTransportTest, OnlyOpenRecipientsAreTriedAgain) {
  peer_.always("RCPT TO:<bad@x>", {"550 5.1.1 no such user\r\n"});
  peer_.next("RCPT TO:<tmp@x>", {"450 4.2.1 busy\r\n"});
  const auto mail = mail_to({"ok@x", "bad@x", "tmp@x"});
  EXPECT_TRUE(is(deliver(mail), "retry", "tmp@x: 450 4.2.1 busy"));
  EXPECT_TRUE(is(deliver(mail), "done", "refused for 1 of 3 recipients: bad@x: 550 5.1.1 no such user"));
  ASSERT_EQ(peer_.mails().size(), 2U);
  EXPECT_EQ(peer_.mails()[0].to, (std::vector<std::string>{"RCPT TO:<ok@x>"}));
  EXPECT_EQ(peer_.mails()[1].to, (std::vector<std::string>{"RCPT TO:<tmp@x>"}));
  EXPECT_TRUE(is(deliver(mail), "done")) << "a repeat of a finished mail sends nothing";
  EXPECT_EQ(peer_.mails().size(), 2U);
}

TEST_F(SmtpTransportTest, AMailThatAllRefuseFailsAndBeginsNoEffect) {
  peer_.always("RCPT", {"550 5.1.1 no\r\n"});
  EXPECT_TRUE(is(deliver(mail_to({"a@x", "b@x"})), "fail", "550 5.1.1 no"));
  EXPECT_EQ(gate_.begun, 0);
  EXPECT_TRUE(is(deliver(mail_to({"a@x", "b@x"})), "fail")) << "they are known by now";
  peer_.forget();
  EXPECT_TRUE(is(deliver(mail_to({"a@x"}, "2")), "done"));
  EXPECT_EQ(peer_.connections(), 1) << "the connection is reset and used again";
  EXPECT_TRUE(peer_.heard("RSET"));
}

TEST_F(SmtpTransportTest, WithoutPipeliningToo) {
  ScriptedPeer plain(std::vector<std::string>{});
  start(options_for({plain.url()}));
  plain.next("RCPT TO:<tmp@x>", {"450 busy\r\n"});
  EXPECT_TRUE(is(deliver(mail_to({"tmp@x", "ok@x"})), "retry"));
  EXPECT_TRUE(is(deliver(mail_to({"tmp@x", "ok@x"})), "done"));
  ASSERT_EQ(plain.mails().size(), 2U);
  EXPECT_EQ(plain.mails()[1].to, (std::vector<std::string>{"RCPT TO:<tmp@x>"}));
  transport_.reset();
}

TEST_F(SmtpTransportTest, ManyRecipientsTravelInChunks) {
  std::vector<std::string> to;
  for (int i = 0; i < 250; ++i) to.push_back("user" + std::to_string(i) + "@example.test");
  EXPECT_TRUE(is(deliver(mail_to(to)), "done"));
  ASSERT_EQ(peer_.mails().size(), 3U);
  EXPECT_EQ(peer_.mails()[0].to.size(), 100U);
  EXPECT_EQ(peer_.mails()[2].to.size(), 50U);
  EXPECT_EQ(gate_.begun, 1);
}

TEST_F(SmtpTransportTest, WhatIsNotGrantedDoesNotLeave) {
  gate_.answer = false;
  EXPECT_TRUE(is(deliver(mail_to({"a@x"})), "retry", "no longer ours"));
  transport_.reset();
  EXPECT_TRUE(peer_.mails().empty());
}

TEST_F(SmtpTransportTest, AnUnfitMailNeverReachesARelay) {
  auto mail = mail_to({"a@x"});
  mail.bytes = "Subject: s\r\n\r\na\n.\r\nMAIL FROM:<evil@x>\r\n";
  EXPECT_TRUE(is(deliver(mail), "fail", "LF"));
  EXPECT_TRUE(is(deliver(mail_to({"a@x\r\nRCPT TO:<b@x"})), "fail", "control character"));
  EXPECT_TRUE(is(deliver(mail_to({""})), "fail", "empty"));
  EXPECT_TRUE(is(deliver(mail_to({})), "fail", "no recipient"));
  EXPECT_EQ(peer_.connections(), 0);
}

TEST_F(SmtpTransportTest, AMailLargerThanTheRelayTakesFails) {
  auto mail = mail_to({"a@x"});
  mail.bytes += std::string(1'000'000, 'x');
  EXPECT_TRUE(is(deliver(mail), "fail", "5.3.4"));
  EXPECT_TRUE(peer_.lines().size() == 1) << "EHLO alone";
}

TEST_F(SmtpTransportTest, ALargeMailArrivesWhole) {
  ScriptedPeer peer({"PIPELINING"});
  start(options_for({peer.url()}));
  auto mail = mail_to({"a@x"});
  std::string body;
  while (body.size() < 8'000'000) body += std::string(70, 'y') + "\r\n.\r\n";
  mail.bytes += body;
  EXPECT_TRUE(is(deliver(mail), "done"));
  ASSERT_EQ(peer.mails().size(), 1U);
  EXPECT_EQ(peer.mails()[0].content.size(), mail.bytes.size() + 1 + body.size() / 75);
  transport_.reset();
}

TEST_F(SmtpTransportTest, SeveralThreadsShareTheConnections) {
  auto options = options_for({peer_.url()});
  options.relays[0].connections_max = 3;
  start(options);
  std::vector<std::thread> threads;
  std::atomic<int> done{0};
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      CountingGate gate;
      for (int i = 0; i < 20; ++i) {
        const auto outcome = transport_->deliver(mail_to({"a@x"}, std::to_string(t * 100 + i)), gate);
        if (std::holds_alternative<Done>(outcome)) ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, 120);
  EXPECT_EQ(peer_.mails().size(), 120U);
  EXPECT_LE(peer_.connections(), 3);
}

TEST_F(SmtpTransportTest, EveryOutcomeIsRecordedWithItsReplyAndRelay) {
  peer_.always("RCPT TO:<bad@x>", {"550 5.1.1 no such user\r\n"});
  peer_.always("RCPT TO:<tmp@x>", {"450 4.2.1 busy\r\n"});
  EXPECT_TRUE(is(deliver(mail_to({"ok@x", "bad@x", "tmp@x"})), "retry"));
  const std::string relay = "127.0.0.1:" + std::to_string(peer_.port());
  const auto& recorded = recorded_.at("1");
  ASSERT_EQ(recorded.size(), 3U);
  EXPECT_EQ(recorded.at("ok@x"), (RecipientRecord{"ok@x", {RecipientFate::kDelivered, 250, "2.0.0", "taken"}, relay}));
  EXPECT_EQ(recorded.at("bad@x"),
            (RecipientRecord{"bad@x", {RecipientFate::kRefused, 550, "5.1.1", "no such user"}, relay}));
  EXPECT_EQ(recorded.at("tmp@x"), (RecipientRecord{"tmp@x", {RecipientFate::kTryAgain, 450, "4.2.1", "busy"}, relay}));
}

TEST_F(SmtpTransportTest, WhatNeverReachedARelayRecordsNothing) {
  gate_.answer = false;
  EXPECT_TRUE(is(deliver(mail_to({"a@x"})), "retry"));
  auto unfit = mail_to({"a@x"});
  unfit.bytes = "Subject: s\r\n\r\na\n.\r\n";
  EXPECT_TRUE(is(deliver(unfit), "fail"));
  EXPECT_TRUE(recorded_.at("1").empty());
}

TEST_F(SmtpTransportTest, AnAttemptIsToldOfOthersRecipientsAndIgnoresThem) {
  auto mail = mail_to({"a@x", "B@x"});
  mail.recipients = {{"b@x", {RecipientFate::kDelivered, 250, "", ""}, "mx:25"},
                     {"gone@x", {RecipientFate::kUnknown, 0, "", ""}, ""}};
  EXPECT_TRUE(is(deliver(mail), "done"));
  ASSERT_EQ(peer_.mails().size(), 1U);
  EXPECT_EQ(peer_.mails()[0].to, (std::vector<std::string>{"RCPT TO:<a@x>", "RCPT TO:<B@x>"}));
}

TEST_F(SmtpTransportTest, LogsInAsItIsTold) {
  struct Login {
    const char* auth;
    const char* line;
    const char* secret;  // what is sent in base64
  };
  const Login logins[] = {{"plain", "AUTH PLAIN", "AG1lAGh1c2g="},
                          {"login", "AUTH LOGIN", "aHVzaA=="},
                          {"xoauth2", "AUTH XOAUTH2", "dXNlcj1tZQFhdXRoPUJlYXJlciBodXNoAQE="}};
  for (const auto& [auth, line, secret] : logins) {
    ScriptedPeer peer({"PIPELINING", "AUTH PLAIN LOGIN XOAUTH2"});
    start(options_for({"smtp://me:hush@127.0.0.1:" + std::to_string(peer.port()) + "?auth=" + auth}));
    EXPECT_TRUE(is(deliver(mail_to({"a@x"}, auth)), "done")) << auth;
    const auto lines = peer.lines();
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [&](const auto& one) { return one.starts_with(line); }))
        << auth;
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [&](const auto& one) { return one.ends_with(secret); }))
        << auth;
    transport_.reset();
  }
}

}  // namespace
}  // namespace waybill::smtp
