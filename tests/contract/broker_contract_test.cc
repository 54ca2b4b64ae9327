// The contract of the broker, held by the adapters that need no server.
#include "tests/contract/broker_harnesses.h"
#include "tests/contract/broker_suite.h"

namespace waybill::contract {
namespace {

[[maybe_unused]] const bool kInProcess = register_broker_suite("InProcessBroker", {}, make_inprocess_harness);
[[maybe_unused]] const bool kSimulated = register_broker_suite("SimBroker", kSimCapabilities, make_sim_harness);

}  // namespace
}  // namespace waybill::contract
