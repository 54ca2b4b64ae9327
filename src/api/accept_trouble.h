// When no connection can be accepted (too many open files, no memory): told when it begins, once a minute while it
// lasts, and when it is over. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace waybill::api {

class AcceptTrouble {
 public:
  static constexpr Duration kTellEvery{60'000};
  static constexpr Duration kCalm{1'000};  ///< without a failure: then it is over

  void on_failure(const std::string& error, MonoTime now);
  /// Now and then while it lasts.
  void on_tick(MonoTime now);
  [[nodiscard]] bool lasts() const { return begun_.has_value(); }

 private:
  std::optional<MonoTime> begun_;
  MonoTime last_{};
  MonoTime told_{};
  std::int64_t failures_ = 0;
};

}  // namespace waybill::api
