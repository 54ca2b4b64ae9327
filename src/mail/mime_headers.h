// The header block of a mail, line by line: encoded by RFC 2047, folded by RFC 5322, ended by CRLF. Nothing that is
// given here can end a header: it was checked before. Mailboxes that need SMTPUTF8 stand in it as UTF-8 (RFC 6532); all
// else is ASCII. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mail/mailbox.h"

namespace waybill {

class MimeHeaders {
 public:
  /// As it is, folded at its spaces; `value` is ASCII.
  void add(std::string_view name, std::string_view value);
  /// A text that people read: in encoded words, unless it reads the same as it is.
  void add_text(std::string_view name, std::string_view text);
  /// One that programs may read: in encoded words only if it is not ASCII, or could be taken for them.
  void add_value(std::string_view name, std::string_view value);
  /// Several of them with commas between; none: nothing is added.
  void add_mailboxes(std::string_view name, const std::vector<Mailbox>& mailboxes);
  void add_list(std::string_view name, const std::vector<std::string>& items);

  [[nodiscard]] std::string take();

 private:
  void begin(std::string_view name);
  void word(std::string_view word);
  void words(std::string_view words);
  void end();

  std::string block_;
  std::size_t line_ = 0;  // where the current one begins
  bool first_ = true;     // no word of the header is there yet
};

}  // namespace waybill
