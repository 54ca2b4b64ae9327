// A mail's bytes as they stand between DATA's answer and the dot's (RFC 5321, 4.5.2). Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill::smtp {

struct WireContent {
  std::string bytes;          ///< with dots doubled, ended by CRLF . CRLF
  std::size_t size = 0;       ///< of the mail itself, as SIZE means it
  bool eight_bit = false;     ///< some byte is not ASCII: needs 8BITMIME
  bool utf8_headers = false;  ///< some header is not ASCII: needs SMTPUTF8
};

/// Errors (kPermanent): the mail holds a NUL, or a CR or LF that is not part of CRLF. What servers read into those
/// differs (CVE-2023-51764 and its kin), so they are refused, never repaired.
[[nodiscard]] Result<WireContent> make_wire_content(std::string_view mail);

/// May this stand between `<` and `>` of MAIL or RCPT? Whatever else an address is: no control character, nothing that
/// is not UTF-8, and a space or bracket only inside quotes. Errors: kPermanent.
[[nodiscard]] Status check_path(std::string_view address);

[[nodiscard]] bool is_ascii(std::string_view text);

}  // namespace waybill::smtp
