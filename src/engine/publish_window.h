// How many publishes may be unanswered at once. Too few starve a broker that confirms in groups, too many only wait in
// its buffers: the window grows while it is the limit and answers come quickly, and is halved when they come late.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/time.h"

namespace waybill {

class PublishWindow {
 public:
  /// `deadline`: when an unanswered publish is in doubt.
  PublishWindow(std::size_t first, std::size_t most, Duration deadline)
      : most_(std::max(first, most)), deadline_(deadline), size_(first) {}

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Rows wait for room in it.
  void on_full() { full_ = true; }
  /// The broker answered `count` publishes, the slowest of them after `slowest`.
  void on_answers(std::size_t count, std::chrono::steady_clock::duration slowest) {
    since_cut_ += count;
    if (slowest > deadline_ / 2) {
      cut();
    } else if (full_ && slowest < deadline_ / 8) {
      size_ = std::min(most_, size_ + (count + 1) / 2);
      full_ = false;
    }
  }
  /// Answers did not come in time.
  void on_doubt() { cut(); }

 private:
  // What was published into the larger window answers late for a while: that is no further reason.
  void cut() {
    if (since_cut_ < size_) return;
    size_ = std::max<std::size_t>(1, size_ / 2);
    since_cut_ = 0;
  }

  const std::size_t most_;
  const Duration deadline_;
  std::size_t size_;
  std::size_t since_cut_ = ~std::size_t{0} / 2;
  bool full_ = false;
};

}  // namespace waybill
