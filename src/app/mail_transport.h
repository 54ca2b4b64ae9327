// What the mails of a worker leave through: a Maildir, or relays.
#pragma once

#include <memory>

#include "app/config.h"
#include "base/result.h"
#include "base/time.h"
#include "mail/transport.h"
#include "metrics/prometheus/prometheus_metrics.h"

namespace waybill::app {

struct MailExit {
  std::unique_ptr<MailTransport> transport;
  PrometheusMetrics::LookAtRelays look_at_relays;  ///< null: there are none; else as long as the transport lives
};

/// `clock` outlives the transport. Errors: kRetry, with the reason; relays are not asked.
[[nodiscard]] Result<MailExit> open_mail_exit(const Config& config, const WallClock& clock);

/// Where mails go, for people.
[[nodiscard]] std::string place_of(const MailConfig& config);

}  // namespace waybill::app
