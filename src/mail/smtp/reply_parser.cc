#include "mail/smtp/reply_parser.h"

#include <algorithm>
#include <utility>

#include "core/names.h"

namespace waybill::smtp {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error not_a_reply(const std::string& why) {
  return make_error(ErrorClass::kPermanent, "the server does not speak SMTP: " + why);
}

// Length of the 1 to 3 digits that the text begins with; 0 if it begins with none or with more.
std::size_t short_number(std::string_view text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto length = static_cast<std::size_t>(end - text.begin());
  return length <= 3 ? length : 0;
}

// Length of an enhanced status code of this class that the text begins with; 0 if there is none (RFC 2034, 4).
std::size_t enhanced_length(std::string_view text, int severity) {
  if (text.size() < 5 || text[0] != static_cast<char>('0' + severity) || text[1] != '.') return 0;
  std::size_t at = 2;
  const auto subject = short_number(text.substr(at));
  at += subject;
  if (subject == 0 || at >= text.size() || text[at] != '.') return 0;
  const auto detail = short_number(text.substr(++at));
  at += detail;
  return detail != 0 && (at == text.size() || text[at] == ' ') ? at : 0;
}

}  // namespace

std::string fit_to_show(std::string_view text) {
  const bool utf8 = is_valid_utf8(text);
  std::string shown(text.substr(0, kReplyTextMax));
  if (utf8 && text.size() > shown.size()) {
    std::size_t end = shown.size();
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    shown.resize(end);
  }
  for (char& c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = ' ';
    if (byte >= 0x80 && !utf8) c = '?';
  }
  return shown;
}

void ReplyParser::feed(std::string_view bytes) {
  kept_.erase(0, at_);
  at_ = 0;
  kept_ += bytes;
}

Result<std::optional<Reply>> ReplyParser::next() {
  for (;;) {
    const std::string_view rest = std::string_view(kept_).substr(at_);
    const auto end = rest.find('\n');
    if (std::min(end, rest.size()) > kReplyLineMax) return not_a_reply("a line has more than 2048 bytes");
    if (end == std::string_view::npos) return std::optional<Reply>();
    auto line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (const auto error = take_line(line)) return *error;
    at_ += end + 1;
    if (!last_) continue;
    lines_ = 0;
    reply_.text = fit_to_show(reply_.text);
    return std::optional<Reply>(std::exchange(reply_, {}));
  }
}

std::optional<Error> ReplyParser::take_line(std::string_view line) {
  if (line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, is_digit) || line[0] < '2' || line[0] > '5') {
    return not_a_reply("a line does not begin with a code from 200 to 599: '" + fit_to_show(line.substr(0, 80)) + "'");
  }
  if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return not_a_reply("a code is not followed by a space");
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (lines_ > 0 && code != reply_.code) return not_a_reply("the lines of one reply have different codes");
  if (++lines_ > kReplyLinesMax) return not_a_reply("a reply has more than 100 lines");
  last_ = line.size() == 3 || line[3] == ' ';
  reply_.code = code;
  auto text = line.substr(std::min<std::size_t>(4, line.size()));
  const auto enhanced = enhanced_length(text, reply_.severity());
  if (lines_ == 1) reply_.enhanced = text.substr(0, enhanced);
  if (enhanced > 0) text.remove_prefix(std::min(enhanced + 1, text.size()));
  if (reply_.text.size() > kReplyTextMax || text.empty()) return std::nullopt;
  if (!reply_.text.empty()) reply_.text += ' ';
  reply_.text += text;
  return std::nullopt;
}

std::string to_string(const Reply& reply) {
  std::string line = std::to_string(reply.code);
  if (!reply.enhanced.empty()) line += " " + reply.enhanced;
  if (!reply.text.empty()) line += " " + reply.text;
  return line;
}

}  // namespace waybill::smtp
