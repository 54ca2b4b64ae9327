#include "app/serve.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "app/open_files.h"
#include "app/stop_signals.h"
#include "app/wiring.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "mail/posix_file.h"

namespace waybill::app {
namespace {

/// What broke the log, told by its thread and read by the main one.
class Breakage {
 public:
  explicit Breakage(StopSignals& signals) : signals_(signals) {}

  void report(const Error& error) {
    {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = error;
    }
    log_event(LogLevel::kError, "serve", "the message log cannot be used any more", {{"error", error.message}});
    signals_.wake();
  }

  [[nodiscard]] std::optional<Error> error() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  StopSignals& signals_;
  mutable std::mutex mutex_;
  std::optional<Error> error_;  // guarded by mutex_
};

/// A file that scripts find the port or address in, as long as it is served.
class WhereFile {
 public:
  explicit WhereFile(std::string path) : path_(std::move(path)) {}
  ~WhereFile() { remove(); }
  WhereFile(const WhereFile&) = delete;
  WhereFile& operator=(const WhereFile&) = delete;

  // By rename, so that no reader meets half a number.
  [[nodiscard]] Status write(const std::string& where) {
    if (path_.empty()) return ok_status();
    const std::string fresh = path_ + ".new";
    const auto file = open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (!file.ok()) return file.error();
    if (Status put = write_all(*file, where + "\n", fresh); !put.ok()) return put;
    if (::rename(fresh.c_str(), path_.c_str()) != 0) return file_error("rename", fresh, errno);
    written_ = true;
    return ok_status();
  }

  void remove() {
    if (std::exchange(written_, false)) ::unlink(path_.c_str());
  }

 private:
  const std::string path_;
  bool written_ = false;
};

// For a person. Where the output is for machines it is JSON throughout, and "started" has said the same.
void announce(const Config& config, const ListenAddress& served) {
  if (config.log.format == LogFormat::kJson) return;
  std::fprintf(stderr, "waybill: serving on http://%s, data in %s\n", served.text().c_str(), config.data.dir.c_str());
}

void tell_failure(const Config& config, const Error& error) {
  if (config.log.format == LogFormat::kJson) {
    log_event(LogLevel::kError, "serve", "failed", {{"error", error.message}});
  } else {
    std::fprintf(stderr, "waybill: %s\n", escape_line(error.message).c_str());
  }
}

/// As many files as the configuration needs, or fewer connections.
struct Files {
  std::uint64_t allowed = 0;
  int connections = 0;
};
Result<Files> allow_files(const Config& config) {
  const auto allowed = allow_open_files(open_files_needed(config));
  const auto connections = connections_within(config, allowed);
  if (!connections.ok()) return connections.error();
  return Files{allowed, *connections};
}

void warn_of_few_files(const Config& config, const Files& files) {
  if (files.connections == config.http.max_connections) return;
  log_event(LogLevel::kWarning, "serve",
            "too few files may be open for http.max_connections: fewer connections are served, the others wait; raise "
            "the hard limit (ulimit -Hn, LimitNOFILE) or lower the key",
            {{"max_connections", config.http.max_connections},
             {"served", files.connections},
             {"needed", open_files_needed(config)},
             {"allowed", files.allowed}});
}

/// Stops on a thread of its own, so that the main one can hear a second signal.
Wiring::Stopped drain(Wiring& wiring, StopSignals& signals, MonoTime deadline) {
  std::atomic<bool> stopped = false;
  Wiring::Stopped outcome;
  std::thread stopping([&] {
    outcome = wiring.stop(deadline);
    stopped = true;
    signals.wake();
  });
  while (!stopped) {
    if (signals.wait() == StopSignals::Event::kSignal && !stopped) {
      log_event(LogLevel::kWarning, "serve", "second signal: ending at once");
      std::_Exit(EXIT_FAILURE);
    }
  }
  stopping.join();
  return outcome;
}

struct Ended {
  Status outcome;
  bool served = false;  ///< it had come as far as that
  Wiring::Stopped stopped;
};

Ended run(Wiring& wiring, StopSignals& signals, const Breakage& breakage, const ServeOptions& options,
          const Files& files) {
  WhereFile port_file(options.port_file);
  WhereFile address_file(options.address_file);
  Status outcome = wiring.start();
  ListenAddress served_at = options.config.http.listen;
  served_at.port = wiring.port();
  if (outcome.ok()) outcome = port_file.write(std::to_string(served_at.port));
  if (outcome.ok()) outcome = address_file.write(served_at.text());
  const bool served = outcome.ok();
  if (served) {
    warn_of_few_files(options.config, files);
    announce(options.config, served_at);
    // Which of the two ended the wait does not matter: a wake can only mean that the log broke.
    static_cast<void>(signals.wait());
    port_file.remove();
    address_file.remove();
  }
  // Without a log nothing that runs could be recorded any more.
  const Duration grace = breakage.error() ? Duration{0} : options.config.shutdown.grace;
  if (served) log_event(LogLevel::kInfo, "serve", "stopping", {{"grace_ms", grace}});
  const Wiring::Stopped stopped = drain(wiring, signals, std::chrono::steady_clock::now() + grace);
  if (const auto broken = breakage.error()) outcome = make_error(ErrorClass::kRetry, broken->message, broken->code);
  return {outcome, served, stopped};
}

void tell_end(const Ended& ended) {
  if (!ended.served) return;
  const auto& left = ended.stopped.left_to_lapse;
  if (!left) {
    log_event(LogLevel::kWarning, "serve", "the end was not orderly: attempts that are open will lapse");
  } else if (*left > 0) {
    log_event(LogLevel::kWarning, "serve", "attempts did not end within shutdown.grace: they will lapse",
              {{"attempts", *left}});
  }
  log_event(LogLevel::kInfo, "serve", "stopped", {{"clean", ended.outcome.ok() && left == std::size_t{0}}});
}

// Handlers that still run use what would be destroyed on the way out.
[[noreturn]] void leave_running_handlers(const Config& config, const Status& outcome) {
  if (!outcome.ok()) tell_failure(config, outcome.error());
  std::_Exit(outcome.ok() ? EXIT_SUCCESS : EXIT_FAILURE);
}

Status serve_untold(const ServeOptions& options) {
  if (Status faults = configure_fault_points(); !faults.ok()) return faults;
  std::signal(SIGPIPE, SIG_IGN);  // a reader of our stderr that goes away must not end us
  StopSignals signals;
  Breakage breakage(signals);
  const auto files = allow_files(options.config);
  if (!files.ok()) return files.error();
  Config config = options.config;
  config.http.max_connections = files->connections;
  auto wiring = Wiring::build(config, [&breakage](const Error& error) { breakage.report(error); });
  if (!wiring.ok()) return wiring.error();
  const Ended ended = run(**wiring, signals, breakage, options, *files);
  if (ended.stopped.handlers_ended) wiring->reset();  // closes the log
  tell_end(ended);
  if (!ended.stopped.handlers_ended) leave_running_handlers(options.config, ended.outcome);
  return ended.outcome;
}

}  // namespace

Status serve(const ServeOptions& options) {
  configure_log(options.config.log);
  Status outcome = serve_untold(options);
  if (!outcome.ok()) tell_failure(options.config, outcome.error());
  return outcome;
}

}  // namespace waybill::app
