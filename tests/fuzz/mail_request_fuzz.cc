// Whatever bytes arrive as a mail request or as a message body: they are read or refused with a reason, and what is
// accepted is fit to send and survives the journey through the message body.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "core/names.h"
#include "mail/mail_address.h"
#include "mail/mail_body.h"
#include "mail/mail_request.h"

namespace waybill {
namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

void check_accepted(const MailRequest& request, const MailLimits& limits) {
  require(!request.subject.empty() && request.subject.size() <= limits.subject_bytes_max, "subject's length");
  require(!has_control_character(request.subject), "no control character in the subject");
  require(is_valid_utf8(request.subject) && is_valid_utf8(request.content), "UTF-8");
  require(!request.content.empty() && request.content.size() <= limits.content_bytes_max, "content's length");
  require(request.content.find('\0') == std::string::npos, "no NUL in the content");
  require(!request.tos.empty() && request.tos.size() <= limits.recipients_max, "number of recipients");
  std::set<std::string> mailboxes;
  for (const auto& address : request.tos) {
    require(check_mail_address(address).ok(), "recipients are addresses");
    require(!has_control_character(address) && address.find('@') != std::string::npos, "recipients' characters");
    require(mailboxes.insert(mailbox_key(address)).second, "each mailbox once");
  }
  require(check_mail_request(request, limits).empty(), "accepted twice");

  const auto body = read_mail_body(write_mail_body({"42"}, request), limits);
  require(body.ok(), "the body can be read");
  require(body->msg_id == "42" && body->request == request, "the body carries the same request");
}

void check_refused(const FieldErrors& errors) {
  require(!errors.empty() && errors.size() <= 32, "a bounded number of reasons");
  for (const auto& error : errors) {
    require(!error.field.empty() && !error.message.empty(), "a field and a reason");
    require(error.field.size() < 200 && error.message.size() < 2'000, "short reasons");
    require(is_valid_utf8(error.field) && is_valid_utf8(error.message), "reasons fit to show");
    require(!has_control_character(error.field) && !has_control_character(error.message), "reasons of one line");
  }
}

void check_one(std::string_view json, const MailLimits& limits) {
  const auto parsed = parse_mail_request(json, limits);
  const auto* request = std::get_if<MailRequest>(&parsed);
  if (request != nullptr) {
    check_accepted(*request, limits);
  } else {
    check_refused(std::get<FieldErrors>(parsed));
  }
  const auto body = read_mail_body(json, limits);
  require(body.ok() || !body.error().message.empty(), "a refused body has a reason");
  if (body.ok()) check_accepted(body->request, limits);
  if (request != nullptr) require(body.ok() && body->request == *request, "a request is a body without an id");
}

}  // namespace
}  // namespace waybill

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  waybill::check_one(json, {});
  waybill::MailLimits small;  // so that short inputs reach them
  small.subject_bytes_max = 8;
  small.content_bytes_max = 16;
  small.recipients_max = 2;
  waybill::check_one(json, small);
  return 0;
}
