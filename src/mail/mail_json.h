// A mail as JSON: what `POST /v1/mails` takes, and what is kept in the log. Read strictly: what is unknown, repeated or
// of another type is refused under its place. Pure; any thread.
#pragma once

#include <string>
#include <variant>

#include "mail/json_tree.h"
#include "mail/mail.h"

namespace waybill {

/// A mail fit to send, or everything that is wrong with it, never nothing.
using MailOrErrors = std::variant<Mail, FieldErrors>;

/// Reads the members that are named as in `Mail`. `from` is one mailbox; `to`, `cc`, `bcc` and `reply_to` are one or an
/// array of them. A mailbox is `{"address","name"}` or a text as read_mailbox takes it; in a text that stands for a
/// whole list there may be several, separated by `,` or `;`. `headers` and `metadata` are objects of strings, `content`
/// of an attachment is base64. Null is as good as nothing. `place` stands before the names of fields: `[3]`.
[[nodiscard]] MailOrErrors read_mail(JsonNode document, const MailLimits& limits, const std::string& place = {});

/// Appends the members of the mail, without braces; what is empty is left out. read_mail reads the same mail from it.
/// The mail is an acceptable one.
void append_mail_members(std::string& json, const Mail& mail);

}  // namespace waybill
