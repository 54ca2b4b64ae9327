// When work that can wait should begin: once little is written to the log, but not for ever later.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace waybill::app {

/// Asked every `kQuietLook`. One thread.
class QuietMoment {
 public:
  static constexpr Duration kQuietLook{1'000};
  /// Flushes between two looks: an idle instance does a few, one request at a time does hundreds.
  static constexpr std::uint64_t kQuietFlushes = 20;
  static constexpr Duration kLatest{600'000};

  explicit QuietMoment(MonoTime now) : latest_(now + kLatest) {}

  /// True if it has come. `flushes`: of the log so far, by whatever wants to go first.
  [[nodiscard]] bool come(std::uint64_t flushes, MonoTime now) {
    const bool quiet = before_ && flushes - *before_ < kQuietFlushes;
    before_ = flushes;
    return quiet || now >= latest_;
  }

 private:
  const MonoTime latest_;
  std::optional<std::uint64_t> before_;
};

}  // namespace waybill::app
