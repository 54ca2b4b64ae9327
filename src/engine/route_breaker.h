// Publish backoff belongs to the route, not to the row: an unroutable, missing or full target closes its route, one row
// at a time probes it, and the first success opens it for all (protocol, section 3). One thread.
#pragma once

#include <map>

#include "base/time.h"
#include "core/closed_routes.h"
#include "core/names.h"

namespace waybill {

class RouteBreaker {
 public:
  enum class Admission { kOpen, kProbe, kClosed };

  RouteBreaker(Duration first, Duration longest) : first_(first), longest_(longest) {}

  /// May a row of this route be published now? `kProbe` makes it the one probe until it is answered.
  [[nodiscard]] Admission admit(const Route& route, MonoTime now);
  /// The broker took one. True if that opened the route.
  bool on_success(const Route& route);
  struct Refusal {
    Duration backoff;     ///< of the refused row
    bool closed = false;  ///< the route was open until now
  };
  /// The broker refused one. `chance` in [0, 1) jitters the backoff.
  [[nodiscard]] Refusal on_refusal(const Route& route, MonoTime now, double chance);
  /// A probe was not answered, or never left: another may try.
  void on_doubt(const Route& route);

  /// Routes of which nothing is wanted, and those that want one row as a probe; null while every route is open. Made
  /// anew only when it has changed: it is asked for with every take.
  using Survey = SharedClosedRoutes;
  [[nodiscard]] Survey survey(MonoTime now) const;
  [[nodiscard]] std::size_t closed_count() const { return closed_.size(); }

 private:
  struct Closed {
    int refusals = 0;
    MonoTime probe_at;
    bool probing = false;
  };
  /// Bounds the memory, and the time that a survey takes.
  static constexpr std::size_t kRoutesMax = 4'096;

  const Duration first_;
  const Duration longest_;
  std::map<Route, Closed> closed_;
  mutable Survey survey_;  // the last one made, of use until `survey_until_`
  mutable MonoTime survey_until_ = MonoTime::min();
};

}  // namespace waybill
