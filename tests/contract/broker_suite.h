// The contract of the broker port as plain functions, so that every adapter can be held to it and deliberately wrong
// adapters can be shown to fail it. An adapter joins in a test file of its own (library waybill_broker_suite):
//
//   const bool registered = register_broker_suite("RabbitMq", {.takes_turns = false}, make_rabbitmq_harness);
//
// Every case then is a GoogleTest case of that name (`RabbitMq.UnroutableIsReturnedBeforeItsAck`) on a fresh harness.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "ports/broker.h"
#include "tests/contract/broker_harness.h"
#include "tests/contract/contract_check.h"

namespace waybill::contract {

/// One promise of the port. `run` throws ContractViolation if it is broken.
struct BrokerCase {
  const char* name;
  void (*run)(BrokerHarness& harness);
  /// Which capability it needs; null: none.
  bool BrokerCapabilities::*needs = nullptr;
};

/// Every case that an adapter with these capabilities must pass.
[[nodiscard]] std::vector<BrokerCase> broker_cases(const BrokerCapabilities& capabilities);

/// Runs one case on a fresh harness, and then holds the adapter to the rules on events that hold in every case: one at
/// a time per session, never from inside a call, none after the session's end. Throws ContractViolation.
void run_case(const BrokerCase& broker_case, BrokerHarness& harness);

using MakeBrokerHarness = std::function<std::unique_ptr<BrokerHarness>()>;
/// Registers every case that an adapter with these capabilities must pass with GoogleTest, as `adapter`.`case`. Before
/// main; always true.
bool register_broker_suite(const char* adapter, const BrokerCapabilities& capabilities, MakeBrokerHarness make);

// By file.
[[nodiscard]] std::vector<BrokerCase> topology_cases();
[[nodiscard]] std::vector<BrokerCase> publish_cases();
[[nodiscard]] std::vector<BrokerCase> full_queue_cases();
[[nodiscard]] std::vector<BrokerCase> delivery_cases();
[[nodiscard]] std::vector<BrokerCase> settlement_cases();
[[nodiscard]] std::vector<BrokerCase> broken_session_cases();

}  // namespace waybill::contract
