#include "mail/smtp/extensions.h"

#include <algorithm>
#include <charconv>

#include "mail/smtp/reply_parser.h"

namespace waybill::smtp {
namespace {

bool same_keyword(std::string_view a, std::string_view b) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return upper(x) == upper(y); });
}

}  // namespace

void ExtensionListener::hear(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with('4') || line.starts_with('5')) last_refusal_ = fit_to_show(line);
  if (!line.starts_with("250")) return;
  const bool first = !inside_;
  inside_ = line.size() > 3 && line[3] == '-';
  if (first) {
    offered_ = {};  // this line greets
  } else {
    hear_keyword(line.substr(std::min<std::size_t>(4, line.size())));
  }
}

void ExtensionListener::hear_keyword(std::string_view text) {
  const auto space = text.find_first_of(" =");  // `AUTH=LOGIN`: as old servers write it
  const auto keyword = text.substr(0, space);
  const auto value = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  if (same_keyword(keyword, "PIPELINING")) offered_.pipelining = true;
  if (same_keyword(keyword, "8BITMIME")) offered_.eight_bit_mime = true;
  if (same_keyword(keyword, "SMTPUTF8")) offered_.smtp_utf8 = true;
  if (same_keyword(keyword, "DSN")) offered_.dsn = true;
  if (same_keyword(keyword, "AUTH")) offered_.auth = true;
  if (same_keyword(keyword, "SIZE")) {
    offered_.size = true;
    std::uint64_t limit = 0;
    // A limit that cannot be read is as good as none: the server still refuses what is too large.
    if (std::from_chars(value.data(), value.data() + value.size(), limit).ec == std::errc()) offered_.size_max = limit;
  }
}

}  // namespace waybill::smtp
