#include "base/fault_point.h"

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

namespace waybill {
namespace {

std::string g_name;  // set before any thread starts, constant afterwards
long g_nth = 1;      // likewise
std::atomic<long> g_hits{0};

bool reached(std::string_view name) {
  if (g_name.empty() || g_name != name) return false;
  return g_hits.fetch_add(1, std::memory_order_relaxed) + 1 >= g_nth;
}

}  // namespace

const std::vector<std::string_view>& fault_point_names() {
  static const std::vector<std::string_view> names = {
      "before_append_commit", "after_append_commit",  "before_publish",      "after_publish",      "before_mark",
      "after_take_commit",    "after_claim_commit",   "before_effect",       "after_begin_effect", "during_effect",
      "after_effect",         "before_finish_commit", "after_finish_commit", "before_ack",         "after_ack",
      "during_checkpoint",    "skip_publish",
  };
  return names;
}

Status configure_fault_points() {
  const char* text = std::getenv("WAYBILL_FAULT");
  if (text == nullptr || *text == '\0') return ok_status();
  const std::string_view whole(text);
  const auto colon = whole.find(':');
  const auto name = whole.substr(0, colon);
  long nth = 1;
  if (colon != std::string_view::npos) {
    const auto digits = whole.substr(colon + 1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), nth);
    if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || nth < 1) {
      return make_error(ErrorClass::kPermanent, "WAYBILL_FAULT: '" + std::string(digits) + "' is not a count from 1");
    }
  }
  std::string known;
  for (const auto candidate : fault_point_names()) {
    if (candidate == name) {
      g_name = name;
      g_nth = nth;
      return ok_status();
    }
    known += (known.empty() ? "" : ", ") + std::string(candidate);
  }
  return make_error(ErrorClass::kPermanent,
                    "WAYBILL_FAULT: no fault point '" + std::string(name) + "'; known: " + known);
}

void crash_point(std::string_view name) {
  if (!reached(name)) return;
  const std::string line = "fault point " + std::string(name) + " reached\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
  std::raise(SIGKILL);
}

bool fault_active(std::string_view name) { return reached(name); }

}  // namespace waybill
