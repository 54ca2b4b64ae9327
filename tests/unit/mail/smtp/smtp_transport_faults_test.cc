// A relay that refuses, closes, hangs or dribbles, at every verb: what becomes of the mail, of the connection, and of
// the relay.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

#include "tests/unit/mail/smtp/smtp_transport_rig.h"

namespace waybill::smtp {
namespace {

using Then = PeerAction::Then;

struct Fault {
  friend void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.verb << ' ' << fault.action.say; }

  const char* verb;
  PeerAction action;
  const char* kind;             // of the outcome
  bool same_relay_next = true;  // the next mail reaches the same relay
};

class Faults : public SmtpTransportTest, public testing::WithParamInterface<Fault> {};

TEST_P(Faults, HaveTheirOutcomeAndTheNextMailIsWhole) {
  const auto& fault = GetParam();
  if (fault.action.then == Then::kHang || fault.action.then == Then::kTrickle) start_impatiently();
  peer_.next(fault.verb, fault.action);
  EXPECT_TRUE(is(deliver(mail_to({"a@x"})), fault.kind)) << fault.verb;
  EXPECT_TRUE(peer_.mails().empty());
  const auto next = deliver(mail_to({"b@x"}, "2"));
  if (!fault.same_relay_next) {
    EXPECT_TRUE(is(next, "retry", "no relay can be used"));
    return;
  }
  EXPECT_TRUE(is(next, "done")) << fault.verb;
  ASSERT_EQ(peer_.mails().size(), 1U);
  EXPECT_EQ(peer_.mails()[0].to, (std::vector<std::string>{"RCPT TO:<b@x>"}));
}

INSTANTIATE_TEST_SUITE_P(
    Refusing, Faults,
    testing::Values(Fault{"CONNECT", {"421 4.3.2 not now\r\n", Then::kClose}, "retry", false},
                    Fault{"CONNECT", {"554 5.3.2 never\r\n", Then::kClose}, "retry", false},
                    Fault{"MAIL", {"450 4.7.1 later\r\n"}, "retry"}, Fault{"MAIL", {"550 5.7.1 no\r\n"}, "fail"},
                    Fault{"MAIL", {"530 5.7.0 STARTTLS first\r\n"}, "retry", false},
                    Fault{"MAIL", {"421 4.3.2 bye\r\n", Then::kClose}, "retry", false},
                    Fault{"RCPT", {"450 4.2.1 busy\r\n"}, "retry"}, Fault{"RCPT", {"550 5.1.1 no\r\n"}, "fail"},
                    Fault{"RCPT", {"530 5.7.1 login\r\n"}, "retry", false},
                    Fault{"RCPT", {"552 5.2.2 full\r\n"}, "fail"}, Fault{"RCPT", {"552 5.3.1 full\r\n"}, "retry"},
                    Fault{"RCPT", {"421 bye\r\n", Then::kClose}, "retry"},
                    Fault{"DATA", {"451 4.3.0 disk\r\n"}, "retry"}, Fault{"DATA", {"554 5.7.1 no\r\n"}, "fail"},
                    Fault{"DATA", {"421 bye\r\n", Then::kClose}, "retry"}, Fault{".", {"450 4.7.1 later\r\n"}, "retry"},
                    Fault{".", {"554 5.7.1 spam\r\n"}, "fail"}, Fault{".", {"421 bye\r\n", Then::kClose}, "retry"}));

INSTANTIATE_TEST_SUITE_P(Closing, Faults,
                         testing::Values(Fault{"CONNECT", {"", Then::kClose}, "retry", false},
                                         Fault{"EHLO", {"", Then::kClose}, "retry", false},
                                         Fault{"MAIL", {"", Then::kClose}, "retry", false},
                                         Fault{"RCPT", {"", Then::kClose}, "retry"},
                                         Fault{"DATA", {"", Then::kClose}, "retry"},
                                         Fault{".", {"", Then::kClose}, "unknown"},
                                         Fault{".", {"25", Then::kClose}, "unknown"}));

INSTANTIATE_TEST_SUITE_P(Hanging, Faults,
                         testing::Values(Fault{"MAIL", {"", Then::kHang}, "retry", false},
                                         Fault{"RCPT", {"", Then::kHang}, "retry"},
                                         Fault{"DATA", {"", Then::kHang}, "retry"},
                                         Fault{".", {"", Then::kHang}, "unknown"},
                                         Fault{".", {"250-not yet\r\n", Then::kHang}, "unknown"}));

// A byte now and then is no answer: the deadline is that of the whole reply.
INSTANTIATE_TEST_SUITE_P(Trickling, Faults,
                         testing::Values(Fault{"MAIL", {"250 2.1.0 ok\r\n", Then::kTrickle}, "retry", false},
                                         Fault{"RCPT", {"250 2.1.5 ok\r\n", Then::kTrickle}, "retry"},
                                         Fault{"DATA", {"354 go on\r\n", Then::kTrickle}, "retry"},
                                         Fault{".", {"250 2.0.0 taken\r\n", Then::kTrickle}, "unknown"}));

INSTANTIATE_TEST_SUITE_P(Confusing, Faults,
                         testing::Values(Fault{"MAIL", {"250 ok\r\n250 ok\r\n"}, "retry"},
                                         Fault{"RCPT", {"354 go\r\n"}, "retry"},
                                         Fault{"DATA", {"250 what\r\n"}, "retry"},
                                         Fault{".", {"gibberish\r\n"}, "unknown"},
                                         Fault{"MAIL", {std::string(5'000, 'x') + "\r\n"}, "retry"}));

TEST_F(SmtpTransportTest, OddButRightAnswersAreUnderstood) {
  peer_.next("MAIL", {"250-well\r\n250-then\r\n250 ok\r\n", Then::kDribble});
  peer_.next("RCPT", {"251 will forward\r\n", Then::kDribble});
  peer_.next("DATA", {"354\r\n", Then::kDribble});
  peer_.next(".", {"250\r\n", Then::kDribble});
  EXPECT_TRUE(is(deliver(mail_to({"a@x"})), "done"));
  peer_.next(".", {"251 elsewhere\r\n"});
  EXPECT_TRUE(is(deliver(mail_to({"a@x"}, "2")), "done", "251 elsewhere"));
  EXPECT_EQ(peer_.connections(), 1);
}

TEST_F(SmtpTransportTest, AnAnswerTooLateIsNotTakenForAnotherMails) {
  start_impatiently();
  peer_.next(".", {"", Then::kHang});
  EXPECT_TRUE(is(deliver(mail_to({"a@x"})), "unknown", "no answer to the final dot"));
  peer_.next("RCPT", {"550 5.1.1 no\r\n"});
  EXPECT_TRUE(is(deliver(mail_to({"bad@x"}, "2")), "fail", "bad@x: 550 5.1.1 no"));
  EXPECT_EQ(peer_.connections(), 2);
}

TEST_F(SmtpTransportTest, AConnectionThatDiedIdleIsReplacedAtOnce) {
  EXPECT_TRUE(is(deliver(mail_to({"a@x"}, "1")), "done"));
  peer_.cut();
  EXPECT_TRUE(is(deliver(mail_to({"a@x"}, "2")), "done"));
  peer_.next("MAIL", {"421 4.4.2 idle too long\r\n", Then::kClose});
  EXPECT_TRUE(is(deliver(mail_to({"a@x"}, "3")), "done"));
  EXPECT_EQ(peer_.connections(), 3);
  EXPECT_EQ(peer_.mails().size(), 3U);
}

TEST_F(SmtpTransportTest, AnotherRelayTakesWhatOneCannot) {
  ScriptedPeer other;
  for (const auto& [verb, action] : {std::pair<const char*, PeerAction>{"CONNECT", {"554 no\r\n", Then::kClose}},
                                     {"MAIL", {"421 bye\r\n", Then::kClose}},
                                     {"MAIL", {"530 5.7.0 login\r\n"}}}) {
    const auto options = options_for({peer_.url(), other.url() + "?weight=0"});
    start(options);
    peer_.forget();
    peer_.always(verb, action);
    const int before = peer_.connections();
    EXPECT_TRUE(is(deliver(mail_to({"a@x"}, std::string(verb) + action.say)), "done", std::to_string(other.port())));
    EXPECT_TRUE(is(deliver(mail_to({"b@x"}, std::string(verb) + action.say)), "done"));
    EXPECT_EQ(peer_.connections(), before + 1) << "the closed relay is left alone";
    transport_.reset();
  }
}

TEST_F(SmtpTransportTest, OnceTheEffectHasBegunNoOtherRelayIsTried) {
  ScriptedPeer other;
  auto options = options_for({peer_.url(), other.url() + "?weight=0"});
  options.recipients_max = 1;
  for (const char* refusal : {"530 5.7.0 login\r\n", "421 4.7.0 enough\r\n"}) {
    start(options);
    const auto mail = mail_to({"a@x", "b@x"}, refusal);
    peer_.next("MAIL", {"250 ok\r\n"});
    peer_.next("MAIL", {refusal});
    EXPECT_TRUE(is(deliver(mail), "retry", "b@x"));
    EXPECT_EQ(other.connections(), 0);
    EXPECT_EQ(peer_.mails().back().to, (std::vector<std::string>{"RCPT TO:<a@x>"}));
    transport_.reset();
  }
  start(options);
  EXPECT_TRUE(is(deliver(mail_to({"a@x", "b@x"}, "530 5.7.0 login\r\n")), "done"));
  EXPECT_EQ(peer_.mails().back().to, (std::vector<std::string>{"RCPT TO:<b@x>"}));
  EXPECT_EQ(peer_.mails().size(), 3U);
  transport_.reset();
}

TEST_F(SmtpTransportTest, ARelayThatKeepsAskingForALoginRestsEachTimeLonger) {
  auto options = options_for({peer_.url()});
  options.pool.breaker.first_login = Duration(1'500);
  start(options);
  peer_.always("MAIL", {"530 5.7.0 login\r\n"});
  Duration longest(0);
  for (const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
       peer_.connections() < 2 && std::chrono::steady_clock::now() < until; std::this_thread::yield()) {
    longest = std::get<Retry>(deliver(mail_to({"a@x"}))).after.value_or(Duration(0));
  }
  EXPECT_GT(longest, Duration(2'000));
}

TEST_F(SmtpTransportTest, ARelayThatEndsEveryConnectionAfterOneMailIsUsedAllTheSame) {
  auto options = options_for({peer_.url()});
  start(options);
  for (int i = 0; i < 3; ++i) {
    peer_.always("MAIL", {"250 ok\r\n"});
    peer_.next("MAIL", i == 0 ? PeerAction{"250 ok\r\n"} : PeerAction{"421 one is enough\r\n", Then::kClose});
    EXPECT_TRUE(is(deliver(mail_to({"a@x"}, std::to_string(i))), "done"));
  }
  EXPECT_EQ(peer_.connections(), 3);
}

TEST_F(SmtpTransportTest, ARefusalOfTheMailIsNotTriedElsewhere) {
  ScriptedPeer other;
  start(options_for({peer_.url(), other.url() + "?weight=0"}));
  peer_.always(".", {"554 5.7.1 spam\r\n"});
  EXPECT_TRUE(is(deliver(mail_to({"a@x"})), "fail"));
  peer_.always(".", {"", Then::kClose});
  EXPECT_TRUE(is(deliver(mail_to({"a@x"}, "2")), "unknown"));
  EXPECT_EQ(other.connections(), 0);
  transport_.reset();
}

TEST_F(SmtpTransportTest, ARelayThatIsNotThereTellsWhenToComeAgain) {
  auto gone = std::make_unique<ScriptedPeer>();
  const auto url = gone->url();
  gone.reset();
  start(options_for({url}));
  const auto outcome = deliver(mail_to({"a@x"}));
  EXPECT_TRUE(is(outcome, "retry", "cannot be used"));
  EXPECT_FALSE(std::get<Retry>(outcome).uses_try);
  const auto after = std::get<Retry>(outcome).after;
  ASSERT_TRUE(after.has_value());
  EXPECT_GT(*after, Duration(500));
  EXPECT_LE(*after, Duration(3'000));
  EXPECT_EQ(gate_.begun, 0);
}

TEST_F(SmtpTransportTest, MailsThatWaitForARelayDoNotComeAllAtOnce) {
  ScriptedPeer gone;
  start(options_for({gone.url()}));
  gone.always("CONNECT", {"554 no service\r\n", Then::kClose});
  Duration longest{0};
  for (int i = 0; i < 20; ++i) {
    longest = std::max(longest, std::get<Retry>(deliver(mail_to({"a@x"}))).after.value_or(Duration(0)));
  }
  EXPECT_EQ(gone.connections(), 1);
  EXPECT_GT(longest, BreakerOptions{}.first) << "some come later than the first who may try it";
  transport_.reset();
}

TEST_F(SmtpTransportTest, ARelayThatNeverGreetsIsGivenUp) {
  auto options = options_for({peer_.url()});
  options.relays[0].connect_timeout = Duration(300);
  for (const char* verb : {"CONNECT", "EHLO"}) {
    start(options);
    peer_.next(verb, {"220-slow", Then::kHang});
    const auto outcome = deliver(mail_to({"a@x"}));
    EXPECT_TRUE(is(outcome, "retry", "cannot be used")) << verb;
    EXPECT_TRUE(std::get<Retry>(outcome).after.has_value());
  }
}

TEST_F(SmtpTransportTest, ACancelEndsTheWaitForAGreetingAndSaysNothingOfTheRelay) {
  peer_.next("EHLO", {"", Then::kHang});
  start();
  HandlerOutcome outcome;
  std::thread delivery([&] { outcome = deliver(mail_to({"a@x"})); });
  EXPECT_TRUE(peer_.heard("EHLO localhost"));
  gate_.is_cancelled = true;
  delivery.join();
  EXPECT_TRUE(is(outcome, "retry", "cancelled"));
  gate_.is_cancelled = false;
  EXPECT_TRUE(is(deliver(mail_to({"a@x"})), "done"));
}

TEST_F(SmtpTransportTest, StartTlsThatIsNotOfferedSendsNothing) {
  start(options_for({peer_.url() + "?tls=required"}));
  EXPECT_TRUE(is(deliver(mail_to({"a@x"})), "retry", "STARTTLS"));
  for (const auto& line : peer_.lines()) EXPECT_FALSE(line.starts_with("MAIL")) << line;
}

TEST_F(SmtpTransportTest, OpportunisticTlsGoesOnWithoutIt) {
  start(options_for({peer_.url() + "?tls=opportunistic"}));
  EXPECT_TRUE(is(deliver(mail_to({"a@x"})), "done"));
}

TEST_F(SmtpTransportTest, ALoginThatIsRefusedClosesTheRelayForLong) {
  ScriptedPeer peer({"AUTH PLAIN"});
  start(options_for({"smtp://me:hush@127.0.0.1:" + std::to_string(peer.port())}));
  for (const char* refusal : {"535 5.7.8 wrong\r\n", "454 4.7.0 later\r\n"}) {
    start(options_for({"smtp://me:hush@127.0.0.1:" + std::to_string(peer.port())}));
    peer.always("AUTH", {refusal});
    const auto outcome = deliver(mail_to({"a@x"}));
    EXPECT_TRUE(is(outcome, "retry", "refuses the login of 'me'"));
    EXPECT_GE(std::get<Retry>(outcome).after, Duration(20'000));
    EXPECT_EQ(text_of(outcome).find("hush"), std::string::npos);
  }
  transport_.reset();
}

TEST_F(SmtpTransportTest, ALoginThatIsNotOfferedSendsNothing) {
  start(options_for({"smtp://me:hush@127.0.0.1:" + std::to_string(peer_.port())}));
  EXPECT_TRUE(is(deliver(mail_to({"a@x"})), "retry", "offers no login"));
  EXPECT_EQ(peer_.lines().size(), 1U) << "EHLO alone";
}

TEST_F(SmtpTransportTest, ACancelEndsAMailBeforeItsEffect) {
  peer_.next("RCPT", {"", Then::kHang});
  start();
  HandlerOutcome outcome;
  std::thread delivery([&] { outcome = deliver(mail_to({"a@x"})); });
  EXPECT_TRUE(peer_.heard("RCPT TO:<a@x>"));
  gate_.is_cancelled = true;
  delivery.join();
  EXPECT_TRUE(is(outcome, "retry", "cancelled"));
}

TEST_F(SmtpTransportTest, ACancelAfterTheDotWaitsALittleForTheAnswer) {
  auto options = options_for({peer_.url()});
  options.timeouts.cancelled_dot = Duration(50);
  start(options);
  peer_.next(".", {"", Then::kHang});
  HandlerOutcome outcome;
  std::thread delivery([&] { outcome = deliver(mail_to({"a@x"})); });
  EXPECT_TRUE(peer_.heard("."));
  gate_.is_cancelled = true;
  delivery.join();
  EXPECT_TRUE(is(outcome, "unknown"));
}

TEST_F(SmtpTransportTest, WaitingForABusyRelayEnds) {
  auto options = options_for({peer_.url()});
  options.relays[0].connections_max = 1;
  options.pool.wait_max = Duration(50);
  start(options);
  peer_.next("MAIL", {"", Then::kHang});
  std::thread holder([&] {
    CountingGate gate;
    EXPECT_TRUE(is(transport_->deliver(mail_to({"a@x"}, "1"), gate), "retry"));
  });
  EXPECT_TRUE(peer_.heard("DATA"));
  const auto outcome = deliver(mail_to({"b@x"}, "2"));
  EXPECT_TRUE(is(outcome, "retry", "busy"));
  EXPECT_FALSE(std::get<Retry>(outcome).uses_try);
  peer_.cut();
  holder.join();
}

}  // namespace
}  // namespace waybill::smtp
