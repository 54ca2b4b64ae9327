#include "app/config_load.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace waybill::app {
namespace {

// A folder of its own, so that no waybill.toml of the working directory is read.
class ConfigLoadTest : public ::testing::Test {
 protected:
  ConfigLoadTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "waybill-config-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_);
  }
  ~ConfigLoadTest() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  static void write(const std::string& name, const std::string& text) { std::ofstream(name) << text; }

  static ConfigSources with_file(const std::string& toml) {
    write("test.toml", toml);
    ConfigSources sources;
    sources.file = "test.toml";
    return sources;
  }

  static std::string problem_of(const ConfigSources& sources) {
    const auto loaded = load_config(sources);
    return loaded.ok() ? std::string("(no problem)") : loaded.error().message;
  }

  static Setting setting_of(const LoadedConfig& loaded, std::string_view key) {
    const auto found = std::find_if(loaded.settings.begin(), loaded.settings.end(),
                                    [&](const Setting& setting) { return setting.key->name == key; });
    return found == loaded.settings.end() ? Setting{} : *found;
  }

 private:
  std::filesystem::path folder_;
  std::filesystem::path before_;
};

void expect_part(const std::string& whole, const std::string& part) {
  EXPECT_NE(whole.find(part), std::string::npos) << "not in: " << whole << "\nexpected: " << part;
}

TEST_F(ConfigLoadTest, DefaultsAreTheDesignedOnesAndValid) {
  const auto loaded = load_config({});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  const Config& config = loaded->config;
  EXPECT_EQ(config.instance.roles, (Roles{true, true, true}));
  EXPECT_EQ(config.http.listen.text(), "127.0.0.1:8420");
  EXPECT_TRUE(config.http.tokens.empty());
  EXPECT_EQ(config.http.max_body, 1U << 20U);
  EXPECT_EQ(config.http.max_headers, 16U << 10U);
  EXPECT_EQ(config.message_log.sqlite_file, "var/waybill.db");
  EXPECT_EQ(config.mail.maildir, "var/mail");
  EXPECT_EQ(config.mail.route, (Route{"mail.exchange", "mail.routing.key"}));
  EXPECT_EQ(config.mail.queue.value, "mail.queue");
  EXPECT_EQ(config.dead_letter.exchange, "waybill.dlx");
  EXPECT_EQ(config.dead_letter.queue.value, "waybill.dead");
  EXPECT_EQ(config.publish.grace, Duration(2'000));
  EXPECT_EQ(config.publish.backoff, Duration(500));
  EXPECT_EQ(config.publish.backoff_max, Duration(60'000));
  EXPECT_EQ(config.publish.body_max, 256U << 10U);
  EXPECT_EQ(config.redeliver.poll, Duration(200));
  EXPECT_EQ(config.worker.lease, Duration(15'000));
  EXPECT_EQ(config.worker.handler_deadline, Duration(60'000));
  EXPECT_EQ(config.worker.effect_deadline, Duration(900'000));
  EXPECT_EQ(config.worker.retry, (RetryPolicy{3, FixedDelay{Duration(8'000)}}));
  EXPECT_EQ(config.worker.concurrency, 4);
  EXPECT_EQ(config.worker.max_concurrency, 16);
  EXPECT_EQ(config.worker.prefetch, 256);
  EXPECT_EQ(config.worker.max_bodies, 128U << 20U);
  EXPECT_EQ(config.worker.crash_limit, 5);
  EXPECT_EQ(config.worker.unknown, UnknownPolicy::kRetry);
  EXPECT_EQ(config.shutdown.grace, Duration(20'000));
  EXPECT_EQ(config.prune.age, Duration(std::chrono::hours(24 * 7)));
  EXPECT_EQ(loaded->file, "");
}

TEST_F(ConfigLoadTest, FlagsWinOverEnvironmentOverFileOverDefault) {
  auto sources = with_file("[worker]\nlease = \"20s\"\nprefetch = 100\nconcurrency = 5\n");
  sources.environment = {{"WAYBILL_CFG_WORKER__PREFETCH", "101"}, {"WAYBILL_CFG_WORKER__CONCURRENCY", "6"}};
  sources.flags = {{"worker.concurrency", "7", "--set"}};
  const auto loaded = load_config(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->config.worker.lease, Duration(20'000));
  EXPECT_EQ(loaded->config.worker.prefetch, 101);
  EXPECT_EQ(loaded->config.worker.concurrency, 7);
  EXPECT_EQ(setting_of(*loaded, "worker.lease").origin, "test.toml:2");
  EXPECT_EQ(setting_of(*loaded, "worker.prefetch").origin, "WAYBILL_CFG_WORKER__PREFETCH");
  EXPECT_EQ(setting_of(*loaded, "worker.concurrency").origin, "--set");
  EXPECT_EQ(setting_of(*loaded, "worker.max_concurrency").origin, "default");
}

TEST_F(ConfigLoadTest, ASectionMayHaveSections) {
  auto sources = with_file(
      "[mail]\nfrom = \"a@x.test\"\nallowed_from = [\"@x.test\"]\n[mail.smtp]\nmax_connections = 3\n"
      "relays = [\"smtp://mx.test\", \"smtps://me:p@mx.test\"]\n");
  sources.environment = {{"WAYBILL_CFG_MAIL__SMTP__IDLE_TIMEOUT", "7s"}};
  const auto loaded = load_config(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->config.mail.smtp.max_connections, 3);
  EXPECT_EQ(loaded->config.mail.smtp.relays.size(), 2U);
  EXPECT_EQ(loaded->config.mail.smtp.idle_timeout, Duration(7'000));
  EXPECT_EQ(setting_of(*loaded, "mail.smtp.max_connections").origin, "test.toml:5");
  EXPECT_EQ(variable_for("mail.smtp.idle_timeout"), "WAYBILL_CFG_MAIL__SMTP__IDLE_TIMEOUT");
}

TEST_F(ConfigLoadTest, WhatIsWrongWithARelayIsToldWithoutItsSecret) {
  for (const char* url : {"smtp://me:hush@mx.test?tls=none", "smtp://me:hush@mx.test:0", "smtp://me:hush,x@mx.test"}) {
    ConfigSources sources;
    sources.flags = {{"mail.smtp.relays", url, "--smtp"}};
    const auto problem = problem_of(sources);
    expect_part(problem, "--smtp: mail.smtp.relays: ");
    EXPECT_EQ(problem.find("hush"), std::string::npos) << problem;
  }
}

TEST_F(ConfigLoadTest, TheDefaultFileIsReadIfItExists) {
  write("waybill.toml", "[log]\nlevel = \"debug\"\n");
  const auto loaded = load_config({});
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->config.log.level, LogLevel::kDebug);
  EXPECT_EQ(loaded->file, "waybill.toml");
}

TEST_F(ConfigLoadTest, AMissingFileThatWasNamedIsAnError) {
  ConfigSources sources;
  sources.file = "absent.toml";
  expect_part(problem_of(sources), "cannot read absent.toml: No such file or directory");
  sources.file = ".";
  expect_part(problem_of(sources), "cannot read .: Is a directory");
}

TEST_F(ConfigLoadTest, BrokenTomlNamesLineAndColumn) {
  expect_part(problem_of(with_file("[http]\nlisten = 127.0.0.1\n")), "test.toml:2:");
}

TEST_F(ConfigLoadTest, UnknownKeysNameTheLineAndTheKnownOnes) {
  const auto problem = problem_of(with_file("[http]\n\nlisten = \"127.0.0.1:1\"\nlisen = \"x\"\n"));
  expect_part(problem, "test.toml:4: there is no key 'http.lisen'; known are http.listen");
  expect_part(problem, "http.token_file");
  expect_part(problem_of(with_file("[htp]\nlisten = \"x\"\n")), "known sections are");
  expect_part(problem_of(with_file("listen = \"x\"\n")), "there is no key 'listen'");
  expect_part(problem_of(with_file("[http.listen]\nport = 1\n")), "there is no key 'http.listen.port'");
}

TEST_F(ConfigLoadTest, UnknownVariablesAreErrors) {
  ConfigSources sources;
  sources.environment = {{"WAYBILL_CFG_HTTP_LISTEN", "127.0.0.1:1"}};
  expect_part(problem_of(sources), "WAYBILL_CFG_HTTP_LISTEN: there is no key 'http_listen'");
}

TEST_F(ConfigLoadTest, WrongTypesSayWhatWouldBeRight) {
  expect_part(problem_of(with_file("[worker]\nlease = 15\n")),
              "test.toml:2: worker.lease is an integer; it must be a duration in quotes, for example \"8s\"");
  expect_part(problem_of(with_file("[worker]\nprefetch = \"256\"\n")),
              "worker.prefetch is a string; it must be a whole number, without quotes");
  expect_part(problem_of(with_file("[worker]\nprefetch = 2.5\n")), "worker.prefetch is a number with a fraction");
  expect_part(problem_of(with_file("[http]\nlisten = true\n")), "http.listen is a boolean; it must be a string");
  expect_part(problem_of(with_file("[mail]\nmore_routes = \"a/b\"\n")), "it must be an array of strings");
  expect_part(problem_of(with_file("[mail]\nmore_routes = [\"a/b,c\"]\n")), "it must be an array of strings");
  expect_part(problem_of(with_file("[http]\nlisten = 2026-01-01\n")), "http.listen is a date or time");
}

TEST_F(ConfigLoadTest, ValuesOutOfRangeNameTheRange) {
  expect_part(problem_of(with_file("[worker]\nlease = \"2h\"\n")),
              "test.toml:2: worker.lease: '2h' is out of range; allowed is 1s to 1h");
  expect_part(problem_of(with_file("[worker]\nprefetch = 0\n")), "'0' is out of range; allowed is 1 to 65535");
  expect_part(problem_of(with_file("[http]\nmax_body = \"1GiB\"\n")), "allowed is 1KiB to 64MiB");
}

TEST_F(ConfigLoadTest, EveryProblemIsReported) {
  auto sources = with_file("[worker]\nlease = \"x\"\nnonsense = 1\n");
  sources.environment = {{"WAYBILL_CFG_LOG__LEVEL", "loud"}};
  sources.flags = {{"http.listen", "nowhere", "--listen"}};
  const auto problem = problem_of(sources);
  expect_part(problem, "worker.lease: 'x' is not a duration");
  expect_part(problem, "there is no key 'worker.nonsense'");
  expect_part(problem, "WAYBILL_CFG_LOG__LEVEL: log.level: 'loud' is not a level; write debug, info, warning or error");
  expect_part(problem, "--listen: http.listen: 'nowhere' is not an address");
}

TEST_F(ConfigLoadTest, DataStandsForTheDataDirectory) {
  auto sources = with_file("[mail]\nmaildir = \"{data}/box\"\njournal = \"/srv/journal\"\n");
  sources.flags = {{"data.dir", "/srv/waybill", "--data"}};
  const auto loaded = load_config(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->config.message_log.sqlite_file, "/srv/waybill/waybill.db");
  EXPECT_EQ(loaded->config.mail.maildir, "/srv/waybill/box");
  EXPECT_EQ(loaded->config.mail.journal, "/srv/journal");
  EXPECT_EQ(setting_of(*loaded, "message_log.url").text, "sqlite:/srv/waybill/waybill.db");
}

TEST_F(ConfigLoadTest, ASecretMayComeFromAFile) {
  write("tokens", "0123456789abcdef0123\nsecond-token-of-ours\n\n");
  const auto loaded = load_config(with_file("[http]\ntoken_file = \"tokens\"\n"));
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->config.http.tokens, (std::vector<std::string>{"0123456789abcdef0123", "second-token-of-ours"}));
  EXPECT_EQ(setting_of(*loaded, "http.token").origin, "test.toml:2, file tokens");
}

TEST_F(ConfigLoadTest, ASecretsFileMustBeReadableAndHoldOne) {
  expect_part(problem_of(with_file("[http]\ntoken_file = \"absent\"\n")),
              "test.toml:2, file absent: http.token: cannot read absent: No such file");
  write("empty", "\n");
  expect_part(problem_of(with_file("[http]\ntoken_file = \"empty\"\n")), "the file is empty");
  expect_part(problem_of(with_file("[http]\ntoken_file = 7\n")), "http.token_file is an integer");
  const auto short_token = problem_of(with_file("[http]\ntoken = \"tooshort\"\n"));
  expect_part(short_token, "is shorter than 16 characters");
  EXPECT_EQ(short_token.find("tooshort"), std::string::npos) << "a secret is never printed";
}

TEST_F(ConfigLoadTest, ASecretIsGivenOnceInASource) {
  write("tokens", "0123456789abcdef0123\n");
  auto sources = with_file("[http]\ntoken = \"0123456789abcdef\"\ntoken_file = \"tokens\"\n");
  expect_part(problem_of(sources), "both http.token and http.token_file are set");
  // Over several sources the later one counts.
  sources = with_file("[http]\ntoken = \"fedcba9876543210fedc\"\n");
  sources.environment = {{"WAYBILL_CFG_HTTP__TOKEN_FILE", "tokens"}};
  const auto loaded = load_config(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->config.http.tokens, (std::vector<std::string>{"0123456789abcdef0123"}));
}

TEST_F(ConfigLoadTest, OnlySecretsHaveAFileKey) {
  expect_part(problem_of(with_file("[log]\nlevel_file = \"x\"\n")), "there is no key 'log.level_file'");
}

TEST_F(ConfigLoadTest, ListsAreArraysInAFileAndCommasElsewhere) {
  auto sources = with_file("[mail]\nmore_routes = [\"a/b\", \"c/d\"]\n");
  auto loaded = load_config(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->config.mail.more_routes, (std::vector<Route>{{"a", "b"}, {"c", "d"}}));
  sources.environment = {{"WAYBILL_CFG_MAIL__MORE_ROUTES", "e/f, g/h"}};
  loaded = load_config(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->config.mail.more_routes, (std::vector<Route>{{"e", "f"}, {"g", "h"}}));
}

TEST_F(ConfigLoadTest, CrossChecksRunOnWhatIsEffective) {
  auto sources = with_file("[publish]\ngrace = \"1s\"\n");
  expect_part(problem_of(sources), "publish.confirm_deadline 900ms is not less than half of publish.grace 1s");
  sources.flags = {{"publish.confirm_deadline", "400ms", "--set"}};
  EXPECT_EQ(problem_of(sources), "(no problem)");
}

TEST_F(ConfigLoadTest, VariablesOfTheProcessAreFoundByTheirPrefix) {
  ::setenv("WAYBILL_CFG_LOG__FORMAT", "json", 1);
  const auto found = config_environment();
  ::unsetenv("WAYBILL_CFG_LOG__FORMAT");
  EXPECT_EQ(found, (std::vector<std::pair<std::string, std::string>>{{"WAYBILL_CFG_LOG__FORMAT", "json"}}));
  EXPECT_EQ(variable_for("http.max_body"), "WAYBILL_CFG_HTTP__MAX_BODY");
}

TEST_F(ConfigLoadTest, EveryDefaultOfTheTableIsAcceptedByItsOwnParser) {
  for (const ConfigKey& key : config_keys()) {
    Config config;
    EXPECT_TRUE(key.assign(config, std::string(key.fallback)).ok()) << key.name;
    EXPECT_FALSE(key.help.empty()) << key.name;
    EXPECT_EQ(find_config_key(key.name), &key) << "declared twice: " << key.name;
  }
}

TEST_F(ConfigLoadTest, ABrokerIsNamedByItsUrl) {
  const auto loaded =
      load_config(with_file("[broker]\nurl = 'amqps://u:p@one,two:5673/v'\nqueue_type = 'classic'\n"
                            "tls_ca = 'ca.pem'\npassword = 'secret'\n"));
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_FALSE(loaded->config.broker.in_process());
  EXPECT_EQ(loaded->config.broker.url, "amqps://u:p@one,two:5673/v");
  EXPECT_EQ(loaded->config.broker.password, "secret");
  EXPECT_TRUE(loaded->config.broker.classic_queues);
}

TEST_F(ConfigLoadTest, TheBareWordMeansWhatTheEnvironmentNames) {
  ::unsetenv("WAYBILL_RABBITMQ");
  expect_part(problem_of(with_file("[broker]\nurl = 'rabbitmq'\n")), "WAYBILL_RABBITMQ names, which is not set");
  ::setenv("WAYBILL_RABBITMQ", "amqp://h:1/v", 1);
  const auto loaded = load_config(with_file("[broker]\nurl = 'rabbitmq'\n"));
  ::unsetenv("WAYBILL_RABBITMQ");
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->config.broker.url, "amqp://h:1/v");
}

TEST_F(ConfigLoadTest, ABrokerThatIsNoneIsRefusedWithoutItsPassword) {
  expect_part(problem_of(with_file("[broker]\nurl = 'carrier-pigeon'\n")), "write inprocess, rabbitmq, amqp://");
  const auto problem = problem_of(with_file("[broker]\nurl = 'amqp://u:secret@host:x/v'\n"));
  expect_part(problem, "port from 1 to 65535");
  EXPECT_EQ(problem.find("secret"), std::string::npos);
}

TEST_F(ConfigLoadTest, QueuesThatLoseMessagesAreRefusedWithTheReason) {
  for (const char* type : {"classic-v2", "mirrored", "priority", "drop-head", "transient", "stream"}) {
    const auto problem = problem_of(with_file(std::string("[broker]\nqueue_type = '") + type + "'\n"));
    expect_part(problem, std::string(type) + ": ");
    expect_part(problem, "write quorum or classic");
  }
  expect_part(problem_of(with_file("[broker]\nqueue_type = 'quick'\n")), "'quick' is not a type of queue");
}

}  // namespace
}  // namespace waybill::app
