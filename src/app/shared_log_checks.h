// What a shared message log and its server mean for the one who wants to use them. Pure.
#pragma once

#include <string>

#include "app/finding.h"
#include "base/result.h"
#include "log/shared_log.h"

namespace waybill::app {

/// `place` is what the log is called.
[[nodiscard]] Findings check_shared_log(const Result<SharedLogFacts>& facts, const std::string& place);

}  // namespace waybill::app
