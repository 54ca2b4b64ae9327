// What can never be published ends as `dead`, and somebody is told.
#pragma once

#include <string>

#include "base/time.h"
#include "ports/log_lane.h"

namespace waybill {

/// Asks the log to end an unowned row; told as a dead message once that is durable. Unanswered, the row comes again.
void refuse_unpublishable(LogLane& lane, MonoTime deadline, MessageId id, std::string reason);

}  // namespace waybill
