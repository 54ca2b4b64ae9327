#include "log/mariadb/sql.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace waybill::mariadb {
namespace {

using std::chrono::sys_days;
using std::chrono::year;

constexpr WallTime kNoDate = sys_days(year(-1) / 1 / 1);
constexpr WallTime kFirst = sys_days(year(1) / 1 / 1);
constexpr WallTime kLast = WallTime(sys_days(year(10'000) / 1 / 1)) - Duration{1};

bool is_special(char c) { return c == '\'' || c == '\\' || c == '\0'; }

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(std::ranges::find_if(text, is_special) - text.begin());
    out += text.substr(0, plain);
    if (plain == text.size()) return;
    out += '\\';
    out += text[plain] == '\0' ? '0' : text[plain];
    text.remove_prefix(plain + 1);
  }
}

void append_digits(std::string& out, unsigned number, int width) {
  std::array<char, 4> digits{};
  for (int i = width - 1; i >= 0; --i) {
    digits[static_cast<std::size_t>(i)] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  out.append(digits.data(), static_cast<std::size_t>(width));
}

}  // namespace

void append(std::string& out, Null) { out += "NULL"; }

void append(std::string& out, Bytes value) {
  out += "_binary'";
  append_escaped(out, value.bytes);
  out += '\'';
}

void append(std::string& out, std::string_view value) {
  out += '\'';
  append_escaped(out, value);
  out += '\'';
}

void append(std::string& out, std::int64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append(std::string& out, WallTime value) {
  if (value < kFirst) {
    out += "'0000-00-00 00:00:00.000'";
    return;
  }
  value = std::min(value, kLast);
  const auto day = std::chrono::floor<std::chrono::days>(value);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(value - day);
  out += '\'';
  append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += ' ';
  append_digits(out, static_cast<unsigned>(time.hours().count()), 2);
  out += ':';
  append_digits(out, static_cast<unsigned>(time.minutes().count()), 2);
  out += ':';
  append_digits(out, static_cast<unsigned>(time.seconds().count()), 2);
  out += '.';
  append_digits(out, static_cast<unsigned>(time.subseconds().count()), 3);
  out += '\'';
}

void append(std::string& out, const Digest& value) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += "x'";
  for (const auto byte : value) {
    out += kDigits[static_cast<unsigned>(byte) >> 4U];
    out += kDigits[static_cast<unsigned>(byte) & 15U];
  }
  out += '\'';
}

void append(std::string& out, const Route& value) {
  append(out, value.exchange);
  out += ',';
  append(out, value.routing_key);
}

std::string_view up_to_place(std::string_view& pattern) {
  const auto at = pattern.find('?');
  const auto part = pattern.substr(0, at);
  pattern.remove_prefix(at + 1);
  return part;
}

std::int64_t read_integer(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// `2026-01-31 08:00:00.125`; the fraction may be shorter or absent.
WallTime read_time(std::string_view text) {
  const auto part = [&](std::size_t from, std::size_t length) {
    return text.size() < from + length ? 0 : static_cast<unsigned>(read_integer(text.substr(from, length)));
  };
  const auto month = part(5, 2);
  const auto day = part(8, 2);
  if (month == 0 || day == 0) return kNoDate;
  const sys_days date(year(static_cast<int>(part(0, 4))) / std::chrono::month(month) / std::chrono::day(day));
  return date + std::chrono::hours(part(11, 2)) + std::chrono::minutes(part(14, 2)) +
         std::chrono::seconds(part(17, 2)) + Duration{part(20, 3)};
}

}  // namespace waybill::mariadb
