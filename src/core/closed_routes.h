// The routes whose target takes nothing at present (engine/route_breaker.h): nothing is wanted of them, or one row as a
// probe.
#pragma once

#include <memory>
#include <vector>

#include "core/names.h"

namespace waybill {

/// Immutable once built, because it is shared by the engine and the log's writes. There may be thousands: looking one
/// up costs no more than a search in a sorted list.
class ClosedRoutes {
 public:
  enum class Gate {
    kOpen,
    kProbe,   ///< closed, but one row is wanted
    kClosed,  ///< left alone
  };

  ClosedRoutes() = default;
  /// A route in both lists is a probe.
  ClosedRoutes(std::vector<Route> closed, std::vector<Route> probes);

  [[nodiscard]] Gate gate(const Route& route) const;
  /// Both are sorted.
  [[nodiscard]] const std::vector<Route>& closed() const { return closed_; }
  [[nodiscard]] const std::vector<Route>& probes() const { return probes_; }

 private:
  std::vector<Route> closed_;
  std::vector<Route> probes_;
};

/// As a write carries them; null: every route is open.
using SharedClosedRoutes = std::shared_ptr<const ClosedRoutes>;
[[nodiscard]] inline ClosedRoutes::Gate gate_of(const SharedClosedRoutes& routes, const Route& route) {
  return routes ? routes->gate(route) : ClosedRoutes::Gate::kOpen;
}

}  // namespace waybill
