#include "bench/rate_curve.h"

#include <algorithm>

#include "bench/statistics.h"

namespace waybill::bench {

RateCurve::RateCurve(Duration longest) : slots_(static_cast<std::size_t>(longest / kSlot) + 1) {}

void RateCurve::add(MonoTime when) {
  const auto slot = static_cast<std::size_t>(std::max<std::int64_t>(0, (when - begin_) / kSlot));
  ++slots_[std::min(slot, slots_.size() - 1)];
}

std::optional<Duration> RateCurve::first() const {
  const auto found = std::find_if(slots_.begin(), slots_.end(), [](const auto& count) { return count > 0; });
  if (found == slots_.end()) return std::nullopt;
  return kSlot * (found - slots_.begin() + 1);
}

std::optional<Duration> RateCurve::reached(double share) const {
  const auto busy = [](const auto& count) { return count > 0; };
  const auto begin = std::find_if(slots_.begin(), slots_.end(), busy);
  const auto end = std::find_if(slots_.rbegin(), slots_.rend(), busy).base();
  std::vector<double> counts;
  for (auto slot = begin; slot < end; ++slot) counts.push_back(*slot);
  const double usual = percentile(counts, 0.5);
  const auto found = std::find_if(begin, slots_.end(), [&](const auto& count) { return count >= share * usual; });
  if (counts.empty() || found == slots_.end()) return std::nullopt;
  return kSlot * (found - slots_.begin() + 1);
}

}  // namespace waybill::bench
