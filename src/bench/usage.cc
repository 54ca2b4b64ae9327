#include "bench/usage.h"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

namespace waybill::bench {
namespace {

constexpr double kKiBPerMiB = 1'024;

// `VmHWM:     1234 kB` → 1234; 0 if it is not there.
std::int64_t field_of(const std::string& file, const std::string& name) {
  std::ifstream status(file);
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) return std::stoll(line.substr(name.size() + 1));
  }
  return 0;
}

std::string status_file(pid_t process) { return "/proc/" + std::to_string(process) + "/status"; }

}  // namespace

double cpu_seconds(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
}

double peak_rss_mib(pid_t process) { return static_cast<double>(field_of(status_file(process), "VmHWM")) / kKiBPerMiB; }

double rss_mib(pid_t process) { return static_cast<double>(field_of(status_file(process), "VmRSS")) / kKiBPerMiB; }

std::int64_t voluntary_switches(pid_t process) {
  std::int64_t sum = 0;
  std::error_code gone;  // the process: what was summed up until then is told
  std::filesystem::directory_iterator task("/proc/" + std::to_string(process) + "/task", gone);
  for (; task != std::filesystem::directory_iterator(); task.increment(gone)) {
    sum += field_of(task->path() / "status", "voluntary_ctxt_switches");
  }
  return sum;
}

bool forget_peak() {
  std::ofstream refs("/proc/self/clear_refs");
  refs << "5" << std::flush;  // proc(5): resets the peak resident set size
  return refs.good();
}

}  // namespace waybill::bench
