// What stands behind the headers of a mail: its texts and attachments, as one part or as nested ones. Any thread.
#pragma once

#include <string>

#include "mail/mail.h"

namespace waybill {

/// From `Content-Type` to the last CRLF: all ASCII, no line longer than 998 bytes, equal for equal input. Only as many
/// `multipart` as there must be: mixed around related around alternative. `boundary` is the beginning of boundaries: it
/// has at most 60 characters of [A-Za-z0-9_=], and the contents cannot hold it. The mail is an acceptable one.
/// It takes about six times the mail's size in memory for its time.
[[nodiscard]] std::string build_mime_parts(const Mail& mail, const std::string& boundary);

}  // namespace waybill
