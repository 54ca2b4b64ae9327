// What many measured values say together.
#pragma once

#include <cstddef>
#include <vector>

namespace waybill::bench {

/// In the unit of the values.
struct Spread {
  double p50 = 0;
  double p99 = 0;
  double max = 0;
};

/// By nearest rank: the smallest value that at least `share` (0 to 1) of all do not exceed; so it is one of them.
/// 0 if there are none. Puts `values` into another order.
[[nodiscard]] double percentile(std::vector<double>& values, double share);

/// All zero if there are none.
[[nodiscard]] Spread spread_of(std::vector<double> values);

}  // namespace waybill::bench
