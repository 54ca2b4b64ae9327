#include "mail/smtp/rate_limit.h"

#include <algorithm>
#include <chrono>

namespace waybill::smtp {

RateLimit::RateLimit(double per_second) {
  if (per_second <= 0) return;
  interval_ = std::chrono::duration_cast<Step>(std::chrono::duration<double>(1 / per_second));
  tolerance_ = std::max(Step(std::chrono::seconds(1)) - interval_, Step(0));
}

void RateLimit::take(MonoTime now) {
  if (interval_ == Step(0)) return;
  full_at_ = std::max(full_at_, now) + interval_;
}

}  // namespace waybill::smtp
