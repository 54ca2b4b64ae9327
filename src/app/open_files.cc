#include "app/open_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <string>

namespace waybill::app {
namespace {

constexpr std::uint64_t kOfEachHandler = 3;  // its mail, the mail's directory, the journal
constexpr std::uint64_t kOfTheRest = 64;     // the log's connections, polling, pipes, /proc
constexpr int kRefusedMost = 64;
constexpr int kConnectionsLeast = 8;

std::uint64_t needed_with(const Config& config, int connections) {
  return static_cast<std::uint64_t>(connections + refused_connections(connections)) +
         kOfEachHandler * static_cast<std::uint64_t>(config.worker.max_concurrency) +
         config.mail.smtp.relays.size() * static_cast<std::uint64_t>(config.mail.smtp.max_connections) + kOfTheRest;
}

}  // namespace

int refused_connections(int max_connections) { return std::clamp(max_connections / 8, 1, kRefusedMost); }

std::uint64_t open_files_needed(const Config& config) { return needed_with(config, config.http.max_connections); }

Result<int> connections_within(const Config& config, std::uint64_t allowed) {
  const int least = std::min(config.http.max_connections, kConnectionsLeast);
  if (needed_with(config, least) > allowed) {
    return make_error(ErrorClass::kPermanent,
                      "only " + std::to_string(allowed) + " files may be open, and at least " +
                          std::to_string(needed_with(config, least)) +
                          " are needed: raise the hard limit (ulimit -Hn, LimitNOFILE) or lower "
                          "worker.max_concurrency");
  }
  int connections = config.http.max_connections;
  while (needed_with(config, connections) > allowed) --connections;
  return connections;
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
