// Which messages of a run are mails to several, and what a handler makes of their recipients. It follows from the id,
// so that everybody in a run says the same.
#pragma once

#include <string>
#include <vector>

#include "core/names.h"
#include "core/outcomes.h"
#include "core/recipients.h"

namespace waybill::sim {

/// None of most messages; up to three of the others.
[[nodiscard]] std::vector<std::string> recipients_of(const MessageId& id);
/// Those of them that an attempt which was told this has to try.
[[nodiscard]] std::vector<std::string> open_recipients(const MessageId& id, const std::vector<RecipientRecord>& told);
[[nodiscard]] RecipientRecord recorded_as(const std::string& address, RecipientFate fate);
/// What a handler reports that recorded this beside what it was told, as an SMTP transport does.
[[nodiscard]] HandlerOutcome outcome_for(const MessageId& id, const std::vector<RecipientRecord>& told,
                                         const std::vector<RecipientRecord>& recorded);

}  // namespace waybill::sim
