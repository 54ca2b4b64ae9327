// What a caller asks for when it asks for a mail, and the rules that make it fit to send. Pure values, any thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mail/mail_limits.h"

namespace waybill {

struct JsonField;

struct MailRequest {
  std::string subject;           ///< one line of UTF-8 without control characters
  std::string content;           ///< plain text, UTF-8 without NUL
  std::vector<std::string> tos;  ///< addresses as check_mail_address wants them, each mailbox once
  bool operator==(const MailRequest&) const = default;
};

/// An acceptable request, or everything that is wrong with it: one entry for each bad field, never none.
using MailRequestOrErrors = std::variant<MailRequest, FieldErrors>;

/// Reads `{"subject","content","tos"}`. All three are required and nothing else is known; `tos` is one address, several
/// in one string separated by `,` or `;`, or an array of strings with one address each. Spaces around addresses and
/// empty places between separators are ignored; a mailbox named twice is folded into its first spelling.
[[nodiscard]] MailRequestOrErrors parse_mail_request(std::string_view json, const MailLimits& limits);

/// The same, from members that were read already.
[[nodiscard]] MailRequestOrErrors mail_request_from(std::vector<JsonField> fields, const MailLimits& limits);

/// The rules for a request that did not come through parse_mail_request; empty if it is acceptable.
[[nodiscard]] FieldErrors check_mail_request(const MailRequest& request, const MailLimits& limits);

}  // namespace waybill
