// Tells when intake begins to refuse messages for lack of room, and when that is over with how many there were: two
// lines, however many messages. On the loop.
#pragma once

#include <cstdint>
#include <optional>

#include "base/loop.h"

namespace waybill {

class OverloadWatch {
 public:
  static constexpr Duration kCalm{5'000};  ///< without a refusal: then it is over

  explicit OverloadWatch(Loop& loop);
  void on_refused();

 private:
  void look();

  Loop& loop_;
  Timer timer_;
  std::optional<MonoTime> begun_;
  MonoTime last_{};
  std::int64_t refused_ = 0;
};

}  // namespace waybill
