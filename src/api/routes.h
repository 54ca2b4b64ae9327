// The whole interface: which path leads to which endpoint.
#pragma once

#include "api/mail_send_endpoint.h"
#include "api/router.h"
#include "ports/intake.h"
#include "ports/operations.h"

namespace waybill::api {

/// `intake` and `operations` outlive the router.
[[nodiscard]] Router make_router(Intake& intake, Operations& operations, MailSendOptions mail);

}  // namespace waybill::api
