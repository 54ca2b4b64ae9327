#include "mail/allowed_senders.h"

#include <algorithm>

#include "mail/mail_address.h"
#include "mail/mail_text.h"

namespace waybill {
namespace {

constexpr std::string_view kAnybody = "x";  // makes an address of `@domain`

std::string domain_key(std::string_view address) {
  const auto key = mailbox_key(address);
  return "@" + std::string(domain_of(key));
}

bool contains(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

Result<AllowedSenders> AllowedSenders::from(const std::vector<std::string>& entries) {
  AllowedSenders allowed;
  for (const auto& entry : entries) {
    const bool is_domain = entry.starts_with('@');
    const std::string address = is_domain ? std::string(kAnybody) + entry : entry;
    if (const auto valid = check_international_address(address); !valid) {
      return make_error(ErrorClass::kPermanent, quoted(entry) +
                                                    " is neither an address nor a domain with an @ before "
                                                    "it, such as news@example.org or @example.org: " +
                                                    valid.error().message);
    }
    if (is_domain) {
      allowed.domains_.push_back(domain_key(address));
    } else {
      allowed.mailboxes_.push_back(mailbox_key(entry));
    }
  }
  return allowed;
}

bool AllowedSenders::allows(std::string_view address) const {
  return everybody() || contains(mailboxes_, mailbox_key(address)) || contains(domains_, domain_key(address));
}

Status check_senders_for_smtp(const AllowedSenders& allowed, std::string_view from) {
  const auto refuse = [](std::string why) { return make_error(ErrorClass::kPermanent, std::move(why)); };
  if (allowed.everybody()) {
    return refuse(
        "mail.allowed_from is empty: mail that leaves by SMTP needs a list of the addresses and @domains that "
        "it may come from, such as @example.org");
  }
  if (!allowed.allows(from)) {
    return refuse("mail.from " + quoted(from) +
                  " is not within mail.allowed_from; add it, or its domain with an @ "
                  "before it");
  }
  return ok_status();
}

}  // namespace waybill
