#include "core/snowflake.h"

namespace waybill {

std::optional<std::int64_t> Snowflake::next(WallTime now) {
  constexpr int kSequenceMax = 4'095;
  if (now < kSnowflakeEpoch || now + kStepBackMax < last_) return std::nullopt;
  if (now > last_) {
    last_ = now;
    sequence_ = -1;
  }
  if (sequence_ == kSequenceMax) {
    // Borrowing from the next millisecond keeps a burst going; the borrowed time is bounded as a step back is.
    if (last_ + Duration{1} - now > kStepBackMax) return std::nullopt;
    last_ += Duration{1};
    sequence_ = -1;
  }
  ++sequence_;
  const auto millis = (last_ - kSnowflakeEpoch).count();
  return (millis << 22) | (static_cast<std::int64_t>(node_id_) << 12) | sequence_;
}

}  // namespace waybill
