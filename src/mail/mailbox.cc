#include "mail/mailbox.h"

#include <utility>

#include "core/names.h"
#include "mail/mail_address.h"
#include "mail/mail_text.h"

namespace waybill {
namespace {

Error refuse(std::string why) { return make_error(ErrorClass::kPermanent, std::move(why)); }

std::string_view without_outer_spaces(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// Where the quoted string that the text begins with ends, behind its last quote; npos if it does not end.
std::size_t quoted_end(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return std::string_view::npos;
}

std::string unquoted(std::string_view text) {
  std::string plain;
  for (std::size_t at = 1; at + 1 < text.size(); ++at) {
    if (text[at] == '\\') ++at;
    plain += text[at];
  }
  return plain;
}

Result<std::string> read_name(std::string_view text) {
  text = without_outer_spaces(text);
  if (text.starts_with('"')) {
    if (quoted_end(text) != text.size()) return refuse("the name before the < is not quoted as a whole");
    return unquoted(text);
  }
  if (text.find_first_of("\"<>,;") != std::string_view::npos) {
    return refuse("the name before the < needs double quotes around it");
  }
  return std::string(text);
}

// Where the `<` before the address is; npos if there is none outside quotes.
std::size_t bracket_of(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '<') return at;
    if (text[at] != '"') continue;
    const auto length = quoted_end(text.substr(at));
    if (length == std::string_view::npos) break;
    at += length - 1;
  }
  return std::string_view::npos;
}

}  // namespace

Status check_mailbox(const Mailbox& mailbox) {
  if (auto status = check_international_address(mailbox.address); !status) return status;
  if (mailbox.name.size() > kMailboxNameBytesMax) return refuse("the name is longer than 255 bytes");
  if (!is_valid_utf8(mailbox.name)) return refuse("the name is not valid UTF-8");
  if (has_control_character(mailbox.name)) return refuse("the name contains a line break or another control character");
  return ok_status();
}

Result<Mailbox> read_mailbox(std::string_view text) {
  text = without_outer_spaces(text);
  const auto bracket = bracket_of(text);
  if (bracket == std::string_view::npos) return Mailbox{std::string(text), {}};
  if (!text.ends_with('>')) return refuse("something follows the address in <>, or its > is missing");
  auto name = read_name(text.substr(0, bracket));
  if (!name) return name.error();
  return Mailbox{std::string(text.substr(bracket + 1, text.size() - bracket - 2)), *std::move(name)};
}

std::vector<std::string_view> split_mailboxes(std::string_view text, std::size_t most) {
  std::vector<std::string_view> parts;
  const auto add = [&parts](std::string_view part) {
    if (part = without_outer_spaces(part); !part.empty()) parts.push_back(part);
  };
  bool in_quotes = false;
  bool in_brackets = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size() && parts.size() <= most; ++at) {
    const char c = text[at];
    if (in_quotes) {
      if (c == '\\') ++at;
      in_quotes = c != '"';
    } else if (c == '"') {
      in_quotes = true;
    } else if (in_brackets || c == '<') {
      in_brackets = c != '>';
    } else if (c == ',' || c == ';') {
      add(text.substr(begin, at - begin));
      begin = at + 1;
    }
  }
  if (parts.size() <= most) add(text.substr(begin));
  return parts;
}

}  // namespace waybill
