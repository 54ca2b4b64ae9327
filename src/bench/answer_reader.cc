#include "bench/answer_reader.h"

#include <strings.h>

#include <charconv>

namespace waybill::bench {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kEndOfLine = "\r\n";
constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr std::size_t kHeadMax = 16U << 10U;

std::optional<long> number_in(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data() || value < 0) return std::nullopt;
  return value;
}

// What follows `Name:` if the line is that header.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || line[name.size()] != ':') return std::nullopt;
  if (::strncasecmp(line.data(), name.data(), name.size()) != 0) return std::nullopt;
  return line.substr(name.size() + 1);
}

struct Head {
  HttpAnswer answer;
  std::optional<std::size_t> length;
};

Head read_head(std::string_view head) {
  Head read;
  if (!head.starts_with(kVersion)) return read;
  read.answer.status = static_cast<int>(number_in(head.substr(kVersion.size(), 3)).value_or(0));
  for (auto at = head.find(kEndOfLine); at + kEndOfLine.size() < head.size();) {
    const auto begin = at + kEndOfLine.size();
    at = head.find(kEndOfLine, begin);
    const auto line = head.substr(begin, at - begin);
    if (const auto length = value_of(line, "Content-Length")) {
      if (const auto bytes = number_in(*length)) read.length = static_cast<std::size_t>(*bytes);
    } else if (const auto after = value_of(line, "Retry-After")) {
      read.answer.retry_after_s = static_cast<int>(number_in(*after).value_or(0));
    } else if (const auto connection = value_of(line, "Connection")) {
      read.answer.close = connection->find("close") != std::string_view::npos;
    }
  }
  return read;
}

}  // namespace

std::optional<HttpAnswer> AnswerReader::read() {
  if (broken_) return std::nullopt;
  if (head_ == 0) {
    const auto end = buffer_.find(kEndOfHead);
    if (end == std::string::npos) {
      broken_ = buffer_.size() > kHeadMax;
      return std::nullopt;
    }
    const Head head = read_head(std::string_view(buffer_).substr(0, end + kEndOfLine.size()));
    broken_ = head.answer.status == 0 || !head.length;
    if (broken_) return std::nullopt;
    answer_ = head.answer;
    length_ = *head.length;
    head_ = end + kEndOfHead.size();
  }
  if (buffer_.size() - head_ < length_) return std::nullopt;
  answer_.body = std::string_view(buffer_).substr(head_, length_);
  return answer_;
}

void AnswerReader::drop() {
  // Nearly always the whole: then nothing is moved, and the memory stays.
  buffer_.erase(0, head_ + length_);
  head_ = 0;
  length_ = 0;
}

void AnswerReader::reset() { *this = {}; }

}  // namespace waybill::bench
