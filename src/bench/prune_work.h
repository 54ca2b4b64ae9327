// Prunes history while a run is measured, as `waybill prune` does: one call after the other.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "ports/operations.h"

namespace waybill::bench {

class PruneWork {
 public:
  /// Of what ended more than an hour ago. `operations` outlives it.
  PruneWork(Operations& operations, std::int64_t rows) : operations_(operations), rows_(rows) {}
  ~PruneWork() { static_cast<void>(stop()); }
  PruneWork(const PruneWork&) = delete;
  PruneWork& operator=(const PruneWork&) = delete;

  /// Once. Goes on by itself until so many rows are gone, or no more are old enough.
  void start();
  /// Begins no further call and waits for the one under way. Errors: what ended it before.
  [[nodiscard]] Status stop();

 private:
  void next();
  void on_pruned(const Result<PruneReport>& report);

  Operations& operations_;
  const std::int64_t rows_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::int64_t pruned_ = 0;     // guarded by mutex_
  bool running_ = false;        // guarded by mutex_
  bool stopping_ = false;       // guarded by mutex_
  std::optional<Error> error_;  // guarded by mutex_
};

}  // namespace waybill::bench
