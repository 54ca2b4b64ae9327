// Deliberately wrong message logs, of which the suite must refuse every one: the memory log with one guard dropped, and
// decorators that spoil what passes through them.
#pragma once

#include <string>
#include <vector>

#include "tests/contract/log_suite.h"

namespace waybill::contract {

struct WrongLog {
  std::string name;
  LogFactory factory;
};
/// One for each mutation of the memory log.
[[nodiscard]] std::vector<WrongLog> mutated_logs();
/// One for each way of spoiling a right log.
[[nodiscard]] std::vector<WrongLog> spoiled_logs();
/// A decorator that spoils nothing, which the suite must accept.
[[nodiscard]] LogFactory unspoiled_log();

}  // namespace waybill::contract
