// Looks at everything that a configuration names, and says what is wrong with it and what to do.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "app/finding.h"

namespace waybill::app {

struct Diagnosis {
  Findings findings;
  std::vector<std::string> not_made;  ///< checks that could not be made, each with what it would take
  [[nodiscard]] bool has_problem() const;
};

/// Waits for the broker and for mail relays. Changes nothing, also beside an instance that runs; what does not exist is
/// not made.
[[nodiscard]] Diagnosis examine(const Config& config);

/// `ok  what` or `problem  what → advice`, a line each.
[[nodiscard]] std::string diagnosis_as_text(const Diagnosis& diagnosis);
/// `{"healthy","findings":[{"verdict","what","advice"}],"not_made":[…]}`
[[nodiscard]] std::string diagnosis_as_json(const Diagnosis& diagnosis);

}  // namespace waybill::app
