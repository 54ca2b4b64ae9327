// The body of a mail's message, what travels from intake to the mail handler. There are two forms: the classic
// `{"msgId","subject","content","tos"}`, which other programs write too, so that reading is more generous than writing;
// and that of a fuller mail, `{"mail_version":2,…}` with the members of mail_json.h, which is read strictly.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "core/names.h"
#include "mail/mail.h"
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

/// The form that `mail_version` names.
inline constexpr int kMailBodyVersion = 2;

/// Compact JSON. Equal mails have equal bodies; it does not name the message. The mail is an acceptable one.
[[nodiscard]] std::string write_mail_body(const Mail& mail);

/// Either form: one without `mail_version` is a classic one. Errors: kPermanent, naming every bad field.
[[nodiscard]] Result<Mail> read_any_mail_body(std::string_view json, const MailLimits& limits);

}  // namespace waybill
