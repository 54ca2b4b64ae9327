// Many verbs on few rows, drawn at random: what every single case leaves out.
#pragma once

#include <cstdint>

#include "tests/contract/log_harness.h"

namespace waybill::contract {

/// Drives the rows of an empty log through hundreds of commits and compares the statistics with the rows themselves
/// after each. A violation names the seed.
void walk_at_random(LogHarness& h, std::uint64_t seed);

}  // namespace waybill::contract
