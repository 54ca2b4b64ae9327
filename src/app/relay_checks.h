// What a try at a mail relay means for the one who wants to use it. Pure.
#pragma once

#include <optional>

#include "app/finding.h"
#include "core/retry_policy.h"
#include "mail/smtp/connection.h"
#include "mail/smtp/relay_options.h"

namespace waybill::app {

/// `failure`: as try_relay told it.
[[nodiscard]] Finding check_relay(const smtp::RelayOptions& relay, const std::optional<smtp::RelayFailure>& failure);

/// Whether mail that a relay's server does not take at once is given up too early.
[[nodiscard]] Findings check_patience(const RetryPolicy& retry);

}  // namespace waybill::app
