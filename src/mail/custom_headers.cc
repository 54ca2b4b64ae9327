#include "mail/custom_headers.h"

#include <algorithm>
#include <array>

#include "core/names.h"
#include "mail/mail_text.h"

namespace waybill {
namespace {

enum class Value { kText, kAscii, kMessageIds };

struct KnownHeader {
  std::string_view name;  // in lower case
  Value value;
};

constexpr std::array<KnownHeader, 17> kAllowed{{
    {"auto-submitted", Value::kAscii},
    {"comments", Value::kText},
    {"feedback-id", Value::kAscii},
    {"importance", Value::kAscii},
    {"in-reply-to", Value::kMessageIds},
    {"keywords", Value::kText},
    {"list-archive", Value::kAscii},
    {"list-help", Value::kAscii},
    {"list-id", Value::kAscii},
    {"list-owner", Value::kAscii},
    {"list-post", Value::kAscii},
    {"list-subscribe", Value::kAscii},
    {"organization", Value::kText},
    {"precedence", Value::kAscii},
    {"priority", Value::kAscii},
    {"references", Value::kMessageIds},
    {"sensitivity", Value::kAscii},
}};

constexpr std::string_view kExtension = "x-";
constexpr std::string_view kOurs = "x-waybill-";
constexpr std::size_t kNameBytesMax = 76;   // a line has room for it and for a word
constexpr std::size_t kWordBytesMax = 900;  // no line beyond 998 bytes, however it is folded (RFC 5322, 2.1.1)

bool is_name_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

const KnownHeader* find_allowed(std::string_view lower) {
  const auto* const found =
      std::find_if(kAllowed.begin(), kAllowed.end(), [&](const KnownHeader& known) { return known.name == lower; });
  return found == kAllowed.end() ? nullptr : found;
}

std::string allowed_names() {
  std::string names;
  for (const auto& known : kAllowed) names += std::string(known.name) + ", ";
  return names + "and X-… are";
}

bool has_long_word(std::string_view value) {
  for (;;) {
    const auto space = value.find(' ');
    if (std::min(space, value.size()) > kWordBytesMax) return true;
    if (space == std::string_view::npos) return false;
    value.remove_prefix(space + 1);
  }
}

// `<left@right>` and spaces between several of them.
bool are_message_ids(std::string_view value) {
  while (!value.empty()) {
    const auto end = value.find('>');
    if (!value.starts_with('<') || end == std::string_view::npos) return false;
    const auto id = value.substr(1, end - 1);
    const auto at = id.find('@');
    if (at == 0 || at == std::string_view::npos || at + 1 == id.size()) return false;
    if (!is_printable_ascii(id) || id.find_first_of("< ,;\"") != std::string_view::npos) return false;
    value.remove_prefix(end + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  }
  return true;
}

}  // namespace

std::optional<std::string> header_name_problem(std::string_view name) {
  if (name.empty()) return "has an empty name";
  if (name.size() > kNameBytesMax) return "has a name longer than " + std::to_string(kNameBytesMax) + " bytes";
  if (!std::all_of(name.begin(), name.end(), is_name_char)) {
    return "has a name with something other than letters, digits, '-' and '_'";
  }
  const std::string lower = lower_case(name);
  if (lower == "list-unsubscribe" || lower == "list-unsubscribe-post") {
    return "is written by Waybill: give 'list_unsubscribe', and 'list_unsubscribe_post' for one click";
  }
  if (lower.starts_with(kOurs)) return "is reserved: names with 'X-Waybill-' are Waybill's own";
  if (lower.starts_with(kExtension) && lower.size() > kExtension.size()) return std::nullopt;
  if (find_allowed(lower) != nullptr) return std::nullopt;
  return "is not an allowed header; " + allowed_names();
}

std::optional<std::string> header_value_problem(std::string_view name, std::string_view value, std::size_t bytes_max) {
  if (value.size() > bytes_max) return "is longer than " + std::to_string(bytes_max) + " bytes";
  if (!is_valid_utf8(value)) return "is not valid UTF-8";
  if (has_control_character(value)) return "holds a line break or another control character; one line is right";
  if (is_blank(value)) return "is empty";
  if (value.front() == ' ' || value.back() == ' ') return "begins or ends with a space";
  if (is_ascii(value) && has_long_word(value)) {
    return "has a word longer than " + std::to_string(kWordBytesMax) + " bytes";
  }
  const auto* known = find_allowed(lower_case(name));
  switch (known == nullptr ? Value::kText : known->value) {
    case Value::kText:
      return std::nullopt;
    case Value::kAscii:
      if (!is_ascii(value)) return "must be ASCII";
      return std::nullopt;
    case Value::kMessageIds:
      if (!are_message_ids(value)) return "must be message ids, such as <1@example.org>, with spaces between them";
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace waybill
