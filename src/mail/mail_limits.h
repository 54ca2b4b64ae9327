// How much a mail may be, and what is told when one is not acceptable. Pure values.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace waybill {

struct MailLimits {
  std::size_t subject_bytes_max = 998;      ///< RFC 5322's longest line
  std::size_t content_bytes_max = 1 << 20;  ///< of the classic request; as UTF-8, without JSON's escapes
  std::size_t recipients_max = 50;          ///< after folding; to, cc and bcc together

  std::size_t bytes_max = 25U << 20U;        ///< texts and attachments together, decoded
  std::size_t attachments_max = 100;         ///< inline ones included
  std::size_t headers_max = 32;              ///< custom ones
  std::size_t header_bytes_max = 4U << 10U;  ///< of one custom header's value
  std::size_t tags_max = 20;
  std::size_t metadata_max = 50;
  std::size_t metadata_bytes_max = 1U << 10U;  ///< of one value

  /// Room for any acceptable classic request in its most escaped JSON form; longer documents are refused unread.
  [[nodiscard]] std::size_t document_bytes_max() const;
};

/// One thing that is wrong. `field` is where: `subject`, `attachments[2].content`; `body` if the document as a whole
/// cannot be read.
struct FieldError {
  std::string field;
  std::string message;  ///< one sentence that does not repeat the field's name; fit to show
  bool operator==(const FieldError&) const = default;
};
using FieldErrors = std::vector<FieldError>;

/// `subject: it is empty; tos: …`: all of it on one line.
[[nodiscard]] std::string to_string(const FieldErrors& errors);

}  // namespace waybill
