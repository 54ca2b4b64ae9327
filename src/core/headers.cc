#include "core/headers.h"

#include <algorithm>
#include <charconv>

namespace waybill {
namespace {

constexpr std::string_view kOwnPrefix = "x-waybill-";

std::optional<std::string_view> find(const Headers& headers, std::string_view name) {
  const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
  return found == headers.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

bool is_own(std::string_view name) { return name.starts_with(kOwnPrefix); }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

void append_word(std::string& text, std::string_view name, std::string_view value) {
  if (!text.empty()) text += ' ';
  text.append(name).append("=").append(value);
}

std::string mark_text(const Mark& mark, const Route& route) {
  constexpr std::size_t kNumbersAndNames = 200;
  std::string text;
  text.reserve(mark.log.size() + route.exchange.size() + route.routing_key.size() + kNumbersAndNames);
  append_word(text, "log", mark.log);
  append_word(text, "publish", std::to_string(mark.publish_number));
  append_word(text, "time", std::to_string(to_millis(mark.publish_time)));
  if (mark.digest) append_word(text, "digest", to_hex(*mark.digest));
  if (mark.crashes > 0) append_word(text, "crashes", std::to_string(mark.crashes));
  if (mark.body_in_log) append_word(text, "body", std::to_string(*mark.body_in_log));
  append_word(text, "exchange", route.exchange);
  append_word(text, "key", route.routing_key);
  return text;
}

// What stands before the route: a route may hold spaces.
struct Words {
  std::string_view log, publish, time, digest, crashes, body;
};

Words split(std::string_view text) {
  Words words;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const auto name = word.substr(0, word.find('='));
    const auto value = word.substr(std::min(word.size(), name.size() + 1));
    if (name == "exchange") break;
    if (name == "log") words.log = value;
    if (name == "publish") words.publish = value;
    if (name == "time") words.time = value;
    if (name == "digest") words.digest = value;
    if (name == "crashes") words.crashes = value;
    if (name == "body") words.body = value;
  }
  return words;
}

}  // namespace

Headers with_mark(const Message& message, const Mark& mark) {
  // A name of ours among the message's own headers would be read as the mark.
  Headers headers;
  headers.reserve(message.headers.size() + 1);
  std::ranges::copy_if(message.headers, std::back_inserter(headers),
                       [](const auto& header) { return !is_own(header.first) || header.first == kHeaderDeadOf; });
  headers.emplace_back(kHeaderMark, mark_text(mark, message.route));
  return headers;
}

std::optional<Mark> read_mark(const Headers& headers) {
  const auto text = find(headers, kHeaderMark);
  if (!text) return std::nullopt;
  const Words words = split(*text);
  const auto number = parse_number<std::int64_t>(words.publish);
  const auto time = parse_number<std::int64_t>(words.time);
  const auto body = parse_number<std::size_t>(words.body);
  if (words.log.empty() || !number || !time || (!words.body.empty() && !body)) return std::nullopt;
  return Mark{std::string(words.log),
              *number,
              from_millis(*time),
              parse_digest(words.digest),
              parse_number<int>(words.crashes).value_or(0),
              body};
}

std::int64_t publish_number_of(const Headers& headers) {
  const auto text = find(headers, kHeaderMark);
  return text ? parse_number<std::int64_t>(split(*text).publish).value_or(0) : 0;
}

Headers without_mark(const Headers& headers) {
  Headers rest;
  std::ranges::copy_if(headers, std::back_inserter(rest), [](const auto& header) { return !is_own(header.first); });
  return rest;
}

std::optional<Digest> parse_digest(std::string_view hex) {
  Digest digest{};
  if (hex.size() != digest.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const int high = hex_value(hex[2 * i]);
    const int low = hex_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

}  // namespace waybill
