#include "core/names.h"

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace waybill {
namespace {

constexpr std::size_t kIdCharsMax = 155;
constexpr std::size_t kIdBytesMax = 255;

// Length of the sequence that `lead` opens, 0 if it opens none.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

// RFC 3629: overlong forms, surrogates and values above U+10FFFF show in the second byte.
bool second_byte_fits(unsigned char lead, unsigned char second) {
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second < 0xA0;
  if (lead == 0xF0) return second >= 0x90;
  if (lead == 0xF4) return second < 0x90;
  return true;
}

// Number of code points, or npos if the text is not UTF-8.
std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const auto length = sequence_length(lead);
    if (length == 0 || at + length > text.size()) return std::string_view::npos;
    for (std::size_t i = 1; i < length; ++i) {
      const auto byte = static_cast<unsigned char>(text[at + i]);
      if ((byte & 0xC0) != 0x80 || (i == 1 && !second_byte_fits(lead, byte))) return std::string_view::npos;
    }
    at += length;
  }
  return count;
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::size_t length_of_character(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && length < 4 && continues_character(text[length])) ++length;
  return length;
}

// What is plain ASCII from the front on, in whole words: most text is nothing else, and every body is looked at.
std::size_t ascii_prefix(std::string_view text) {
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080U) != 0) break;
  }
  return at;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  return count_code_points(text.substr(ascii_prefix(text))) != std::string_view::npos;
}

std::string as_utf8(std::string_view text) {
  if (is_valid_utf8(text) && text.find('\0') == std::string_view::npos) return std::string(text);
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const auto character = text.substr(0, length_of_character(text));
    const bool readable = character != std::string_view("\0", 1) && is_valid_utf8(character);
    clean += readable ? character : std::string_view("?");
    text.remove_prefix(character.size());
  }
  return clean;
}

std::string_view cut_to(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && continues_character(text[bytes])) --bytes;
  return text.substr(0, bytes);
}

Status validate_message_id(std::string_view id) {
  const auto refuse = [](const char* why) { return make_error(ErrorClass::kPermanent, why); };
  if (id.empty()) return refuse("the message id is empty");
  if (id.size() > kIdBytesMax) return refuse("the message id is longer than 255 bytes");
  const auto chars = count_code_points(id);
  if (chars == std::string_view::npos) return refuse("the message id is not valid UTF-8");
  if (chars > kIdCharsMax) return refuse("the message id is longer than 155 characters");
  for (const char c : id) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return refuse("the message id contains a control character");
  }
  if (id.starts_with(kReservedIdPrefix)) return refuse("message ids that begin with 'waybill.' are reserved");
  return ok_status();
}

std::string to_string(const Owner& owner) {
  char nonce[20];
  std::snprintf(nonce, sizeof nonce, "#%016llx", static_cast<unsigned long long>(owner.boot.value));
  return owner.instance + nonce;
}

Owner parse_owner(std::string_view text) {
  const auto hash = text.rfind('#');
  if (hash == std::string_view::npos) return Owner{std::string(text), {}};
  Owner owner{std::string(text.substr(0, hash)), {}};
  std::from_chars(text.data() + hash + 1, text.data() + text.size(), owner.boot.value, 16);
  return owner;
}

}  // namespace waybill
