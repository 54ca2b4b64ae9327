#include "log/crash_points.h"

#include "base/fault_point.h"

namespace waybill {

void CrashPoints::note(const Write& write, const Answer& answer) {
  append_ = append_ || std::holds_alternative<Append>(write);
  finish_ = finish_ || std::holds_alternative<Finish>(write);
  if (const auto* taken = std::get_if<TakeAnswer>(&answer)) take_ = take_ || !taken->rows.empty();
  if (const auto* claimed = std::get_if<ClaimAnswer>(&answer)) {
    claim_ = claim_ || claimed->verdict == ClaimVerdict::kGranted;
  }
}

void CrashPoints::before_commit() const {
  if (append_) crash_point("before_append_commit");
  if (finish_) crash_point("before_finish_commit");
}

void CrashPoints::after_commit() const {
  if (append_) crash_point("after_append_commit");
  if (take_) crash_point("after_take_commit");
  if (claim_) crash_point("after_claim_commit");
  if (finish_) crash_point("after_finish_commit");
}

}  // namespace waybill
