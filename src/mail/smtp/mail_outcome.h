// What the outcomes of its recipients make of a mail. Pure.
#pragma once

#include <vector>

#include "core/outcomes.h"
#include "core/recipients.h"

namespace waybill::smtp {

/// `Unknown` if it is unknown of one, else `Retry` if one is to be tried again; when none is open `Done` if it was
/// delivered to one or more, and `Fail` if all have refused. The texts name relays and replies.
[[nodiscard]] HandlerOutcome outcome_of(const std::vector<RecipientRecord>& recipients);

}  // namespace waybill::smtp
