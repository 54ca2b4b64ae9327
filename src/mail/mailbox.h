// A mailbox as people write it: an address, and perhaps the name of who reads there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waybill {

struct Mailbox {
  std::string address;  ///< as check_international_address wants it
  std::string name;     ///< UTF-8 without control characters; empty: none
  bool operator==(const Mailbox&) const = default;
};

inline constexpr std::size_t kMailboxNameBytesMax = 255;

/// One sentence about the address or the name.
[[nodiscard]] Status check_mailbox(const Mailbox& mailbox);

/// Reads `a@b`, `Name <a@b>` and `"Name, with \"marks\"" <a@b>`; spaces around the parts do not count. Only the form is
/// looked at: check_mailbox is still to be asked. Errors: kPermanent, one sentence.
[[nodiscard]] Result<Mailbox> read_mailbox(std::string_view text);

/// The mailboxes of a text that are separated by `,` or `;`, each still as it was written, without outer spaces; empty
/// places are left out. A separator in quotes or between `<` and `>` separates nothing. What comes after `most` of them
/// and one more is not looked at.
[[nodiscard]] std::vector<std::string_view> split_mailboxes(std::string_view text, std::size_t most);

}  // namespace waybill
