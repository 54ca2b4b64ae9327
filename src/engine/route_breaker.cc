#include "engine/route_breaker.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/retry_policy.h"

namespace waybill {
namespace {

constexpr MonoTime kOutdated = MonoTime::min();

}  // namespace

RouteBreaker::Admission RouteBreaker::admit(const Route& route, MonoTime now) {
  const auto found = closed_.find(route);
  if (found == closed_.end()) return Admission::kOpen;
  if (found->second.probing || now < found->second.probe_at) return Admission::kClosed;
  found->second.probing = true;
  survey_until_ = kOutdated;
  return Admission::kProbe;
}

bool RouteBreaker::on_success(const Route& route) {
  if (closed_.erase(route) == 0) return false;
  survey_until_ = kOutdated;
  return true;
}

RouteBreaker::Refusal RouteBreaker::on_refusal(const Route& route, MonoTime now, double chance) {
  const bool known = closed_.contains(route);
  // Beyond the bound a route only backs off row by row: slower for it, harmless for the others.
  if (!known && closed_.size() >= kRoutesMax) return {exponential_delay(longest_, longest_, 1, chance)};
  Closed& state = closed_[route];
  // Rows that were in flight when the route closed are refused too; they are no further evidence.
  if (!known || state.probing) ++state.refusals;
  const Duration backoff = exponential_delay(first_, longest_, state.refusals, chance);
  if (!known || state.probing) {
    state.probe_at = now + backoff;
    survey_until_ = kOutdated;
  }
  state.probing = false;
  return {backoff, !known};
}

void RouteBreaker::on_doubt(const Route& route) {
  const auto found = closed_.find(route);
  if (found == closed_.end() || !found->second.probing) return;
  found->second.probing = false;
  survey_until_ = kOutdated;
}

RouteBreaker::Survey RouteBreaker::survey(MonoTime now) const {
  if (now < survey_until_) return survey_;
  std::vector<Route> closed;
  std::vector<Route> probes;
  survey_until_ = MonoTime::max();
  for (const auto& [route, state] : closed_) {
    const bool waits = now < state.probe_at;
    (state.probing || waits ? closed : probes).push_back(route);
    if (!state.probing && waits) survey_until_ = std::min(survey_until_, state.probe_at);
  }
  survey_ = closed_.empty() ? nullptr : std::make_shared<const ClosedRoutes>(std::move(closed), std::move(probes));
  return survey_;
}

}  // namespace waybill
