// Who looks on while a benchmark runs: shows on stderr how far it is, and knows when it is to end early.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace waybill::bench {

class RunWatch {
 public:
  RunWatch();

  /// One thread; as often as it likes. On a terminal one line that is rewritten, elsewhere a line every few seconds.
  /// `total` 0: not known.
  void tell(std::string_view what, std::int64_t done, std::int64_t total);
  /// Removes the line of a terminal, so that something else can be written.
  void clear();

  /// Any thread.
  void interrupt() { interrupted_ = true; }
  [[nodiscard]] bool interrupted() const { return interrupted_; }

 private:
  const bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point told_;
  std::atomic<bool> interrupted_ = false;
};

}  // namespace waybill::bench
