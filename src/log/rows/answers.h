// Answers that several verbs give.
#pragma once

#include "log/rows/working_set.h"
#include "ports/message_log.h"

namespace waybill::rows {

[[nodiscard]] inline Answer no_such_row() { return VerbAnswer{.kind = VerbAnswer::Kind::kUnknownId}; }
[[nodiscard]] inline Answer answer_of(const WorkingRow& row, bool applied) {
  const auto kind = applied ? VerbAnswer::Kind::kApplied : VerbAnswer::Kind::kRefused;
  return VerbAnswer{kind, row.now->status, row.now->owner.has_value()};
}
/// To a write that was left out, for whatever a stranger holds.
[[nodiscard]] inline Error left_out() {
  return make_error(ErrorClass::kRetry, "another program's transaction holds what this would change; it was left out",
                    kHeldByAnother);
}

}  // namespace waybill::rows
