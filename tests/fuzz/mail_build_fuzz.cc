// Whatever bytes stand in the log as a fuller mail: they are read or refused with a reason, and what is accepted
// survives the journey through its body and becomes lines that SMTP can carry, with no header but those that it may
// have.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/names.h"
#include "mail/custom_headers.h"
#include "mail/mail_address.h"
#include "mail/mail_body.h"
#include "mail/mail_text.h"
#include "mail/mime.h"

namespace waybill {
namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

bool is_one_of_ours(std::string_view name) {
  constexpr std::array<std::string_view, 14> kOurs{"Date",
                                                   "From",
                                                   "Reply-To",
                                                   "Subject",
                                                   "To",
                                                   "Cc",
                                                   "Message-ID",
                                                   "List-Unsubscribe",
                                                   "MIME-Version",
                                                   "Content-Type",
                                                   "Content-Disposition",
                                                   "List-Unsubscribe-Post",
                                                   "Content-Id",
                                                   "Content-Transfer-Encoding"};
  return std::find(kOurs.begin(), kOurs.end(), name) != kOurs.end();
}

void check_header_line(std::string_view line) {
  require(!is_blank(line), "no blank line within the headers");
  if (line.starts_with(' ') || line.starts_with('\t')) return;
  const auto name = line.substr(0, line.find(':'));
  require(name.size() < line.size(), "a header has a name");
  require(is_one_of_ours(name) || !header_name_problem(name), "only headers that a mail may have");
}

void check_bytes(std::string_view bytes, bool only_ascii) {
  bool in_headers = true;
  require(bytes.ends_with("\r\n"), "the last line is ended");
  while (!bytes.empty()) {
    const auto end = bytes.find("\r\n");
    const auto line = bytes.substr(0, end);
    require(line.size() <= 998, "the length of lines");
    require(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos, "whole lines");
    if (in_headers && line.empty()) in_headers = false;
    if (in_headers) check_header_line(line);
    if (only_ascii || !in_headers) require(is_ascii(line), "ASCII");
    bytes.remove_prefix(end + 2);
  }
  require(!in_headers, "headers and a body");
}

bool needs_smtputf8(const Mail& mail) {
  const auto needs = [](const Mailbox& mailbox) { return waybill::needs_smtputf8(mailbox.address); };
  return (mail.from && needs(*mail.from)) || std::any_of(mail.to.begin(), mail.to.end(), needs) ||
         std::any_of(mail.cc.begin(), mail.cc.end(), needs) ||
         std::any_of(mail.reply_to.begin(), mail.reply_to.end(), needs);
}

void check_accepted(const Mail& mail, const MailLimits& limits) {
  require(check_mail(mail, limits).empty(), "accepted twice");
  const auto recipients = recipients_of(mail);
  require(!recipients.empty() && recipients.size() <= limits.recipients_max, "number of recipients");
  const auto again = read_any_mail_body(write_mail_body(mail), limits);
  require(again.ok() && *again == mail, "the body carries the same mail");
  const auto bytes = build_mime(mail, {{"42"}, "waybill@localhost", from_millis(1'767'225'600'000)});
  require(bytes.ok(), "what is accepted can be written");
  check_bytes(*bytes, !needs_smtputf8(mail));
}

void check_one(std::string_view json, const MailLimits& limits) {
  const auto mail = read_any_mail_body(json, limits);
  if (mail.ok()) return check_accepted(*mail, limits);
  const auto& why = mail.error().message;
  require(!why.empty() && why.size() < 8'000, "a short reason");
  require(is_valid_utf8(why) && !has_control_character(why), "a reason fit to show");
}

}  // namespace
}  // namespace waybill

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  waybill::check_one(json, {});
  waybill::MailLimits small;  // so that short inputs reach them
  small.recipients_max = small.attachments_max = small.headers_max = small.tags_max = small.metadata_max = 2;
  small.subject_bytes_max = small.header_bytes_max = small.metadata_bytes_max = 8;
  small.content_bytes_max = small.bytes_max = 64;
  waybill::check_one(json, small);
  return 0;
}
