// Ctrl-C during long work: it is noted, so that the work ends in good order and tells what was done. A second one ends
// the program.
#pragma once

#include "base/time.h"

namespace waybill::cli {

/// One at a time, on the main thread; SIGINT and SIGTERM are noted while it lives.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  [[nodiscard]] bool asked() const;
  /// Waits so long; false, and sooner, if it was asked.
  [[nodiscard]] bool pause(Duration time) const;
};

}  // namespace waybill::cli
