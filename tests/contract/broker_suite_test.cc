// The suite itself under test: it must fail on every wrong adapter, by the case that was written for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/contract/broker_harnesses.h"
#include "tests/contract/broker_suite.h"
#include "tests/contract/wrong_brokers.h"

namespace waybill::contract {
namespace {

std::vector<WrongBroker> all_wrong_brokers() {
  auto all = brokers_that_publish_wrongly();
  for (const auto& more : {brokers_that_deliver_wrongly(), brokers_that_settle_wrongly()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

std::vector<BrokerCase> all_cases() { return broker_cases(kSimCapabilities); }

/// The names of the cases that fail on it.
std::vector<std::string> caught_by(const WrongBroker& wrong) {
  std::vector<std::string> failed;
  for (const BrokerCase& promise : all_cases()) {
    const auto harness = make_wrapped_sim_harness(wrong.wrap);
    try {
      run_case(promise, *harness);
    } catch (const ContractViolation&) {
      failed.emplace_back(promise.name);
    }
  }
  return failed;
}

class BrokerSuite : public testing::TestWithParam<WrongBroker> {};

TEST_P(BrokerSuite, Catches) {
  const auto failed = caught_by(GetParam());
  std::string names;
  for (const auto& name : failed) names += " " + name;
  RecordProperty("caught_by", names);
  EXPECT_TRUE(std::count(failed.begin(), failed.end(), GetParam().caught_by) == 1)
      << GetParam().caught_by << " did not fail; these did:" << names;
}

INSTANTIATE_TEST_SUITE_P(WrongBrokers, BrokerSuite, testing::ValuesIn(all_wrong_brokers()),
                         [](const auto& wrong) { return std::string(wrong.param.name); });

TEST(BrokerSuite, HasNoCaseThatCatchesNothing) {
  std::set<std::string> useful;
  for (const WrongBroker& wrong : all_wrong_brokers()) {
    for (const std::string& name : caught_by(wrong)) useful.insert(name);
  }
  for (const BrokerCase& promise : all_cases()) EXPECT_EQ(useful.count(promise.name), 1U) << promise.name;
}

TEST(BrokerSuite, PassesTheSameAdapterUnchanged) {
  for (const BrokerCase& promise : all_cases()) {
    const auto harness = make_sim_harness();
    EXPECT_NO_THROW(run_case(promise, *harness)) << promise.name;
  }
}

}  // namespace
}  // namespace waybill::contract
