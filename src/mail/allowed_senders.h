// Who mails may come from: what keeps a mail service from sending in anybody's name. Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waybill {

class AllowedSenders {
 public:
  /// Everybody: fit for a Maildir only, where nothing leaves the machine.
  AllowedSenders() = default;

  /// Addresses (`news@example.org`), and domains with an @ before them (`@example.org`, without what is below it).
  /// None at all means everybody. Errors: kPermanent, naming the entry that is neither.
  [[nodiscard]] static Result<AllowedSenders> from(const std::vector<std::string>& entries);

  [[nodiscard]] bool everybody() const { return mailboxes_.empty() && domains_.empty(); }
  /// The address is a valid one.
  [[nodiscard]] bool allows(std::string_view address) const;

 private:
  std::vector<std::string> mailboxes_;  // as mailbox_key writes them
  std::vector<std::string> domains_;    // the same, of `@domain`
};

/// What `mail.allowed_from` must be for mail that leaves the machine: given, and naming `from` too, the sender of mails
/// that name none. Otherwise anybody who reaches the service could send in any name.
[[nodiscard]] Status check_senders_for_smtp(const AllowedSenders& allowed, std::string_view from);

}  // namespace waybill
