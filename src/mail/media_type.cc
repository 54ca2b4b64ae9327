#include "mail/media_type.h"

#include <algorithm>

#include "mail/mail_text.h"

namespace waybill {
namespace {

constexpr std::size_t kBytesMax = 255;

bool is_token_char(char c) {
  return c > 0x20 && c < 0x7f && std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}

void skip_blanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(' '), text.size())); }

std::string take_token(std::string_view& text) {
  const auto* const end = std::find_if_not(text.begin(), text.end(), is_token_char);
  std::string token(text.begin(), end);
  text.remove_prefix(token.size());
  return token;
}

bool take(char wanted, std::string_view& text) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

// Nothing if it does not end.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return value;
    }
    if (text[at] == '\\' && ++at == text.size()) break;
    value += text[at];
  }
  return std::nullopt;
}

}  // namespace

std::optional<MediaType> read_media_type(std::string_view text) {
  if (text.size() > kBytesMax || !is_printable_ascii(text)) return std::nullopt;
  MediaType media;
  media.type = lower_case(take_token(text));
  if (!take('/', text)) return std::nullopt;
  media.subtype = lower_case(take_token(text));
  if (media.type.empty() || media.subtype.empty()) return std::nullopt;
  for (skip_blanks(text); !text.empty(); skip_blanks(text)) {
    if (!take(';', text)) return std::nullopt;
    skip_blanks(text);
    std::string name = lower_case(take_token(text));
    if (name.empty() || !take('=', text)) return std::nullopt;
    auto value = text.starts_with('"') ? take_quoted(text) : std::optional(take_token(text));
    if (!value || value->empty()) return std::nullopt;
    media.parameters.emplace_back(std::move(name), *std::move(value));
  }
  return media;
}

std::optional<std::string> media_type_problem(std::string_view text) {
  const auto media = read_media_type(text);
  if (!media) return "is no media type; one like application/pdf or 'text/csv; charset=utf-8' is right";
  if (media->type == "multipart" || media->type == "message") {
    return "is a " + media->type + ", which cannot be attached as bytes; application/octet-stream is right";
  }
  std::vector<std::string> names;
  for (const auto& [name, value] : media->parameters) {
    if (name == "name" || name.starts_with("name*") || name == "boundary")
      return "has a '" + name + "', which is set by Waybill";
    if (std::find(names.begin(), names.end(), name) != names.end()) return "has the parameter '" + name + "' twice";
    names.push_back(name);
  }
  return std::nullopt;
}

}  // namespace waybill
