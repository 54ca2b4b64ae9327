// Snowflake ids: 41 bits of milliseconds since 2024-01-01Z, 10 bits of node, 12 bits of sequence. Increasing within a
// node, unique among nodes whose ids are leased through the log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace waybill {

inline constexpr WallTime kSnowflakeEpoch = from_millis(1'704'067'200'000);  // 2024-01-01T00:00:00Z
inline constexpr int kNodeIdMax = 1'023;

/// Draws ids for one node. One thread.
class Snowflake {
 public:
  /// A clock that stepped back by more than this makes the instance not ready; less is absorbed by staying on the last
  /// millisecond.
  static constexpr Duration kStepBackMax{5'000};

  explicit Snowflake(int node_id) : node_id_(node_id) {}

  /// Nothing if the clock stands before the epoch, or more than kStepBackMax before the last id drawn.
  [[nodiscard]] std::optional<std::int64_t> next(WallTime now);

 private:
  int node_id_;
  WallTime last_{kSnowflakeEpoch};
  int sequence_ = -1;
};

}  // namespace waybill
