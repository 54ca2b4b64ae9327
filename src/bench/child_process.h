// A program that runs beside a benchmark, as its child.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct ChildOptions {
  std::string name;                ///< for people
  std::string program;             ///< absolute
  std::vector<std::string> words;  ///< the program's own name is the first
  std::string output;              ///< a file for all that it says
  bool as_nobody = false;          ///< if we are root, it is not
};

/// One thread. One that was not stopped is killed by its pid; it also dies with this process.
class ChildProcess {
 public:
  /// Errors: kRetry.
  [[nodiscard]] static Result<std::unique_ptr<ChildProcess>> start(const ChildOptions& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  /// Waits for its end, and asks for nothing. Errors: kRetry if it did not end by the deadline, or ended otherwise than
  /// in order; kConflict (interrupted).
  [[nodiscard]] Status await_end(MonoTime deadline, RunWatch& watch);
  /// Asks it to end. Errors: kRetry if it did not by the deadline, or ended otherwise than in order.
  [[nodiscard]] Status stop(MonoTime deadline);
  /// The last line that it said.
  [[nodiscard]] std::string last_words() const;

 private:
  ChildProcess(ChildOptions options, pid_t pid) : options_(std::move(options)), pid_(pid) {}
  [[nodiscard]] Status judge() const;

  const ChildOptions options_;
  const pid_t pid_;
  bool ended_ = false;
  int wait_status_ = 0;
};

/// Runs it to its end. Errors: as start and await_end.
[[nodiscard]] Status run_child(const ChildOptions& options, MonoTime deadline, RunWatch& watch);

/// Where a program of this name is, on PATH or where those for administrators are; empty: nowhere.
[[nodiscard]] std::string find_program(const std::string& name);

}  // namespace waybill::bench
