#include "api/response_text.h"

#include <array>
#include <cstdio>

namespace waybill::api {
namespace {

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "";  // the phrase may be empty (RFC 9112, 4)
  }
}

void add_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace

void write_response(const HttpResponse& response, const ResponseFraming& framing, std::string& out) {
  out.reserve(out.size() + response.body.size() + 512);
  out += "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out += reason_of(response.status);
  out += "\r\n";
  add_header(out, "Date", framing.date);
  add_header(out, "Content-Type", response.content_type);
  add_header(out, "Content-Length", std::to_string(response.body.size()));
  add_header(out, "Cache-Control", "no-store");
  add_header(out, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) add_header(out, name, value);
  if (!framing.keep_alive) {
    add_header(out, "Connection", "close");
  } else if (framing.announce_alive) {
    add_header(out, "Connection", "keep-alive");
  }
  out += "\r\n";
  if (!framing.without_body) out += response.body;
}

std::string http_date(WallTime time) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string_view HttpDate::now() {
  const WallTime now = SystemWallClock().now();
  const std::int64_t second = to_millis(now) / 1'000;
  if (second != second_) {
    second_ = second;
    text_ = http_date(now);
  }
  return text_;
}

}  // namespace waybill::api
