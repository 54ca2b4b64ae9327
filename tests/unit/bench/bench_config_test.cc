#include "bench/bench_config.h"

#include <gtest/gtest.h>

namespace waybill::bench {
namespace {

TEST(BenchConfigTest, NoPlaceOfTheUsersIsUsed) {
  app::ConfigSources sources;
  sources.file = "/dev/null";
  sources.environment = {{"WAYBILL_CFG_MESSAGE_LOG__URL", "sqlite:/precious/waybill.db"},
                         {"WAYBILL_CFG_MAIL__JOURNAL", "/precious/journal"},
                         {"WAYBILL_CFG_MAIL__SMTP__RELAYS", "smtps://user@mail.example.org"},
                         {"WAYBILL_CFG_MAIL__SMTP__PASSWORD", "secret"}};
  for (const char* key : {"data.dir", "mail.maildir"}) sources.flags.push_back({key, "/precious", "--set"});
  sources.flags.push_back({"http.listen", "127.0.0.1:8420", "--listen"});
  const auto config = load_in(sources, {"/bench", "", ""});
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->data.dir, "/bench");
  EXPECT_EQ(config->message_log.sqlite_file, "/bench/waybill.db");
  EXPECT_EQ(config->mail.maildir, "/bench/mail");
  EXPECT_EQ(config->mail.journal, "");
  EXPECT_TRUE(config->mail.smtp.relays.empty()) << "a benchmark's mail goes to nobody";
  EXPECT_EQ(config->http.listen.port, 0);
}

TEST(BenchConfigTest, TheRestIsAsConfigured) {
  app::ConfigSources sources;
  sources.file = "/dev/null";
  sources.flags.push_back({"worker.max_concurrency", "33", "--set"});
  const auto config = load_in(sources, {"/bench", "", ""});
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->worker.max_concurrency, 33);
}

TEST(BenchConfigTest, WhatIsWrongIsTold) {
  app::ConfigSources sources;
  sources.file = "/dev/null";
  sources.flags.push_back({"no.such", "1", "--set"});
  EXPECT_FALSE(load_in(sources, {"/bench", "", ""}).ok());
}

}  // namespace
}  // namespace waybill::bench
