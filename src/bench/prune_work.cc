#include "bench/prune_work.h"

#include <algorithm>
#include <chrono>

namespace waybill::bench {
namespace {

constexpr std::int64_t kRowsPerCall = 10'000;
constexpr Duration kAge = std::chrono::hours(1);

}  // namespace

void PruneWork::start() {
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
  }
  next();
}

void PruneWork::next() {
  std::int64_t left = 0;
  {
    const std::lock_guard lock(mutex_);
    left = rows_ - pruned_;
  }
  operations_.prune(kAge, static_cast<int>(std::min(left, kRowsPerCall)),
                    [this](const Result<PruneReport>& report) { on_pruned(report); });
}

void PruneWork::on_pruned(const Result<PruneReport>& report) {
  {
    const std::lock_guard lock(mutex_);
    if (report.ok()) pruned_ += report->pruned;
    if (!report.ok()) error_ = report.error();
    running_ = report.ok() && report->more && pruned_ < rows_ && !stopping_;
    if (!running_) return ended_.notify_all();
  }
  next();
}

Status PruneWork::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  ended_.wait(lock, [this] { return !running_; });  // a call has a deadline of its own (ports/operations.h)
  return error_ ? Status(*error_) : ok_status();
}

}  // namespace waybill::bench
