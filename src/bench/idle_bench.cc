#include "bench/idle_bench.h"

#include <chrono>
#include <memory>
#include <thread>

#include "bench/server_process.h"
#include "bench/usage.h"

namespace waybill::bench {
namespace {

using std::chrono_literals::operator""s;

constexpr auto kStartMax = 30s;
constexpr auto kStopMax = 60s;
constexpr Duration kLook{100};

MonoTime now() { return std::chrono::steady_clock::now(); }

Status sit(ServerProcess& server, const char* what, int seconds, RunWatch& watch) {
  const MonoTime begin = now();
  while (now() - begin < std::chrono::seconds(seconds)) {
    if (watch.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    if (!server.running()) return make_error(ErrorClass::kRetry, "the server ended by itself");
    std::this_thread::sleep_for(kLook);
    watch.tell(what, (now() - begin) / 1s, seconds);
  }
  return ok_status();
}

}  // namespace

Result<Report> run_idle_bench(const app::Config& config, const std::string& directory, const IdleBenchOptions& options,
                              RunWatch& watch) {
  ServerOptions server_options;
  server_options.places = {directory, "", ""};
  server_options.arguments = options.serve_arguments;
  if (!config.http.tokens.empty()) server_options.token = config.http.tokens.front();
  if (!options.roles.empty()) {
    server_options.arguments.insert(server_options.arguments.end(), {"--roles", options.roles});
  }
  auto server = ServerProcess::start(server_options, now() + kStartMax, watch);
  if (!server.ok()) return server.error();
  const pid_t pid = (*server)->pid();
  if (Status sat = sit(**server, "settling", options.settle, watch); !sat.ok()) return sat.error();
  const double cpu = cpu_seconds(pid);
  const std::int64_t switches = voluntary_switches(pid);
  if (Status sat = sit(**server, "idle", options.seconds, watch); !sat.ok()) return sat.error();
  const double used = cpu_seconds(pid) - cpu;
  Report report;
  report.add("seconds", std::int64_t{options.seconds});
  report.add("roles", options.roles.empty() ? std::string("all") : options.roles);
  report.add("cpu_seconds", used);
  report.add("cpu_percent", used / options.seconds * 100);
  report.add("wake_ups_per_second", static_cast<double>(voluntary_switches(pid) - switches) / options.seconds);
  report.add("rss_mib", rss_mib(pid));
  report.add("max_rss_mib", peak_rss_mib(pid));
  if (Status stopped = (*server)->stop(now() + kStopMax); !stopped.ok()) return stopped.error();
  return report;
}

}  // namespace waybill::bench
