// A real server as a child of the benchmark: this very program, on a free port, with files of its own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/bench_config.h"
#include "bench/child_process.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct ServerOptions {
  std::string program = "/proc/self/exe";
  OwnPlaces places;                    ///< in its absolute directory are its data, its port and what it says
  std::vector<std::string> arguments;  ///< of `serve`, beside the places
  std::string token;                   ///< for its interface; empty: none is asked for
};

/// One thread.
class ServerProcess {
 public:
  /// Returns once it is ready to work. Errors: kRetry, kConflict (interrupted): with what it said last.
  [[nodiscard]] static Result<std::unique_ptr<ServerProcess>> start(const ServerOptions& options, MonoTime deadline,
                                                                    RunWatch& watch);

  [[nodiscard]] pid_t pid() const { return child_->pid(); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] bool running() { return child_->running(); }
  /// As ChildProcess.
  [[nodiscard]] Status stop(MonoTime deadline) { return child_->stop(deadline); }

 private:
  ServerProcess(ServerOptions options, std::unique_ptr<ChildProcess> child)
      : options_(std::move(options)), child_(std::move(child)) {}
  [[nodiscard]] Status await_ready(MonoTime deadline, RunWatch& watch);

  const ServerOptions options_;
  const std::unique_ptr<ChildProcess> child_;
  std::uint16_t port_ = 0;
};

}  // namespace waybill::bench
