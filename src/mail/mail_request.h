// What a caller asks for when it asks for a mail, and the rules that make it fit to send. Pure values, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace waybill {

struct JsonField;

struct MailRequest {
  std::string subject;           ///< one line of UTF-8 without control characters
  std::string content;           ///< plain text, UTF-8 without NUL
  std::vector<std::string> tos;  ///< addresses as check_mail_address wants them, each mailbox once
  bool operator==(const MailRequest&) const = default;
};

struct MailLimits {
  std::size_t subject_bytes_max = 998;      ///< RFC 5322's longest line
  std::size_t content_bytes_max = 1 << 20;  ///< as UTF-8, without JSON's escapes
  std::size_t recipients_max = 50;          ///< after folding

  /// Room for any acceptable request in its most escaped JSON form; longer documents are refused unread.
  [[nodiscard]] std::size_t document_bytes_max() const;
};

/// One thing that is wrong. `field` is a field's name, or `body` if the document as a whole cannot be read.
struct FieldError {
  std::string field;
  std::string message;  ///< one sentence that does not repeat the field's name; fit to show
  bool operator==(const FieldError&) const = default;
};
using FieldErrors = std::vector<FieldError>;

/// An acceptable request, or everything that is wrong with it: one entry for each bad field, never none.
using MailRequestOrErrors = std::variant<MailRequest, FieldErrors>;

/// Reads `{"subject","content","tos"}`. All three are required and nothing else is known; `tos` is one address, several
/// in one string separated by `,` or `;`, or an array of strings with one address each. Spaces around addresses and
/// empty places between separators are ignored; a mailbox named twice is folded into its first spelling.
[[nodiscard]] MailRequestOrErrors parse_mail_request(std::string_view json, const MailLimits& limits);

/// The same, from members that were read already.
[[nodiscard]] MailRequestOrErrors mail_request_from(std::vector<JsonField> fields, const MailLimits& limits);

/// The rules for a request that did not come through parse_mail_request; empty if it is acceptable.
[[nodiscard]] FieldErrors check_mail_request(const MailRequest& request, const MailLimits& limits);

/// `subject: it is empty; tos: …`: all of it on one line.
[[nodiscard]] std::string to_string(const FieldErrors& errors);

}  // namespace waybill
