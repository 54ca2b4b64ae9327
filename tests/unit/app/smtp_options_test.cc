#include "app/smtp_options.h"

#include <gtest/gtest.h>

#include "app/config_load.h"

namespace waybill::app {
namespace {

Config with(const std::vector<std::pair<std::string, std::string>>& settings) {
  Config config;
  for (const ConfigKey& key : config_keys()) {
    std::string text(key.fallback);
    for (const auto& [name, value] : settings) {
      if (name == key.name) text = value;
    }
    if (const auto assigned = key.assign(config, text); !assigned.ok()) ADD_FAILURE() << assigned.error().message;
  }
  return config;
}

Config sending(std::vector<std::pair<std::string, std::string>> settings) {
  settings.emplace_back("mail.from", "a@x.test");
  settings.emplace_back("mail.allowed_from", "@x.test");
  return with(settings);
}

void expect_only_problem(const Config& config, const std::string& part) {
  const auto problems = check_config(config);
  ASSERT_EQ(problems.size(), 1U) << part;
  EXPECT_NE(problems[0].find(part), std::string::npos) << problems[0];
}

TEST(SmtpOptionsTest, EachRelayGetsWhatWasConfigured) {
  const auto config = sending({{"mail.smtp.relays", "smtp://me@mx.test:587?weight=3, smtps://you:own@mx2.test"},
                               {"mail.smtp.password", "hush\r\n"},
                               {"mail.smtp.tls_ca", "ca.pem"},
                               {"mail.smtp.greeting", "out.x.test"},
                               {"mail.smtp.max_connections", "2"},
                               {"mail.smtp.mails_per_connection", "5"},
                               {"mail.smtp.rate", "90/m"},
                               {"mail.smtp.connect_timeout", "4s"},
                               {"mail.smtp.command_timeout", "6s"},
                               {"mail.smtp.dot_timeout", "5m"},
                               {"mail.smtp.idle_timeout", "9s"},
                               {"mail.smtp.dsn", "failure,delay"}});
  EXPECT_TRUE(check_config(config).empty());
  const auto options = smtp_options(config);
  ASSERT_EQ(options.relays.size(), 2U);
  const auto& relay = options.relays[0];
  EXPECT_EQ(smtp::name_of(relay), "mx.test:587");
  EXPECT_EQ(relay.user, "me");
  EXPECT_EQ(relay.secret, "hush");
  EXPECT_EQ(relay.weight, 3);
  EXPECT_EQ(relay.ca_file, "ca.pem");
  EXPECT_EQ(relay.ehlo_name, "out.x.test");
  EXPECT_EQ(relay.connections_max, 2);
  EXPECT_EQ(relay.mails_per_connection, 5);
  EXPECT_DOUBLE_EQ(relay.mails_per_second, 1.5);
  EXPECT_EQ(relay.connect_timeout, Duration(4'000));
  EXPECT_EQ(relay.idle_max, Duration(9'000));
  EXPECT_EQ(options.relays[1].secret, "own") << "what the URL says goes first";
  EXPECT_EQ(options.timeouts.command, Duration(6'000));
  EXPECT_EQ(options.timeouts.data, Duration(6'000));
  EXPECT_EQ(options.timeouts.dot, Duration(300'000));
  EXPECT_EQ(options.timeouts.content, Duration(599'000));
  EXPECT_EQ(options.pool.wait_max, Duration(50'000));
  EXPECT_EQ(options.dsn, (smtp::DsnWish{.failure = true, .delay = true}));
}

TEST(SmtpOptionsTest, WithoutAGreetingTheMachineHasAName) {
  EXPECT_TRUE(smtp::is_host_name(smtp_options(sending({{"mail.smtp.relays", "smtp://mx.test"}})).relays[0].ehlo_name));
}

TEST(SmtpOptionsTest, PasswordsAreForAllOrForEach) {
  const std::string two = "smtp://a@mx.test,smtp://b@mx2.test";
  const auto secrets = [](const Config& config) {
    std::vector<std::string> found;
    for (const auto& relay : *relays_of(config.mail.smtp)) found.push_back(relay.secret);
    return found;
  };
  EXPECT_EQ(secrets(sending({{"mail.smtp.relays", two}, {"mail.smtp.password", "p"}})),
            (std::vector<std::string>{"p", "p"}));
  EXPECT_EQ(secrets(sending({{"mail.smtp.relays", two}, {"mail.smtp.password", "p\nq"}})),
            (std::vector<std::string>{"p", "q"}));
  expect_only_problem(sending({{"mail.smtp.relays", two}}), "a user of mx.test:25 without a password");
  expect_only_problem(sending({{"mail.smtp.relays", two + ",smtp://c@mx3.test"}, {"mail.smtp.password", "p\nq"}}),
                      "one for each in their order");
  expect_only_problem(sending({{"mail.smtp.relays", two}, {"mail.smtp.password", "p\nq\nr"}}), "3 lines for 2 users");
  expect_only_problem(sending({{"mail.smtp.relays", "smtp://a@mx.test"}, {"mail.smtp.password", "p\tq"}}),
                      "control character");
}

TEST(SmtpOptionsTest, ARelayIsThereOnce) {
  expect_only_problem(sending({{"mail.smtp.relays", "smtp://mx.test,smtp://mx.test?weight=2"}}), "mx.test:25 twice");
  EXPECT_TRUE(check_config(sending({{"mail.smtp.relays", "smtp://mx.test,smtps://mx.test"}})).empty());
}

TEST(SmtpOptionsTest, ARelayIsForKnownSendersOnly) {
  expect_only_problem(with({{"mail.smtp.relays", "smtp://mx.test"}}), "mail.allowed_from is empty");
  expect_only_problem(with({{"mail.smtp.relays", "smtp://mx.test"}, {"mail.allowed_from", "@x.test"}}),
                      "mail.from 'waybill@localhost' is not within mail.allowed_from");
  EXPECT_TRUE(check_config(with({})).empty()) << "a Maildir takes mails of anybody";
}

TEST(SmtpOptionsTest, AMailEndsBeforeTheWorkersDeadlines) {
  const std::pair<std::string, std::string> relay{"mail.smtp.relays", "smtp://mx.test"};
  expect_only_problem(sending({relay, {"mail.smtp.command_timeout", "5m"}}), "worker.handler_deadline 1m ends a mail");
  EXPECT_TRUE(
      check_config(sending({relay, {"mail.smtp.command_timeout", "5m"}, {"worker.handler_deadline", "10m"}})).empty());
  expect_only_problem(sending({relay, {"mail.smtp.dot_timeout", "15m"}}),
                      "worker.effect_deadline 15m leaves a mail no");
}

}  // namespace
}  // namespace waybill::app
