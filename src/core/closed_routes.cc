#include "core/closed_routes.h"

#include <algorithm>
#include <utility>

namespace waybill {

ClosedRoutes::ClosedRoutes(std::vector<Route> closed, std::vector<Route> probes)
    : closed_(std::move(closed)), probes_(std::move(probes)) {
  std::ranges::sort(closed_);
  std::ranges::sort(probes_);
}

ClosedRoutes::Gate ClosedRoutes::gate(const Route& route) const {
  if (std::ranges::binary_search(probes_, route)) return Gate::kProbe;
  return std::ranges::binary_search(closed_, route) ? Gate::kClosed : Gate::kOpen;
}

}  // namespace waybill
