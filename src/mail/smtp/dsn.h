// Delivery status notifications, as they are asked for of a server that offers them (RFC 3461). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waybill::smtp {

/// When the sender of a mail is to be told what became of it, by a mail. All false: the server does as it likes.
struct DsnWish {
  bool success = false;
  bool failure = false;
  bool delay = false;
  bool never = false;  ///< and nothing else
  bool operator==(const DsnWish&) const = default;
};

/// Of the words `success`, `failure`, `delay`, or `never` alone; none at all is no wish. Errors: kPermanent.
[[nodiscard]] Result<DsnWish> parse_dsn_wish(const std::vector<std::string>& words);

/// What MAIL gets, with a blank before it: headers only come back, and `id` with them, if it is printable ASCII of at
/// most 100 characters in xtext (RFC 3461, 4.4). Empty without a wish.
[[nodiscard]] std::string dsn_of_mail(const DsnWish& wish, std::string_view id);
/// What each RCPT gets.
[[nodiscard]] std::string dsn_of_recipient(const DsnWish& wish);

/// RFC 3461, 4: what is not printable ASCII, `+` and `=` are written as `+` and two hexadecimal digits.
[[nodiscard]] std::string xtext(std::string_view text);

}  // namespace waybill::smtp
