// What a handler and a broker can answer.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/time.h"

namespace waybill {

/// A handler's answer to one attempt.
struct Done {
  std::string result;  ///< what the handler produced, e.g. a file name; may be empty
};
struct Retry {
  std::string error;
  std::optional<Duration> after;  ///< overrides the policy's delay
  bool uses_try = true;           ///< false: it is not the message that failed; no number of these makes it dead
};
struct Fail {
  std::string error;  ///< permanent: the message dies now
};
struct Unknown {
  std::string detail;  ///< the effect may or may not have happened
};
using HandlerOutcome = std::variant<Done, Retry, Fail, Unknown>;

/// What to do with an effect that may have happened.
enum class UnknownPolicy {
  kRetry,  ///< try again, counted as a possible duplicate
  kHold,   ///< wait for a person
};

}  // namespace waybill
