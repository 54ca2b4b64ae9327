// Every verb that names its row, decided on rows in memory: what it answers, and what becomes of them. Pure; the files
// are by who uses the verbs, as in ports/log_writes.h. An error is this write's own and leaves the rows as they were.
#pragma once

#include "log/rows/working_set.h"
#include "ports/log_writes.h"

namespace waybill::rows {

// decide_intake.cc
/// The row that an append inserts if its id and its key are new. An error if no store may be asked to keep it.
[[nodiscard]] Result<Standing> row_of(const Append& write, WallTime now, std::size_t body_max);
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Append& write);
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Adopt& write);
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Park& write);
// decide_relay.cc
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Refuse& write);
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const MarkSent& write);
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const MarkFailed& write);
/// One of the rows that `Lost` found; false if it is not waiting any more.
[[nodiscard]] bool decide_lost(WorkingSet& set, WorkingRow& row, const Lost& write);
// decide_worker.cc
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Claim& write);
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Renew& write);
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const BeginEffect& write);
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Release& write);
// decide_finish.cc
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Finish& write);
// decide_people.cc
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Cancel& write);
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Reschedule& write);
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Hold& write);
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Resolve& write);
[[nodiscard]] Result<Answer> decide(WorkingSet& set, const Replay& write);

// lapse.cc
/// False after a gap, and when the store's clock is not where the caller expects it: a clock that stepped would end
/// every lease at once.
[[nodiscard]] bool may_lapse(WallTime now, const LapseRule& rule);
/// Ends the open attempt of a holder that never reported; the row's state then. The caller has made sure that its lease
/// has passed or its owner is dead.
State lapse(WorkingSet& set, WorkingRow& row, const LapseRule& rule);

}  // namespace waybill::rows
