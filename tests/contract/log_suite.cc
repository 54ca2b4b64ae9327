#include "tests/contract/log_suite.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/contract/log_harness.h"

namespace waybill::contract {
namespace {

std::vector<LogCase> collect() {
  std::vector<LogCase> all;
  for (const auto& part : {append_cases(),         key_cases(),        content_cases(),
                           take_cases(),           take_limit_cases(), foreign_cases(),
                           mark_cases(),           lost_cases(),       unusable_foreign_cases(),
                           claim_cases(),          attempt_cases(),    finish_cases(),
                           done_cases(),           lapse_cases(),      people_cases(),
                           replay_cases(),         told_lapse_cases(), dead_letter_cases(),
                           prune_cases(),          instance_cases(),   batch_cases(),
                           reader_cases(),         list_cases(),       count_cases(),
                           statistics_cases(),     table_cases(),      recipient_cases(),
                           recipient_rule_cases(), body_cases()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

class LogCaseTest final : public ::testing::Test {
 public:
  LogCaseTest(LogCase log_case, LogFactory factory) : log_case_(log_case), factory_(std::move(factory)) {}

 private:
  void TestBody() override {
    try {
      run_log_case(log_case_, factory_);
    } catch (const ContractViolation& violation) {
      FAIL() << violation.what();
    }
  }

  LogCase log_case_;
  LogFactory factory_;
};

}  // namespace

const std::vector<LogCase>& log_cases() {
  static const std::vector<LogCase> kCases = collect();
  return kCases;
}

void run_log_case(const LogCase& log_case, const LogFactory& factory) {
  LogHarness harness(factory);
  log_case.run(harness);
}

bool register_log_suite(const char* adapter, LogFactory factory) {
  for (const LogCase& log_case : log_cases()) {
    ::testing::RegisterTest(adapter, log_case.name, nullptr, nullptr, __FILE__, __LINE__,
                            [log_case, factory]() -> ::testing::Test* { return new LogCaseTest(log_case, factory); });
  }
  return true;
}

}  // namespace waybill::contract
