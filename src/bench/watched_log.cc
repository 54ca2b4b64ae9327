#include "bench/watched_log.h"

namespace waybill::bench {

Result<Committed> WatchedLog::commit(std::span<const Write> writes) {
  auto committed = log_.commit(writes);
  if (!committed.ok()) return committed;
  ++commits_;
  writes_ += static_cast<std::int64_t>(writes.size());
  std::int64_t finished = 0;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const auto& answer = committed->answers[i];
    if (!answer.ok()) continue;
    const auto* finish = std::get_if<FinishAnswer>(&*answer);
    finished += finish != nullptr && finish->kind == FinishAnswer::Kind::kRecorded ? 1 : 0;
    if (std::holds_alternative<Prune>(writes[i])) pruned_ += std::get<CountAnswer>(*answer).rows;
  }
  if (finished > 0) finished_at_ = std::chrono::steady_clock::now();
  finished_ += finished;
  return committed;
}

}  // namespace waybill::bench
