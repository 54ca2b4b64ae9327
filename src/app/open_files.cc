#include "app/open_files.h"

#include <sys/resource.h>

#include <algorithm>

namespace waybill::app {
namespace {

constexpr std::uint64_t kOfEachHandler = 3;  // its mail, the mail's directory, the journal
constexpr std::uint64_t kOfTheRest = 64;     // the log's connections, polling, pipes, /proc

}  // namespace

std::uint64_t open_files_needed(const Config& config) {
  return static_cast<std::uint64_t>(config.http.max_connections) +
         kOfEachHandler * static_cast<std::uint64_t>(config.worker.max_concurrency) + kOfTheRest;
}

std::uint64_t allow_open_files(std::uint64_t needed) {
  rlimit files{};
  // It fails only for arguments that are not these.
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= needed) return files.rlim_cur;
  const rlim_t before = files.rlim_cur;
  files.rlim_cur = std::min<rlim_t>(needed, files.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : before;
}

}  // namespace waybill::app
