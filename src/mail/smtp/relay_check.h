// Whether a relay can be used, found out without a mail.
#pragma once

#include <optional>

#include "mail/smtp/connection.h"
#include "mail/smtp/relay_options.h"

namespace waybill::smtp {

/// Connects, greets, encrypts and logs in as for a mail, asks for nothing (NOOP) and leaves. Blocks for twice
/// `connect_timeout` at most. Nothing: it can be used.
[[nodiscard]] std::optional<RelayFailure> try_relay(const RelayOptions& relay);

}  // namespace waybill::smtp
