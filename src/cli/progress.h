// A bar on the terminal while long work runs. Goes to stderr, and only if that is a terminal.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace waybill::cli {

/// One thread.
class Progress {
 public:
  /// `total` 0: not known. Work that ends within half a second shows nothing.
  Progress(std::string what, std::int64_t total);
  /// Where the text goes, for tests.
  Progress(std::string what, std::int64_t total, std::function<void(std::string_view)> out, Duration quiet);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(std::int64_t done);
  /// Takes the bar away, so that something else can be written; the next update shows it again.
  void clear();
  /// True if a bar may be seen at all: a total is worth asking for.
  [[nodiscard]] static bool on_terminal();

 private:
  const std::string what_;
  const std::int64_t total_;
  const std::function<void(std::string_view)> out_;  // none: shows nothing
  const Duration quiet_;
  const MonoTime begin_;
  MonoTime next_;
  bool shown_ = false;
};

/// `retry  [#####.....]  50 %  500 of 1000  250/s  2 s left`; without a total `prune  500  250/s`.
[[nodiscard]] std::string progress_line(std::string_view what, std::int64_t done, std::int64_t total, Duration elapsed);

}  // namespace waybill::cli
