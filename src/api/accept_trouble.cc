#include "api/accept_trouble.h"

#include <chrono>
#include <string_view>

#include "base/log.h"

namespace waybill::api {
namespace {

constexpr std::string_view kComponent = "http";

Duration millis(MonoTime::duration time) { return std::chrono::duration_cast<Duration>(time); }

}  // namespace

void AcceptTrouble::on_failure(const std::string& error, MonoTime now) {
  last_ = now;
  ++failures_;
  if (!begun_) {
    begun_ = told_ = now;
    log_event(LogLevel::kWarning, kComponent, "cannot accept connections: they wait", {{"error", error}});
  } else if (now - told_ >= kTellEvery) {
    told_ = now;
    log_event(LogLevel::kWarning, kComponent, "still cannot accept connections",
              {{"error", error}, {"failures", failures_}, {"for_ms", millis(now - *begun_)}});
  }
}

void AcceptTrouble::on_tick(MonoTime now) {
  if (!begun_ || now - last_ < kCalm) return;
  log_event(LogLevel::kInfo, kComponent, "accepts connections again",
            {{"failures", failures_}, {"after_ms", millis(last_ - *begun_)}});
  begun_.reset();
  failures_ = 0;
}

}  // namespace waybill::api
