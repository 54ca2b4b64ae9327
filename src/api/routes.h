// The whole interface: which path leads to which endpoint. What it leads to is described in openapi.json.
#pragma once

#include "api/mail_send_endpoint.h"
#include "api/router.h"
#include "ports/intake.h"
#include "ports/metrics.h"
#include "ports/operations.h"

namespace waybill::api {

/// All outlive the router. Without `metrics` there is no `/metrics`.
[[nodiscard]] Router make_router(Intake& intake, Operations& operations, MailSendOptions mail,
                                 MetricsPage* metrics = nullptr);

/// For an instance that takes no requests: its health and its metrics alone. Both outlive the router.
[[nodiscard]] Router make_health_router(Operations& operations, MetricsPage& metrics);

}  // namespace waybill::api
