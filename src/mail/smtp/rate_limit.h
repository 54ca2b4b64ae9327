// So many a second, evenly, with one second's worth at once (GCRA). Pure; one thread.
#pragma once

#include "base/time.h"

namespace waybill::smtp {

class RateLimit {
 public:
  /// 0: without limit.
  explicit RateLimit(double per_second);
  /// When one more is allowed; `now` or earlier: at once.
  [[nodiscard]] MonoTime next() const { return full_at_ - tolerance_; }
  void take(MonoTime now);

 private:
  using Step = MonoTime::duration;
  Step interval_{};
  Step tolerance_{};
  MonoTime full_at_{};  // when all that was taken has been earned
};

}  // namespace waybill::smtp
