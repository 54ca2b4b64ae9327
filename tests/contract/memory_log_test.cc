// The contract of the message log, held by the model in memory.
#include "tests/contract/log_suite.h"
#include "tests/contract/memory_log_under_test.h"

namespace waybill::contract {
namespace {

[[maybe_unused]] const bool kRegistered = register_log_suite("MemoryLog", make_memory_log);

}  // namespace
}  // namespace waybill::contract
