// The relays that a configuration names, and how mails are brought to them.
#pragma once

#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "mail/smtp/relay_options.h"
#include "mail/smtp/smtp_transport.h"

namespace waybill::app {

/// Each with its password. Errors (kPermanent): one sentence, naming the keys.
[[nodiscard]] Result<std::vector<smtp::RelayOptions>> relays_of(const SmtpConfig& config);

/// Of a configuration whose relays are right. What a mail may wait for before and in its effect is made to end before
/// the worker's own deadlines, which could only guess what became of it.
[[nodiscard]] smtp::SmtpOptions smtp_options(const Config& config);

/// What is wrong with times, senders and relays together; empty if nothing is, or there are no relays.
[[nodiscard]] std::vector<std::string> check_smtp(const Config& config);

}  // namespace waybill::app
