// A mail in the form in which it travels: RFC 5322 headers and one text part. Any thread.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "core/names.h"
#include "mail/mail_request.h"

namespace waybill {

/// What a mail carries beside what its author wrote.
struct MimeStamp {
  MessageId id;
  std::string from;  ///< an address; its domain is also that of the Message-ID
  WallTime date{};   ///< written with seconds, in UTC
};

/// The value of the Message-ID header: `<…@waybill.DOMAIN>`, the same for every attempt at a message, so that readers
/// can drop repeats. DOMAIN comes from `from`, because message ids need be unique within one log only.
[[nodiscard]] std::string mime_message_id(const MessageId& id, const std::string& from);

/// The whole mail: lines end with CRLF, none is longer than 998 bytes, all bytes are ASCII; equal input gives equal
/// bytes. The content is taken as lines: CR, LF and CRLF each end one, and the last one is ended too.
/// Errors: kPermanent, if the request, the sender or the date is not acceptable; nothing of it is ever repaired.
[[nodiscard]] Result<std::string> build_mime(const MailRequest& request, const MimeStamp& stamp);

}  // namespace waybill
