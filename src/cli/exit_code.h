// What a command tells the shell. Part of the interface: the numbers never change.
#pragma once

#include "base/result.h"

namespace waybill::cli {

enum class ExitCode : int {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,        ///< command line or configuration
  kNotFound = 3,     ///< there is no such message
  kUnreachable = 4,  ///< no server answers, or it cannot serve now
  kForbidden = 5,    ///< the state of the message forbids it
};

[[nodiscard]] constexpr ExitCode exit_code_for(ErrorClass what) {
  switch (what) {
    case ErrorClass::kNotFound:
      return ExitCode::kNotFound;
    case ErrorClass::kConflict:
      return ExitCode::kForbidden;
    case ErrorClass::kRetry:
    case ErrorClass::kOverload:
    case ErrorClass::kInDoubt:
      return ExitCode::kUnreachable;
    case ErrorClass::kPermanent:
      break;
  }
  return ExitCode::kFailed;
}

}  // namespace waybill::cli
