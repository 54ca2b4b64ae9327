// Answers that several verbs give.
#pragma once

#include "log/rows/working_set.h"

namespace waybill::rows {

[[nodiscard]] inline Answer no_such_row() { return VerbAnswer{.kind = VerbAnswer::Kind::kUnknownId}; }
[[nodiscard]] inline Answer answer_of(const WorkingRow& row, bool applied) {
  const auto kind = applied ? VerbAnswer::Kind::kApplied : VerbAnswer::Kind::kRefused;
  return VerbAnswer{kind, row.now->status, row.now->owner.has_value()};
}
[[nodiscard]] inline Error held_by_another() {
  return make_error(ErrorClass::kRetry, "another session's transaction holds the row; it was left out of this commit");
}

}  // namespace waybill::rows
