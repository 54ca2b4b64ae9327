#include "tests/contract/broker_suite.h"

#include <gtest/gtest.h>

#include <utility>

namespace waybill::contract {
namespace {

class BrokerCaseTest final : public ::testing::Test {
 public:
  BrokerCaseTest(const BrokerCase& broker_case, MakeBrokerHarness make)
      : broker_case_(broker_case), make_(std::move(make)) {}

  void TestBody() override {
    try {
      run_case(broker_case_, *make_());
    } catch (const ContractViolation& violation) {
      FAIL() << violation.what();
    }
  }

 private:
  BrokerCase broker_case_;
  MakeBrokerHarness make_;
};

}  // namespace

std::vector<BrokerCase> broker_cases(const BrokerCapabilities& capabilities) {
  std::vector<BrokerCase> wanted;
  for (const auto& cases : {topology_cases(), publish_cases(), full_queue_cases(), delivery_cases(), settlement_cases(),
                            broken_session_cases()}) {
    for (const BrokerCase& one : cases) {
      if (one.needs == nullptr || capabilities.*one.needs) wanted.push_back(one);
    }
  }
  return wanted;
}

void run_case(const BrokerCase& broker_case, BrokerHarness& harness) {
  broker_case.run(harness);
  harness.settle();
  for (const std::string& violation : harness.violations()) throw ContractViolation(violation);
}

bool register_broker_suite(const char* adapter, const BrokerCapabilities& capabilities, MakeBrokerHarness make) {
  for (const BrokerCase& one : broker_cases(capabilities)) {
    ::testing::RegisterTest(adapter, one.name, nullptr, nullptr, __FILE__, __LINE__,
                            [one, make]() -> ::testing::Test* { return new BrokerCaseTest(one, make); });
  }
  return true;
}

}  // namespace waybill::contract
