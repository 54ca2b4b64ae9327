#include <gtest/gtest.h>

#include <cstdio>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "tests/unit/bench/scratch_folder.h"

namespace waybill::cli {
namespace {

struct Ran {
  ExitCode code = ExitCode::kDone;
  std::string out;
  std::string err;
};

Ran run(std::vector<std::string> arguments) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Ran ran;
  ran.code = run_command_line(make_commands(), std::move(arguments));
  std::fflush(stdout);
  ran.out = ::testing::internal::GetCapturedStdout();
  ran.err = ::testing::internal::GetCapturedStderr();
  return ran;
}

// One sentence that names what is wrong; nothing was measured.
void expect_refused(const std::vector<std::string>& arguments, const std::string& named) {
  const auto ran = run(arguments);
  EXPECT_EQ(ran.code, ExitCode::kUsage) << named;
  EXPECT_NE(ran.err.find(named), std::string::npos) << ran.err;
  EXPECT_EQ(ran.out, "");
}

TEST(BenchCommandsTest, WhatIsNotThereIsNamedWithWhatIs) {
  expect_refused({"bench", "pipeline", "--log", "oracle"},
                 "--log: message_log.url: 'oracle' names no message log; write sqlite:FILE");
  expect_refused({"bench", "pipeline", "--broker", "pigeon"}, "'pigeon' names no broker; write inprocess, rabbitmq, ");
  expect_refused({"bench", "broker", "--broker", "inprocess"}, "--broker: this benchmark is about a RabbitMQ");
  expect_refused({"bench", "log", "--log", "oracle"}, "'oracle' names no message log");
}

TEST(BenchCommandsTest, NumbersHaveLimits) {
  expect_refused({"bench", "pipeline", "--size", "10"}, "--size");
  expect_refused({"bench", "pipeline", "--messages", "-1"}, "--messages");
  expect_refused({"bench", "pipeline", "--concurrency", "0"}, "--concurrency");
  expect_refused({"bench", "pipeline", "--rate", "fast"}, "--rate");
  expect_refused({"bench", "http", "--connections", "0"}, "--connections");
  expect_refused({"bench", "http", "--bulk", "1001"}, "--bulk");
  expect_refused({"bench", "http", "--seconds", "0"}, "--seconds");
  expect_refused({"bench", "log", "--batch", "0"}, "--batch");
  expect_refused({"bench", "idle", "--seconds", "0"}, "--seconds");
}

TEST(BenchCommandsTest, WhatDoesNotGoTogetherIsTold) {
  expect_refused({"bench", "pipeline", "--rate", "10", "--flood"}, "--flood");
  expect_refused({"bench", "pipeline", "--messages", "0"}, "--waiting");
}

TEST(BenchCommandsTest, ADirectoryOfSomebodyElseIsRefused) {
  const bench::ScratchFolder folder;
  std::fclose(std::fopen(folder.path("waybill.db").c_str(), "w"));
  expect_refused({"bench", "log", "--dir", folder.path(), "--allow-volatile"}, folder.path());
}

TEST(BenchCommandsTest, AWrongConfigurationIsTold) {
  expect_refused({"bench", "log", "--set", "worker.lease"}, "SECTION.KEY=VALUE");
  expect_refused({"bench", "log", "--set", "worker.lease=soon"}, "worker.lease");
}

TEST(BenchCommandsTest, HelpListsThem) {
  const auto ran = run({"help", "bench"});
  EXPECT_EQ(ran.code, ExitCode::kDone);
  for (const char* word : {"pipeline", "http", "log", "idle"}) EXPECT_NE(ran.out.find(word), std::string::npos) << word;
}

}  // namespace
}  // namespace waybill::cli
