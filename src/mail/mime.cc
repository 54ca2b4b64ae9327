#include "mail/mime.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <limits>
#include <optional>
#include <utility>

#include "base/sha256.h"
#include "mail/field_notes.h"
#include "mail/mail_address.h"
#include "mail/mime_headers.h"
#include "mail/mime_parts.h"
#include "mail/safe_name.h"

namespace waybill {
namespace {

constexpr std::size_t kBoundaryDigits = 32;

Error refuse(const std::string& why) {
  return make_error(ErrorClass::kPermanent, "the mail cannot be written: " + why);
}

// Sizes are the business of whoever accepted the request; here only what would break the mail's form counts.
MailLimits no_size_limits() {
  MailLimits limits;
  limits.subject_bytes_max = limits.content_bytes_max = limits.recipients_max = std::numeric_limits<int>::max();
  limits.bytes_max = limits.attachments_max = limits.headers_max = std::numeric_limits<int>::max();
  limits.header_bytes_max = limits.tags_max = std::numeric_limits<int>::max();
  limits.metadata_max = limits.metadata_bytes_max = std::numeric_limits<int>::max();
  return limits;
}

// RFC 5322, 3.3, in UTC; nothing outside the years 1 to 9999. Not by strftime, whose names depend on the locale.
std::optional<std::string> date_of(WallTime time) {
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return std::nullopt;
  const int year = parts.tm_year + 1900;
  if (year < 1 || year > 9999) return std::nullopt;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d +0000", kDays.at(parts.tm_wday),
                parts.tm_mday, kMonths.at(parts.tm_mon), year, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text.data();
}

void add_people(MimeHeaders& headers, const Mail& mail, const Mailbox& from) {
  headers.add_mailboxes("From", {from});
  headers.add_mailboxes("Reply-To", mail.reply_to);
  headers.add_text("Subject", mail.subject);
  headers.add_mailboxes("To", mail.to);
  // Some servers mistake a mail without recipients in its headers for junk (RFC 5322, 3.4, has this form).
  if (mail.to.empty() && mail.cc.empty()) headers.add("To", "undisclosed-recipients:;");
  headers.add_mailboxes("Cc", mail.cc);
}

void add_further(MimeHeaders& headers, const Mail& mail) {
  for (const auto& [name, value] : mail.headers) headers.add_value(name, value);
  std::vector<std::string> uris;
  for (const auto& uri : mail.list_unsubscribe) uris.push_back("<" + uri + ">");
  headers.add_list("List-Unsubscribe", uris);
  if (mail.list_unsubscribe_post) headers.add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
}

// The mail is an acceptable one.
Result<std::string> build(const Mail& mail, const MimeStamp& stamp) {
  const Mailbox from = mail.from.value_or(Mailbox{stamp.from, {}});
  if (const auto status = check_mailbox(from); !status) return refuse("from: " + status.error().message);
  const auto date = date_of(stamp.date);
  if (!date) return refuse("the date is not within the years 1 to 9999");
  const auto message_id = mime_message_id(stamp.id, from.address);
  MimeHeaders headers;
  headers.add("Date", *date);
  add_people(headers, mail, from);
  headers.add("Message-ID", message_id);
  add_further(headers, mail);
  headers.add("MIME-Version", "1.0");
  const auto boundary = "=_" + to_hex(sha256(message_id)).substr(0, kBoundaryDigits);
  return headers.take() + build_mime_parts(mail, boundary);
}

}  // namespace

std::string mime_message_id(const MessageId& id, const std::string& from) {
  const auto domain = dns_domain_of(from);
  // A name cannot stand before an address literal.
  return "<" + safe_name(id) + (domain.starts_with('[') ? "@" : "@waybill.") + domain + ">";
}

Result<std::string> build_mime(const MailRequest& request, const MimeStamp& stamp) {
  if (const auto errors = check_mail_request(request, no_size_limits()); !errors.empty()) {
    return refuse(to_string(errors));
  }
  return build(to_mail(request), stamp);
}

Result<std::string> build_mime(const Mail& mail, const MimeStamp& stamp) {
  if (const auto errors = check_mail(mail, no_size_limits()); !errors.empty()) return refuse(to_sentence(errors));
  return build(mail, stamp);
}

}  // namespace waybill
