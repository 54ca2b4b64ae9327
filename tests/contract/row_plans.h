// Rows in every state and phase, as the generated case of the suite needs them: one of each kind, made through the
// verbs of the log in a handful of commits.
#pragma once

#include <string>
#include <vector>

#include "core/delivery_state.h"
#include "tests/contract/log_harness.h"

namespace waybill::contract {

/// How one row is to stand when it is ready.
struct RowPlan {
  State state = State::kSending;  ///< without meaning in Phase::kAbsent
  Phase phase = Phase::kUnclaimed;
  bool due = true;             ///< an unclaimed row's time has passed
  bool external = false;       ///< nobody of ours consumes its route
  bool published = true;       ///< a publisher had it
  bool foreign = false;        ///< inserted by another program
  bool after_attempt = false;  ///< an attempt was released before
  bool effect_begun = true;    ///< of the open attempt

  [[nodiscard]] std::string id() const;
};
/// Every combination that can be.
[[nodiscard]] std::vector<RowPlan> all_row_plans();

struct ReadyRow {
  RowPlan plan;
  Fence fence;  ///< of its last attempt, or of one that never was
};
/// Makes the planned rows in the harness's log, which must be empty, and moves the clock until they stand as planned.
[[nodiscard]] std::vector<ReadyRow> make_rows(LogHarness& h, const std::vector<RowPlan>& plans);

/// Where a row stands now; without a row its state has no meaning.
struct Standing {
  State state = State::kSending;
  Phase phase = Phase::kAbsent;
  std::string snapshot;
};
[[nodiscard]] Standing standing_of(LogHarness& h, const std::string& id);

}  // namespace waybill::contract
