// A real server as a child of the benchmark: this very program, on a free port, with files of its own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct ServerOptions {
  std::string program = "/proc/self/exe";
  std::string directory;               ///< its files: data, port, what it says; absolute
  std::vector<std::string> arguments;  ///< of `serve`, beside the places
  std::string token;                   ///< for its interface; empty: none is asked for
};

/// One thread. A server that was not stopped is killed by its pid; it also dies with this process.
class ServerProcess {
 public:
  /// Returns once it is ready to work. Errors: kRetry, kConflict (interrupted): with what it said last.
  [[nodiscard]] static Result<std::unique_ptr<ServerProcess>> start(const ServerOptions& options, MonoTime deadline,
                                                                    RunWatch& watch);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] bool running();
  /// Asks it to end. Errors: kRetry if it did not by the deadline, or ended otherwise than in order.
  [[nodiscard]] Status stop(MonoTime deadline);

 private:
  ServerProcess(ServerOptions options, pid_t pid) : options_(std::move(options)), pid_(pid) {}
  [[nodiscard]] Status await_ready(MonoTime deadline, RunWatch& watch);
  [[nodiscard]] std::string last_words() const;

  const ServerOptions options_;
  const pid_t pid_;
  std::uint16_t port_ = 0;
  bool ended_ = false;
  int wait_status_ = 0;
};

}  // namespace waybill::bench
