// Gathers what is wrong with a document, by place; bounded however much it is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "mail/mail_limits.h"

namespace waybill {

/// `attachments[2]`, `attachments[2].content`; the outermost place is empty.
[[nodiscard]] std::string item_place(const std::string& place, std::size_t index);
[[nodiscard]] std::string member_place(const std::string& place, std::string_view name);

/// `'to[0]' is missing; 'subject' is …`: all of it on one line.
[[nodiscard]] std::string to_sentence(const FieldErrors& errors);

class FieldNotes {
 public:
  static constexpr std::size_t kMost = 16;

  /// An empty place is the document: `body`.
  void add(const std::string& place, std::string why);
  void add_if(const std::string& place, std::optional<std::string> why);
  /// Without those whose place lies within one that is noted already.
  void add_further(const FieldErrors& errors);

  [[nodiscard]] bool none() const { return errors_.empty(); }
  /// The last one tells how many more there were.
  [[nodiscard]] FieldErrors take();

 private:
  FieldErrors errors_;
  std::size_t more_ = 0;
};

}  // namespace waybill
