// What `waybill doctor` found. Values.
#pragma once

#include <string>
#include <vector>

namespace waybill::app {

enum class Verdict {
  kOk,
  kWarning,  ///< it works; somebody should look
  kProblem,  ///< it does not work, or not safely
};

struct Finding {
  Verdict verdict = Verdict::kOk;
  std::string what;    ///< one sentence
  std::string advice;  ///< what to do; empty if nothing
};

using Findings = std::vector<Finding>;

}  // namespace waybill::app
