#include "mail/mail_text.h"

#include <algorithm>

namespace waybill {
namespace {

constexpr std::size_t kShownBytesMax = 80;

bool is_printable(char c) { return c >= 0x20 && c < 0x7f; }

}  // namespace

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

bool has_control_character(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0) return true;
  }
  return false;
}

bool is_printable_ascii(std::string_view text) { return std::all_of(text.begin(), text.end(), is_printable); }

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string shown(std::string_view text) {
  const bool cut = text.size() > kShownBytesMax;
  std::string clean(text.substr(0, kShownBytesMax));
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return !is_printable(c); }, '?');
  return clean + (cut ? "…" : "");
}

std::string quoted(std::string_view text) { return "'" + shown(text) + "'"; }

std::string quoted_string(std::string_view text) {
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') made += '\\';
    made += c;
  }
  return made + '"';
}

}  // namespace waybill
