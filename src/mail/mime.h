// A mail in the form in which it travels: RFC 5322 headers, and one part or several. Any thread.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "core/names.h"
#include "mail/mail.h"
#include "mail/mail_request.h"

namespace waybill {

/// What a mail carries beside what its author wrote.
struct MimeStamp {
  MessageId id;
  std::string from;  ///< an address: the sender, if the mail names none
  WallTime date{};   ///< written with seconds, in UTC
};

/// The value of the Message-ID header: `<…@waybill.DOMAIN>`, the same for every attempt at a message, so that readers
/// can drop repeats. DOMAIN is that of the sender, because message ids need be unique within one log only.
[[nodiscard]] std::string mime_message_id(const MessageId& id, const std::string& from);

/// The whole mail: lines end with CRLF, none is longer than 998 bytes; equal input gives equal bytes. All bytes are
/// ASCII, unless a mailbox of its headers needs SMTPUTF8: then its headers hold UTF-8 (RFC 6532), and the mail may only
/// go to a server that takes that. Texts are taken as lines: CR, LF and CRLF each end one, and the last one is ended
/// too. What is in bcc, tags and metadata is not in it. Errors: kPermanent, if the mail, the sender or the date is not
/// acceptable; nothing of it is ever repaired.
[[nodiscard]] Result<std::string> build_mime(const Mail& mail, const MimeStamp& stamp);
[[nodiscard]] Result<std::string> build_mime(const MailRequest& request, const MimeStamp& stamp);

}  // namespace waybill
