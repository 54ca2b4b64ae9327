// A mail address as SMTP carries it: `local@domain`, without a display name or comments.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill {

/// Strict RFC 5321 Mailbox: a dot-atom or quoted local part of at most 64 octets; a domain name, or an IPv4 or IPv6
/// address in brackets; at most 254 octets in all. Internationalised addresses (RFC 6531) are refused for now.
/// The error is one sentence without the address itself, which may be unfit to show.
[[nodiscard]] Status check_mail_address(std::string_view address);

/// What follows the `@`. The address is a valid one.
[[nodiscard]] std::string_view domain_of(std::string_view address);

/// Equal for two spellings of one mailbox: domains are compared without case, local parts bytewise (RFC 5321, 2.4).
[[nodiscard]] std::string mailbox_key(std::string_view address);

}  // namespace waybill
