// A mail as people really send it: several parts, several kinds of recipients. Pure values, any thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mail/mail_limits.h"
#include "mail/mail_request.h"
#include "mail/mailbox.h"

namespace waybill {

struct Attachment {
  std::string filename;      ///< a name, not a path; may be empty if there is a content_id
  std::string content_type;  ///< `type/subtype`, with parameters; empty: application/octet-stream
  std::string content_id;    ///< without `<>`; the HTML shows it as `cid:…`. Empty: it is not shown inline
  std::string content;       ///< bytes
  bool operator==(const Attachment&) const = default;
};

struct Mail {
  using Fields = std::vector<std::pair<std::string, std::string>>;

  std::string subject;  ///< one line of UTF-8; may be empty
  std::string text;     ///< UTF-8 without NUL; empty: there is none
  std::string html;     ///< the same
  std::optional<Mailbox> from;
  std::vector<Mailbox> to;
  std::vector<Mailbox> cc;
  std::vector<Mailbox> bcc;  ///< in the envelope alone
  std::vector<Mailbox> reply_to;
  std::vector<Attachment> attachments;
  Fields headers;                             ///< by the rules of custom_headers.h, each name once
  std::vector<std::string> list_unsubscribe;  ///< `https:` and `mailto:` addresses
  bool list_unsubscribe_post = false;         ///< one click is enough (RFC 8058)
  std::vector<std::string> tags;              ///< for its owner: kept with the message, not sent
  Fields metadata;                            ///< the same
  bool operator==(const Mail&) const = default;
};

/// All that is wrong with it, bounded; empty if it is fit to send. `place` stands before the names of its fields.
[[nodiscard]] FieldErrors check_mail(const Mail& mail, const MailLimits& limits, const std::string& place = {});

/// What a classic request asks for.
[[nodiscard]] Mail to_mail(MailRequest request);

/// Where it goes, each mailbox once: to, cc and bcc, as they were given.
[[nodiscard]] std::vector<std::string> recipients_of(const Mail& mail);

}  // namespace waybill
