// Postfix's smtp-sink as a child: it takes every mail and keeps none, and it counts them, which is the independent word
// on a benchmark of mails.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "bench/child_process.h"
#include "bench/run_watch.h"

namespace waybill::bench {

/// One thread.
class SmtpSink {
 public:
  /// Its files are in `directory`. Errors: kPermanent (it is not installed), kRetry, kConflict (interrupted).
  [[nodiscard]] static Result<std::unique_ptr<SmtpSink>> start(const std::string& directory, RunWatch& watch);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// How many it has taken until now.
  [[nodiscard]] Result<std::int64_t> mails();
  /// Waits until it has taken so many since its start, and tells when it had. `moved_within`: the longest time in which
  /// none comes. Errors: kRetry (none came, or it ended), kConflict (interrupted).
  [[nodiscard]] Result<MonoTime> await(std::int64_t mails, Duration moved_within, RunWatch& watch);

 private:
  SmtpSink(std::string output, std::uint16_t port, std::unique_ptr<ChildProcess> child)
      : output_(std::move(output)), port_(port), child_(std::move(child)) {}

  const std::string output_;
  const std::uint16_t port_;
  const std::unique_ptr<ChildProcess> child_;
};

/// What its counters say: the last of `sess=2 quit=2 mesg=8`, each ended by a carriage return.
[[nodiscard]] std::int64_t counted_mails(std::string_view output);

/// Waits until somebody listens. Errors: kRetry, also if `child` ended; kConflict (interrupted).
[[nodiscard]] Status await_listener(std::uint16_t port, ChildProcess& child, RunWatch& watch);

}  // namespace waybill::bench
