#include "mail/smtp/wire_content.h"

#include <algorithm>

#include "core/names.h"

namespace waybill::smtp {
namespace {

constexpr std::size_t kPathMax = 1'000;  // far beyond RFC 5321's 254, and within every command line

Error refuse(const char* why) { return make_error(ErrorClass::kPermanent, why); }

}  // namespace

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

Result<WireContent> make_wire_content(std::string_view mail) {
  if (mail.find('\0') != std::string_view::npos) return refuse("the mail contains a NUL byte");
  WireContent content;
  content.size = mail.size();
  content.eight_bit = !is_ascii(mail);
  content.utf8_headers = content.eight_bit && !is_ascii(mail.substr(0, mail.find("\r\n\r\n")));
  content.bytes.reserve(mail.size() + mail.size() / 64 + 8);
  for (std::size_t at = 0; at < mail.size();) {
    const auto end = mail.find('\n', at);
    auto line = mail.substr(at, end - at);
    if (end != std::string_view::npos) {
      if (!line.ends_with('\r')) return refuse("the mail contains an LF that is not part of a CRLF line end");
      line.remove_suffix(1);
    }
    if (line.find('\r') != std::string_view::npos) {
      return refuse("the mail contains a CR that is not part of a CRLF line end");
    }
    if (line.starts_with('.')) content.bytes += '.';
    content.bytes += line;
    content.bytes += "\r\n";
    at = end == std::string_view::npos ? mail.size() : end + 1;
  }
  content.bytes += ".\r\n";
  return content;
}

Status check_path(std::string_view address) {
  if (address.size() > kPathMax) return refuse("an address is longer than 1000 bytes");
  if (!is_valid_utf8(address)) return refuse("an address is not UTF-8");
  bool quoted = false;
  bool escaped = false;
  for (const char c : address) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return refuse("an address contains a control character");
    if (!quoted && (c == ' ' || c == '<' || c == '>' || c == '\\')) {
      return refuse("an address contains a space, a bracket or a backslash outside of quotes");
    }
    if (c == '"' && !escaped) quoted = !quoted;
    escaped = quoted && c == '\\' && !escaped;
  }
  if (quoted) return refuse("an address has a quote without an end");
  return ok_status();
}

}  // namespace waybill::smtp
