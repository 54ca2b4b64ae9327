#include "base/time_zone.h"

#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

namespace waybill {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year;

constexpr char kDatabase[] = "/usr/share/zoneinfo";
constexpr sys_seconds kFirst = sys_days(year(1970) / 1 / 1);
constexpr sys_seconds kLast = sys_days(year(2100) / 1 / 1);

/// The process's zone, until it is destroyed.
class ZoneOfProcess {
 public:
  explicit ZoneOfProcess(const std::string& zone) {
    if (const char* kept = std::getenv("TZ")) kept_ = kept;  // NOLINT(concurrency-mt-unsafe): as the header says
    set(zone.c_str());
  }
  ~ZoneOfProcess() { set(kept_ ? kept_->c_str() : nullptr); }
  ZoneOfProcess(const ZoneOfProcess&) = delete;
  ZoneOfProcess& operator=(const ZoneOfProcess&) = delete;

  [[nodiscard]] static seconds ahead_at(sys_seconds time) {
    const std::time_t when = time.time_since_epoch().count();
    std::tm shown{};
    localtime_r(&when, &shown);
    return seconds(shown.tm_gmtoff);
  }

 private:
  static void set(const char* zone) {
    if (zone != nullptr) {
      setenv("TZ", zone, 1);  // NOLINT(concurrency-mt-unsafe): likewise
    } else {
      unsetenv("TZ");  // NOLINT(concurrency-mt-unsafe): likewise
    }
    tzset();
  }
  std::optional<std::string> kept_;
};

// The first moment after `from`, at which the clock is as ahead as at `to`.
sys_seconds change_between(sys_seconds from, sys_seconds to) {
  const seconds ahead = ZoneOfProcess::ahead_at(to);
  while (to - from > seconds(1)) {
    const sys_seconds middle = from + (to - from) / 2;
    (ZoneOfProcess::ahead_at(middle) == ahead ? to : from) = middle;
  }
  return to;
}

std::vector<TimeZone::Span> spans_of(const std::string& zone) {
  const ZoneOfProcess of_process(":" + zone);
  seconds ahead = ZoneOfProcess::ahead_at(kFirst);
  std::vector<TimeZone::Span> spans{{kFirst + ahead, ahead}};
  for (sys_seconds at = kFirst; at < kLast; at += hours(24)) {
    const seconds next = ZoneOfProcess::ahead_at(at + hours(24));
    if (next == ahead) continue;
    ahead = next;
    spans.push_back({change_between(at, at + hours(24)) + ahead, ahead});
  }
  return spans;
}

bool is_known(const std::string& zone) {
  if (zone.empty() || zone.front() == '/' || zone.find("..") != std::string::npos) return false;
  // Lists of zones lie beside them.
  std::ifstream file(std::filesystem::path(kDatabase) / zone, std::ios::binary);
  std::array<char, 4> begin{};
  file.read(begin.data(), begin.size());
  return file && std::string_view(begin.data(), begin.size()) == "TZif";
}

// `+02:00`
std::optional<seconds> fixed_offset(std::string_view text) {
  if (text == "UTC" || text == "Z") return seconds(0);
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : 100; };
  const int hour = digit(1) * 10 + digit(2);
  const int minute = digit(4) * 10 + digit(5);
  if (hour > 14 || minute > 59) return std::nullopt;
  const seconds offset = hours(hour) + minutes(minute);
  return text[0] == '-' ? -offset : offset;
}

}  // namespace

Result<TimeZone> TimeZone::find(std::string_view name) {
  std::string zone(name);
  if (const auto offset = fixed_offset(name)) {
    return TimeZone(std::move(zone), {{kFirst + *offset, *offset}});
  }
  if (!is_known(zone)) {
    return make_error(ErrorClass::kPermanent, "there is no time zone '" + zone +
                                                  "' here; name one as Europe/Berlin, as UTC or as +02:00 (the names "
                                                  "come with the package tzdata)");
  }
  auto spans = spans_of(zone);
  return TimeZone(std::move(zone), std::move(spans));
}

WallTime TimeZone::to_utc(WallTime shown) const {
  seconds ahead = spans_.front().ahead;
  for (const Span& span : spans_) {
    if (shown < span.from) break;
    ahead = span.ahead;
  }
  return shown - ahead;
}

}  // namespace waybill
