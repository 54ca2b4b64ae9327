#include "mail/mime_headers.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "mail/mail_address.h"
#include "mail/mail_text.h"

namespace waybill {
namespace {

constexpr std::size_t kLineBytesMax = 76;     // RFC 2047, 2, for lines with encoded words; well within RFC 5322's 78
constexpr std::size_t kPlainWordMax = 60;     // leaves room for the header's name
constexpr std::size_t kEncodedBytesMax = 39;  // whole groups of base64; with `Reply-To: ` before it still one line
constexpr std::string_view kEncodedBegin = "=?UTF-8?B?";
constexpr std::string_view kAtomSpecials = "!#$%&'*+-/=?^_`{|}~";

// True if it may be taken for an encoded word, or be one.
bool looks_encoded(std::string_view text) { return text.find("=?") != std::string_view::npos; }

// True if the text reads the same when it is written as it is and folded at its spaces.
bool is_plain(std::string_view text) {
  if (!is_printable_ascii(text) || looks_encoded(text) || text.find("  ") != std::string_view::npos) return false;
  if (text.starts_with(' ') || text.ends_with(' ')) return false;
  for (;;) {
    const auto space = text.find(' ');
    if (std::min(space, text.size()) > kPlainWordMax) return false;
    if (space == std::string_view::npos) return true;
    text.remove_prefix(space + 1);
  }
}

// RFC 2047 encoded words of whole characters, with spaces between, which readers leave out. GMime 3.2 would write words
// longer than 75, drop outer spaces and leave alone what only looks like an encoded word.
std::string encoded_words(std::string_view text) {
  std::string words;
  while (!text.empty()) {
    auto length = std::min(kEncodedBytesMax, text.size());
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
    if (!words.empty()) words += ' ';
    words.append(kEncodedBegin).append(base64_encode(text.substr(0, length))).append("?=");
    text.remove_prefix(length);
  }
  return words;
}

bool is_atom_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kAtomSpecials.find(c) != std::string_view::npos;
}

}  // namespace

void MimeHeaders::begin(std::string_view name) {
  line_ = block_.size();
  first_ = true;
  block_ += name;
  block_ += ':';
}

// Spaces that the word begins with belong to it: they are never the end of a line.
void MimeHeaders::word(std::string_view word) {
  const std::string_view space = !first_ && word.starts_with(' ') ? "" : " ";
  const bool fits = block_.size() - line_ + space.size() + word.size() <= kLineBytesMax;
  // A long name may stand alone before an encoded word, for whose line there is a limit (RFC 2047, 2).
  if (!fits && (!first_ || word.starts_with(kEncodedBegin))) {
    block_ += "\r\n";
    line_ = block_.size();
  }
  block_ += space;
  block_ += word;
  first_ = false;
}

void MimeHeaders::words(std::string_view text) {
  while (!text.empty()) {
    // A run of spaces goes with the word behind it, but for the one that is written anyway.
    const auto begin = text.find_first_not_of(' ');
    const auto end = text.find(' ', std::min(begin, text.size()));
    word(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end);
    if (!text.starts_with("  ")) text.remove_prefix(1);
  }
}

void MimeHeaders::end() {
  if (first_) block_ += ' ';  // `Subject: `, as most mail programs write an empty one
  block_ += "\r\n";
}

void MimeHeaders::add(std::string_view name, std::string_view value) {
  begin(name);
  words(value);
  end();
}

void MimeHeaders::add_text(std::string_view name, std::string_view text) {
  add(name, is_plain(text) ? std::string(text) : encoded_words(text));
}

void MimeHeaders::add_value(std::string_view name, std::string_view value) {
  add(name, is_printable_ascii(value) && !looks_encoded(value) ? std::string(value) : encoded_words(value));
}

void MimeHeaders::add_mailboxes(std::string_view name, const std::vector<Mailbox>& mailboxes) {
  if (mailboxes.empty()) return;
  begin(name);
  for (const auto& mailbox : mailboxes) {
    const std::string comma = &mailbox == &mailboxes.back() ? "" : ",";
    const auto address = wire_address(mailbox.address);
    if (mailbox.name.empty()) {
      word(address + comma);
      continue;
    }
    const auto& text = mailbox.name;
    const bool plain = is_plain(text);
    if (plain && std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || is_atom_char(c); })) {
      words(text);
    } else if (plain && text.size() <= kPlainWordMax) {
      word(quoted_string(text));
    } else {
      words(encoded_words(text));
    }
    word(std::string("<").append(address).append(">").append(comma));
  }
  end();
}

void MimeHeaders::add_list(std::string_view name, const std::vector<std::string>& items) {
  if (items.empty()) return;
  begin(name);
  for (const auto& item : items) word(&item == &items.back() ? item : item + ",");
  end();
}

std::string MimeHeaders::take() { return std::exchange(block_, {}); }

}  // namespace waybill
