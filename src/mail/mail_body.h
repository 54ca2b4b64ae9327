// The body of a mail's message: `{"msgId","subject","content","tos"}`, what travels from intake to the mail handler.
// Other programs write it too, so reading is more generous than writing.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "core/names.h"
#include "mail/mail_request.h"

namespace waybill {

struct MailBody {
  std::string msg_id;  ///< as the body names it, unchecked; empty if it does not. The message's own id decides.
  MailRequest request;
};

/// Compact JSON, members in the order above, `tos` as an array. The request is an acceptable one.
[[nodiscard]] std::string write_mail_body(const MessageId& id, const MailRequest& request);

/// Also reads bodies without `msgId`, or with one that is null or an integer, with `tos` in any form that
/// parse_mail_request takes, and with members that are not known here. The mail itself must be acceptable.
/// Errors: kPermanent, naming every bad field.
[[nodiscard]] Result<MailBody> read_mail_body(std::string_view json, const MailLimits& limits);

}  // namespace waybill
