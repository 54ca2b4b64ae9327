#include "bench/statistics.h"

#include <algorithm>
#include <cmath>

namespace waybill::bench {

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const auto count = static_cast<double>(values.size());
  // Less a hair, because 0.99 * 100 is a little more than 99 in binary.
  const double rank = std::ceil(share * count - 1e-9);
  const auto index = static_cast<std::size_t>(std::clamp(rank, 1.0, count)) - 1;
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

Spread spread_of(std::vector<double> values) {
  return {percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)};
}

}  // namespace waybill::bench
