#include "engine/lapse_report.h"

#include <algorithm>

#include "base/log.h"

namespace waybill {

void report_lapses(Metrics& metrics, std::string_view component, std::string_view event, int lapsed,
                   std::span<const LapsedRow> ended) {
  if (lapsed == 0) return;
  // As with a finish: an attempt that ends its message counts as that.
  const auto dead = static_cast<std::uint64_t>(std::ranges::count(ended, State::kDead, &LapsedRow::status));
  metrics.add(Count::kDead, dead);
  metrics.add(Count::kLapsed, static_cast<std::uint64_t>(lapsed) - dead);
  log_event(LogLevel::kWarning, component, event, {{"rows", lapsed}});
  for (const auto& [id, status] : ended) {
    const bool is_dead = status == State::kDead;
    log_event(is_dead ? LogLevel::kError : LogLevel::kWarning, component,
              is_dead ? "message is dead" : "message is held for a person",
              {{"msg_id", id.value}, {"status", to_string(status)}, {"error", kNeverFinished}});
  }
}

void report_lapse(Metrics& metrics, std::string_view component, const LapsedRow& row) {
  const bool ended = row.status != State::kSending;
  report_lapses(metrics, component, "attempts lapsed", 1, {&row, ended ? 1U : 0U});
}

}  // namespace waybill
