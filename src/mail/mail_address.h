// A mail address as SMTP carries it: `local@domain`, without a display name or comments.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill {

/// Strict RFC 5321 Mailbox: a dot-atom or quoted local part of at most 64 octets; a domain name, or an IPv4 or IPv6
/// address in brackets; at most 254 octets in all. Internationalised addresses (RFC 6531) are refused.
/// The error is one sentence without the address itself, which may be unfit to show.
[[nodiscard]] Status check_mail_address(std::string_view address);

/// The same, but UTF-8 may stand in the local part and in the labels of the domain, which must be one that the DNS can
/// have (IDNA 2008). White space and control characters are refused in every script.
[[nodiscard]] Status check_international_address(std::string_view address);

/// True if only a server with SMTPUTF8 can take it: its local part is not ASCII. The address is a valid one.
[[nodiscard]] bool needs_smtputf8(std::string_view address);

/// What follows the `@`, as the DNS has it: in ASCII. The address is a valid one, by either rule.
[[nodiscard]] std::string dns_domain_of(std::string_view address);

/// As it travels: with its domain in ASCII (`xn--…`), so that every server can take it; one that needs SMTPUTF8 as it
/// was given. The address is a valid one, by either rule.
[[nodiscard]] std::string wire_address(std::string_view address);

/// What follows the `@`. The address is a valid one.
[[nodiscard]] std::string_view domain_of(std::string_view address);

/// Equal for two spellings of one mailbox: domains are compared without case and as the DNS has them, local parts
/// bytewise (RFC 5321, 2.4).
[[nodiscard]] std::string mailbox_key(std::string_view address);

}  // namespace waybill
