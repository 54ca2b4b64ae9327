#include "base/fault_point.h"

#include <unistd.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "base/log.h"

namespace waybill {
namespace {

std::string g_name;  // set before any thread starts, constant afterwards
long g_nth = 1;      // likewise
std::atomic<long> g_hits{0};
std::string g_gate;   // set before any thread starts, constant afterwards
std::string g_trace;  // likewise

bool reached(std::string_view name) {
  if (g_name.empty() || g_name != name) return false;
  return g_hits.fetch_add(1, std::memory_order_relaxed) + 1 >= g_nth;
}

void write_line(const std::string& line) {
  // stderr is all there is to report to; a failure to do so changes nothing.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void announce(const std::string& what) { write_line("*** FAULT INJECTION IS ON: " + what + " ***\n"); }

Status check_name(const std::string& variable, std::string_view name, const std::vector<std::string_view>& names) {
  std::string known;
  for (const auto candidate : names) {
    if (candidate == name) return ok_status();
    known += (known.empty() ? "" : ", ") + std::string(candidate);
  }
  return make_error(ErrorClass::kPermanent, variable + ": no fault point '" + std::string(name) + "'; known: " + known);
}

Status configure_trace() {
  const char* name = std::getenv("WAYBILL_FAULT_TRACE");
  if (name == nullptr || *name == '\0') return ok_status();
  if (Status known = check_name("WAYBILL_FAULT_TRACE", name, {"before_ack"}); !known.ok()) return known;
  g_trace = name;
  announce("every pass of " + g_trace + " is told");
  return ok_status();
}

}  // namespace

const std::vector<std::string_view>& fault_point_names() {
  static const std::vector<std::string_view> names = {
      "before_append_commit", "after_append_commit",  "before_publish",      "after_publish",      "before_mark",
      "after_take_commit",    "after_claim_commit",   "before_effect",       "after_begin_effect", "during_effect",
      "after_effect",         "before_finish_commit", "after_finish_commit", "before_ack",         "after_ack",
      "during_checkpoint",    "skip_publish",         "ack_before_commit",
  };
  return names;
}

Status configure_fault_points() {
  if (const char* gate = std::getenv("WAYBILL_FAULT_GATE"); gate != nullptr) {
    g_gate = gate;
    announce("handlers wait while " + g_gate + " exists");
  }
  if (Status traced = configure_trace(); !traced.ok()) return traced;
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
  if (Status known = check_name("WAYBILL_FAULT", name, fault_point_names()); !known.ok()) return known;
  g_name = name;
  g_nth = nth;
  announce(std::string(text));
  return ok_status();
}

void crash_point(std::string_view name) {
  if (!reached(name)) return;
  write_line("fault point " + std::string(name) + " reached\n");
  std::raise(SIGKILL);
}

void gate_point() {
  if (g_gate.empty()) return;
  for (int waited_ms = 0; waited_ms < 120'000 && ::access(g_gate.c_str(), F_OK) == 0; waited_ms += 5) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

bool fault_active(std::string_view name) { return reached(name); }

bool fault_traced(std::string_view name) { return !g_trace.empty() && g_trace == name; }

void write_fault_trace(std::string_view name, const std::string& what) {
  write_line("fault point " + std::string(name) + ": " + escape_line(what) + "\n");
}

}  // namespace waybill
