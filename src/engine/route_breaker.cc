#include "engine/route_breaker.h"

#include "core/retry_policy.h"

namespace waybill {

RouteBreaker::Admission RouteBreaker::admit(const Route& route, MonoTime now) {
  const auto found = closed_.find(route);
  if (found == closed_.end()) return Admission::kOpen;
  if (found->second.probing || now < found->second.probe_at) return Admission::kClosed;
  found->second.probing = true;
  return Admission::kProbe;
}

RouteBreaker::Refusal RouteBreaker::on_refusal(const Route& route, MonoTime now, double chance) {
  const bool known = closed_.contains(route);
  // Beyond the bound a route only backs off row by row: slower for it, harmless for the others.
  if (!known && closed_.size() >= kRoutesMax) return {exponential_delay(longest_, longest_, 1, chance)};
  Closed& state = closed_[route];
  // Rows that were in flight when the route closed are refused too; they are no further evidence.
  if (!known || state.probing) ++state.refusals;
  const Duration backoff = exponential_delay(first_, longest_, state.refusals, chance);
  if (!known || state.probing) state.probe_at = now + backoff;
  state.probing = false;
  return {backoff, !known};
}

void RouteBreaker::on_doubt(const Route& route) {
  if (const auto found = closed_.find(route); found != closed_.end()) found->second.probing = false;
}

RouteBreaker::Survey RouteBreaker::survey(MonoTime now) const {
  Survey survey;
  for (const auto& [route, state] : closed_) {
    (state.probing || now < state.probe_at ? survey.closed : survey.probes).push_back(route);
  }
  return survey;
}

}  // namespace waybill
