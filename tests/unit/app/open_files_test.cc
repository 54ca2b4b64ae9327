#include "app/open_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace waybill::app {
namespace {

/// Puts the soft limit back as it was.
class OpenFilesTest : public ::testing::Test {
 protected:
  OpenFilesTest() { ::getrlimit(RLIMIT_NOFILE, &before_); }
  ~OpenFilesTest() override { ::setrlimit(RLIMIT_NOFILE, &before_); }

  void set_soft(rlim_t soft) {
    const rlimit limit{soft, before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  static rlim_t soft() {
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    return now.rlim_cur;
  }

  rlimit before_{};
};

TEST_F(OpenFilesTest, TheSoftLimitIsRaisedToWhatIsNeeded) {
  set_soft(100);
  EXPECT_EQ(allow_open_files(120), 120U);
  EXPECT_EQ(soft(), 120U);
}

TEST_F(OpenFilesTest, ItIsNeverLowered) {
  set_soft(100);
  EXPECT_EQ(allow_open_files(50), 100U);
  EXPECT_EQ(soft(), 100U);
}

TEST_F(OpenFilesTest, TheHardLimitIsTheEnd) {
  if (before_.rlim_max == RLIM_INFINITY) before_.rlim_max = before_.rlim_cur;
  set_soft(100);
  EXPECT_EQ(allow_open_files(before_.rlim_max + 1), before_.rlim_max);
  EXPECT_EQ(soft(), before_.rlim_max);
}

TEST_F(OpenFilesTest, EveryConnectionAndHandlerIsCounted) {
  Config config;
  config.http.max_connections = 4'096;
  config.worker.max_concurrency = 16;
  const auto needed = open_files_needed(config);
  EXPECT_GT(needed, 4'096U + 16U);
  config.http.max_connections += 10;
  EXPECT_EQ(open_files_needed(config), needed + 10);
  config.worker.max_concurrency += 1;
  EXPECT_GT(open_files_needed(config), needed + 10);
  const auto before = open_files_needed(config);
  config.mail.smtp.relays = {"smtp://a.test", "smtp://b.test"};
  config.mail.smtp.max_connections = 8;
  EXPECT_EQ(open_files_needed(config), before + 16);
}

TEST_F(OpenFilesTest, ConnectionsGetWhatTheOthersLeave) {
  Config config;
  config.http.max_connections = 500;
  config.worker.max_concurrency = 16;
  const auto needed = open_files_needed(config);
  EXPECT_EQ(connections_within(config, needed).value(), 500);
  EXPECT_EQ(connections_within(config, needed + 1'000).value(), 500) << "never more than configured";
  const int fewer = connections_within(config, 200).value();
  EXPECT_GT(fewer, 50);
  config.http.max_connections = fewer;
  EXPECT_LE(open_files_needed(config), 200U);
  config.http.max_connections = fewer + 1;
  EXPECT_GT(open_files_needed(config), 200U);
}

TEST_F(OpenFilesTest, HardlyAnyConnectionsAreRefused) {
  Config config;
  config.http.max_connections = 500;
  config.worker.max_concurrency = 16;
  const auto refused = connections_within(config, 110);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().what, ErrorClass::kPermanent);
  EXPECT_NE(refused.error().message.find("only 110 files may be open"), std::string::npos);
  config.http.max_connections = 1;
  EXPECT_EQ(connections_within(config, open_files_needed(config)).value(), 1) << "one may be all that is wanted";
}

}  // namespace
}  // namespace waybill::app
