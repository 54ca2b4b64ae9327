#include "metrics/prometheus/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>

namespace waybill {
namespace {

std::optional<std::uint64_t> resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all_pages = 0;
  std::uint64_t resident_pages = 0;
  if (!(file >> all_pages >> resident_pages)) return std::nullopt;
  return resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::optional<std::uint64_t> open_files() {
  std::error_code error;
  std::filesystem::directory_iterator file("/proc/self/fd", error);
  if (error) return std::nullopt;
  std::uint64_t count = 0;
  for (; !error && file != std::filesystem::directory_iterator(); file.increment(error)) ++count;
  return count - 1;  // the one that the directory is read by
}

}  // namespace

ProcessUsage read_process_usage() {
  ProcessUsage usage;
  timespec cpu{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  usage.cpu_seconds = static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) / 1e9;
  usage.resident_bytes = resident_bytes();
  usage.open_files = open_files();
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  usage.open_files_max = files.rlim_cur;
  return usage;
}

}  // namespace waybill
