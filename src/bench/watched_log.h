// Stands before the message log of a run and counts what the lane asks of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "ports/message_log.h"

namespace waybill::bench {

/// `log` outlives it. Counts may be read by any thread.
class WatchedLog final : public MessageLog {
 public:
  explicit WatchedLog(MessageLog& log) : log_(log) {}

  [[nodiscard]] Result<Committed> commit(std::span<const Write> writes) override;
  [[nodiscard]] Result<WallTime> now() override { return log_.now(); }
  [[nodiscard]] std::string identity() const override { return log_.identity(); }

  [[nodiscard]] std::int64_t commits() const { return commits_; }
  [[nodiscard]] std::int64_t writes() const { return writes_; }
  [[nodiscard]] std::int64_t pruned() const { return pruned_; }
  /// Outcomes that are durable, and when the last one became so.
  [[nodiscard]] std::int64_t finished() const { return finished_; }
  [[nodiscard]] MonoTime finished_at() const { return finished_at_; }

 private:
  MessageLog& log_;
  std::atomic<std::int64_t> commits_ = 0;
  std::atomic<std::int64_t> writes_ = 0;
  std::atomic<std::int64_t> pruned_ = 0;
  std::atomic<std::int64_t> finished_ = 0;
  std::atomic<MonoTime> finished_at_{MonoTime{}};
};

}  // namespace waybill::bench
