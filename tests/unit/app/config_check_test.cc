#include <gtest/gtest.h>

#include "app/config_load.h"

namespace waybill::app {
namespace {

Config defaults() {
  Config config;
  for (const ConfigKey& key : config_keys()) {
    if (!key.assign(config, std::string(key.fallback)).ok()) ADD_FAILURE() << key.name;
  }
  return config;
}

void expect_only_problem(const Config& config, const std::string& part) {
  const auto problems = check_config(config);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find(part), std::string::npos) << problems[0];
}

TEST(ConfigCheckTest, DefaultsHaveNoProblem) { EXPECT_TRUE(check_config(defaults()).empty()); }

TEST(ConfigCheckTest, AReachableAddressNeedsTokens) {
  Config config = defaults();
  config.http.listen.host = "0.0.0.0";
  expect_only_problem(config, "set http.token_file");
  config.http.tokens = {"0123456789abcdef"};
  EXPECT_TRUE(check_config(config).empty());
}

TEST(ConfigCheckTest, TheInProcessBrokerIsForBothItsEndsOrNone) {
  Config config = defaults();
  config.instance.roles = {true, true, false};
  expect_only_problem(config, "instance.roles api,relay has relay without worker");
  config.instance.roles = {false, false, true};
  expect_only_problem(config, "instance.roles worker has worker without relay");
  for (const Roles& roles : {Roles{true, false, false}, Roles{false, true, true}, Roles{true, true, true}}) {
    config.instance.roles = roles;
    EXPECT_TRUE(check_config(config).empty());
  }
}

TEST(ConfigCheckTest, OnlyPostgresTellsOfCommits) {
  Config config = defaults();
  config.message_log.notify = true;
  expect_only_problem(config, "message_log.notify is for a log on PostgreSQL alone");
  config.broker.url = "amqp://u:p@127.0.0.1";
  config.message_log.sqlite_file.clear();
  config.message_log.shared_url = "mariadb://u:p@127.0.0.1/d";
  expect_only_problem(config, "message_log.notify is for a log on PostgreSQL alone");
  config.message_log.shared_url = "postgresql://u:p@127.0.0.1/d";
  EXPECT_TRUE(check_config(config).empty());
}

TEST(ConfigCheckTest, TheConfirmDeadlineIsLessThanHalfTheGrace) {
  Config config = defaults();
  config.publish.confirm_deadline = config.publish.grace / 2;
  expect_only_problem(config, "publish.confirm_deadline");
  config.publish.confirm_deadline -= Duration(1);
  EXPECT_TRUE(check_config(config).empty());
}

TEST(ConfigCheckTest, BackoffGrows) {
  Config config = defaults();
  config.publish.backoff_max = config.publish.backoff - Duration(1);
  expect_only_problem(config, "publish.backoff_max");
}

TEST(ConfigCheckTest, ConcurrencyIsWithinItsMaximumAndThePrefetch) {
  Config config = defaults();
  config.worker.concurrency = config.worker.max_concurrency + 1;
  expect_only_problem(config, "worker.max_concurrency");
  config = defaults();
  config.worker.prefetch = config.worker.max_concurrency - 1;
  expect_only_problem(config, "worker.prefetch");
}

TEST(ConfigCheckTest, ARouteIsNamedOnce) {
  Config config = defaults();
  config.mail.more_routes = {config.mail.route};
  expect_only_problem(config, "is there twice");
}

TEST(ConfigCheckTest, DeadLettersDoNotComeBackAsMail) {
  Config config = defaults();
  config.mail.more_routes = {Route{"waybill.dlx", "waybill.dead"}};
  expect_only_problem(config, "the dead-letter route");
  config = defaults();
  config.dead_letter.queue = config.mail.queue;
  expect_only_problem(config, "is the mail queue");
}

TEST(ConfigCheckTest, AnotherBrokerCarriesBetweenProcesses) {
  Config config = defaults();
  config.broker.url = "amqp://host";
  config.instance.roles = Roles{false, true, false};
  EXPECT_TRUE(check_config(config).empty());
}

TEST(ConfigCheckTest, CertificatesAreForTls) {
  Config config = defaults();
  config.broker.url = "amqp://host";
  config.broker.tls_ca_file = "ca.pem";
  EXPECT_EQ(check_config(config).size(), 1U);
  config.broker.management_url = "https://host";
  EXPECT_TRUE(check_config(config).empty());
  config.broker.management_url.clear();
  config.broker.url = "amqps://host";
  EXPECT_TRUE(check_config(config).empty());
  config.broker.external_login = true;
  EXPECT_EQ(check_config(config).size(), 1U);
  config.broker.tls_cert_file = "cert.pem";
  EXPECT_TRUE(check_config(config).empty());
  config.broker.tls_cert_file.clear();
  config.broker.external_login = false;
  config.broker.tls_key_file = "key.pem";
  EXPECT_EQ(check_config(config).size(), 1U);
}

}  // namespace
}  // namespace waybill::app
