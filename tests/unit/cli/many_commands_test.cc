// The command line of what works on many messages: what it refuses before it asks anybody.
#include <gtest/gtest.h>

#include <cstdio>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "tests/unit/cli/fake_server.h"

namespace waybill::cli {
namespace {

Printed run(const std::vector<std::string>& arguments) {
  return printed([&] { return run_command_line(make_commands(), arguments); });
}

TEST(ManyCommands, AMessageIsNamedOrManyAreChosenNotBoth) {
  for (const char* command : {"retry", "cancel"}) {
    for (const std::vector<std::string>& more : {std::vector<std::string>{},
                                                 {"7", "--status", "dead"},
                                                 {"--limit", "5", "--yes"},
                                                 {"--status", "lost"},
                                                 {"--since", "yesterday"},
                                                 {"--queue", "a", "--queue", "b"},
                                                 {"--status", "dead", "--limit", "0"},
                                                 {"--status", "dead", "--rate", "0"},
                                                 {"--status", "dead", "--rate", "fast"}}) {
      std::vector<std::string> arguments = {command, "--server", "http://127.0.0.1:1"};
      arguments.insert(arguments.end(), more.begin(), more.end());
      const auto refused = run(arguments);
      EXPECT_EQ(refused.code, ExitCode::kUsage) << command << " " << (more.empty() ? "" : more[0]);
      EXPECT_TRUE(refused.err.starts_with("waybill: ")) << refused.err;
    }
  }
}

TEST(ManyCommands, WhatIsMissingOrWrongIsSaid) {
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"prune"},
        {"prune", "--older-than", "long"},
        {"reschedule", "7"},
        {"reschedule", "7", "--at", "soon"},
        {"reschedule", "--at", "2026-01-31T08:00:00Z"},
        {"list", "--limit", "0"},
        {"list", "--since", "soon"},
        {"send", "--ndjson"},
        {"send", "--file", "x.ndjson", "--subject", "s"},
        {"send", "--file", "/nowhere/x.jsonl"},
        {"send", "--file", "x.ndjson", "--idempotency-key", std::string(201, 'k')}}) {
    std::vector<std::string> arguments = wrong;
    arguments.insert(arguments.end(), {"--server", "http://127.0.0.1:1"});
    const auto refused = run(arguments);
    EXPECT_EQ(refused.code, ExitCode::kUsage) << wrong[0] << refused.err;
    EXPECT_FALSE(refused.err.empty());
  }
}

TEST(ManyCommands, WithoutAServerTheySaySo) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"retry", "--status", "dead"},
                                                  {"cancel", "--queue", "", "--since", "1h"},
                                                  {"prune", "--older-than", "1d"},
                                                  {"list", "--queue", "q", "--limit", "2000"},
                                                  {"reschedule", "7", "--at", "2026-01-31T08:00:00Z"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--server", "http://127.0.0.1:1"});
    EXPECT_EQ(run(arguments).code, ExitCode::kUnreachable) << command[0];
  }
}

}  // namespace
}  // namespace waybill::cli
