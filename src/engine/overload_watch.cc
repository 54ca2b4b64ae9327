#include "engine/overload_watch.h"

#include <chrono>

#include "base/log.h"

namespace waybill {
namespace {

constexpr const char* kComponent = "intake";

}  // namespace

OverloadWatch::OverloadWatch(Loop& loop) : loop_(loop), timer_(loop, [this] { look(); }) {}

void OverloadWatch::on_refused() {
  last_ = loop_.now();
  ++refused_;
  if (begun_) return;
  begun_ = last_;
  log_event(LogLevel::kWarning, kComponent, "overload: messages are refused, too many wait for the message log");
  timer_.arm(last_ + kCalm);
}

void OverloadWatch::look() {
  const MonoTime calm = last_ + kCalm;
  if (loop_.now() < calm) return timer_.arm(calm);
  log_event(LogLevel::kInfo, kComponent, "the overload is over",
            {{"refused", refused_}, {"lasted_ms", std::chrono::duration_cast<Duration>(last_ - *begun_)}});
  begun_.reset();
  refused_ = 0;
}

}  // namespace waybill
