// The suite is worth something only if wrong logs fail it: each one here must be caught by some case.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "tests/contract/log_harness.h"
#include "tests/contract/wrong_logs.h"

namespace waybill::contract {
namespace {

std::string name_of(const ::testing::TestParamInfo<WrongLog>& info) { return info.param.name; }

// GoogleTest would print a parameter byte by byte.
[[maybe_unused]] void PrintTo(const WrongLog& log, std::ostream* out) { *out << log.name; }

/// The first case that a log does not pass, with what it found.
std::optional<std::string> first_violation(const LogFactory& factory) {
  for (const LogCase& log_case : log_cases()) {
    try {
      run_log_case(log_case, factory);
    } catch (const ContractViolation& violation) {
      return std::string(log_case.name) + ": " + violation.what();
    }
  }
  return std::nullopt;
}

class AWrongLog : public ::testing::TestWithParam<WrongLog> {};

TEST_P(AWrongLog, IsCaughtByTheSuite) {
  const auto violation = first_violation(GetParam().factory);
  ASSERT_TRUE(violation.has_value()) << "no case notices a log that " << GetParam().name;
  RecordProperty("caught_by", *violation);
  std::cout << "caught by " << *violation << '\n';
}

INSTANTIATE_TEST_SUITE_P(Mutated, AWrongLog, ::testing::ValuesIn(mutated_logs()), name_of);
INSTANTIATE_TEST_SUITE_P(Spoiled, AWrongLog, ::testing::ValuesIn(spoiled_logs()), name_of);

// The generated case must notice by itself every guard whose absence leads where the table has no arrow.
TEST(TheGeneratedCase, CatchesWhatLeavesTheTable) {
  std::vector<std::string> caught;
  for (const WrongLog& log : mutated_logs()) {
    try {
      for (const LogCase& log_case : table_cases()) run_log_case(log_case, log.factory);
    } catch (const ContractViolation&) {
      caught.push_back(log.name);
    }
  }
  for (const char* name :
       {"refuse_open_attempt", "late_confirm_overwrites_consumed", "lost_takes_claimed", "claim_grants_open_attempt",
        "claim_grants_on_hold", "renew_leaves_lapsed", "finish_without_fencing", "finish_done_only_open_attempt",
        "late_done_overwrites_dead", "cancel_open_attempt", "replay_consumed_without_again", "resolve_any_state",
        "prune_takes_dead", "crash_limit_ignored", "hold_policy_ignored", "append_overwrites_duplicate"}) {
    EXPECT_TRUE(std::ranges::find(caught, name) != caught.end()) << name;
  }
}

TEST(ARightLogBehindADecorator, PassesTheSuite) {
  EXPECT_EQ(first_violation(unspoiled_log()).value_or("no violation"), "no violation");
}

}  // namespace
}  // namespace waybill::contract
