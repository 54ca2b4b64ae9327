// Whatever bytes arrive as a list of mailboxes: every one of them is read or refused with a reason, and one that is
// accepted can stand in a header and in an envelope, where it is read as the same again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/names.h"
#include "mail/mail_address.h"
#include "mail/mail_text.h"
#include "mail/mailbox.h"

namespace waybill {
namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void check_refused(const Error& error) {
  require(!error.message.empty() && error.message.size() < 200, "a short reason");
  require(is_valid_utf8(error.message) && !has_control_character(error.message), "a reason fit to show");
}

void check_address(std::string_view address) {
  require(is_valid_utf8(address) && !has_control_character(address), "an address's characters");
  const auto wire = wire_address(address);
  require(check_international_address(wire).ok(), "what travels is an address");
  require(needs_smtputf8(address) == needs_smtputf8(wire), "SMTPUTF8 is needed for the local part alone");
  require(needs_smtputf8(address) || (is_ascii(wire) && check_mail_address(wire).ok()), "all else travels as ASCII");
  require(mailbox_key(wire) == mailbox_key(address), "it is the same mailbox");
  require(wire_address(wire) == wire, "what travels is final");
  require(check_mail_address(address).ok() == is_ascii(address), "ASCII is what the strict rule takes");
}

void check_mailbox_text(std::string_view text) {
  const auto mailbox = read_mailbox(text);
  if (!mailbox) return check_refused(mailbox.error());
  if (const auto status = check_mailbox(*mailbox); !status) return check_refused(status.error());
  check_address(mailbox->address);
  require(is_valid_utf8(mailbox->name) && !has_control_character(mailbox->name), "a name's characters");
  const auto written = quoted_string(mailbox->name) + " <" + mailbox->address + ">";
  const auto again = read_mailbox(written);
  require(again.ok() && *again == *mailbox, "it is read as it is written");
  require(split_mailboxes(written + "," + written, 2).size() == 2, "it stands in a list as one");
}

}  // namespace
}  // namespace waybill

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waybill;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto part : split_mailboxes(text, 100)) {
    require(!part.empty() && part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size(),
            "a part of the text");
    check_mailbox_text(part);
  }
  check_mailbox_text(text);
  if (const auto status = check_international_address(text); status.ok()) {
    check_address(text);
  } else {
    check_refused(status.error());
  }
  return 0;
}
