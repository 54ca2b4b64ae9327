#include "cli/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "cli/commands.h"

namespace waybill::cli {
namespace {

// Notes what it was given instead of doing anything.
class NotingCommand final : public Command {
 public:
  explicit NotingCommand(std::string name) : name_(std::move(name)) {}
  std::string name() const override { return name_; }
  std::string summary() const override { return "Note " + name_; }
  std::vector<std::string> examples() const override { return {"waybill " + name_ + " 7"}; }
  std::vector<Option> options() override {
    return {{"ID", "The thing", &id, true},
            {"--to", "Somebody", &to, false, "ADDRESS"},
            {"--limit", "At most", BoundedInt{&limit, 1, 10}},
            {"--json", "As JSON", &json}};
  }
  ExitCode run() override {
    ran = true;
    return ExitCode::kForbidden;
  }

  std::string id;
  std::vector<std::string> to;
  int limit = 5;
  bool json = false;
  bool ran = false;

 private:
  std::string name_;
};

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    commands_.push_back(std::make_unique<NotingCommand>("note"));
    commands_.push_back(std::make_unique<NotingCommand>("group note"));
  }

  ExitCode run(std::vector<std::string> arguments) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const auto code = run_command_line(commands_, std::move(arguments));
    std::fflush(stdout);
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return code;
  }
  NotingCommand& note(std::size_t at = 0) { return static_cast<NotingCommand&>(*commands_[at]); }

  std::vector<std::unique_ptr<Command>> commands_;
  std::string out_;
  std::string err_;
};

TEST_F(CommandLineTest, TheNamedCommandRunsWithItsOptions) {
  EXPECT_EQ(run({"note", "--to", "a@x", "7", "--to", "b@x", "--limit", "3", "--json"}), ExitCode::kForbidden);
  EXPECT_TRUE(note().ran);
  EXPECT_EQ(note().id, "7");
  EXPECT_EQ(note().to, (std::vector<std::string>{"a@x", "b@x"}));
  EXPECT_EQ(note().limit, 3);
  EXPECT_TRUE(note().json);
  EXPECT_FALSE(note(1).ran);
}

TEST_F(CommandLineTest, AGroupsCommandIsFoundBelowIt) {
  EXPECT_EQ(run({"group", "note", "8"}), ExitCode::kForbidden);
  EXPECT_FALSE(note(0).ran);
  EXPECT_EQ(note(1).id, "8");
}

TEST_F(CommandLineTest, WhatIsWrongIsSaidInOneLineAndNothingRuns) {
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{{},
                                                                                     {"fly"},
                                                                                     {"note"},
                                                                                     {"note", "7", "8"},
                                                                                     {"note", "7", "--fly"},
                                                                                     {"note", "7", "--limit", "11"},
                                                                                     {"note", "7", "--limit", "x"},
                                                                                     {"group"},
                                                                                     {"group", "fly"},
                                                                                     {"help", "fly"},
                                                                                     {"--fly"}}) {
    EXPECT_EQ(run(wrong), ExitCode::kUsage);
    EXPECT_TRUE(err_.starts_with("waybill: ")) << err_;
    EXPECT_EQ(std::count(err_.begin(), err_.end(), '\n'), 1) << err_;
    EXPECT_EQ(out_, "");
  }
  EXPECT_FALSE(note(0).ran);
  EXPECT_FALSE(note(1).ran);
}

TEST_F(CommandLineTest, HelpExplainsTheProgramAndEachCommand) {
  EXPECT_EQ(run({"help"}), ExitCode::kDone);
  EXPECT_NE(out_.find("Note note"), std::string::npos);
  EXPECT_NE(out_.find("Exit codes: 0 done"), std::string::npos);
  const std::string whole = out_;
  EXPECT_EQ(run({"--help"}), ExitCode::kDone);
  EXPECT_EQ(out_, whole);

  EXPECT_EQ(run({"help", "group", "note"}), ExitCode::kDone);
  EXPECT_NE(out_.find("waybill group note [OPTIONS]"), std::string::npos) << out_;
  EXPECT_NE(out_.find("Examples:\n  waybill group note 7"), std::string::npos) << out_;
  const std::string part = out_;
  EXPECT_EQ(run({"group", "note", "--help"}), ExitCode::kDone);
  EXPECT_EQ(out_, part);
  EXPECT_EQ(err_, "");
  EXPECT_FALSE(note(1).ran);
}

TEST(CommandsTest, EveryCommandHasASummaryExamplesThatNameItAndExplainedOptions) {
  for (const auto& command : make_commands()) {
    EXPECT_FALSE(command->summary().empty()) << command->name();
    EXPECT_FALSE(command->examples().empty()) << command->name();
    for (const auto& example : command->examples()) {
      EXPECT_NE(example.find("waybill " + command->name()), std::string::npos) << example;
    }
    for (const auto& option : command->options()) EXPECT_FALSE(option.help.empty()) << option.name;
  }
}

TEST(CommandsTest, VersionIsPrintedByCommandAndFlag) {
  for (const std::string word : {"version", "--version"}) {
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(run_command_line(make_commands(), {word}), ExitCode::kDone);
    std::fflush(stdout);
    EXPECT_TRUE(::testing::internal::GetCapturedStdout().starts_with("waybill 0."));
  }
}

}  // namespace
}  // namespace waybill::cli
