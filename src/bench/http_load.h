// The load generator of `waybill bench http`: keep-alive connections that each send their next request as soon as the
// last one is answered, on one thread and few system calls, because it shares the processors with the server.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "bench/run_watch.h"
#include "bench/statistics.h"

namespace waybill::bench {

struct HttpLoadOptions {
  std::uint16_t port = 0;
  int connections = 64;
  Duration warm_up{1'000};  ///< before anything is measured
  Duration measured{10'000};
  std::string request;  ///< whole, the same each time
  int messages = 1;     ///< in one request; more: the answer tells which were accepted
  std::int64_t requests_max =
      0;  ///< of the whole run, which ends when all are answered; 0: as many as there is time for
  std::function<void()> on_begin;  ///< the measured time begins
  std::function<void()> on_end;
};

struct HttpLoadResult {
  double seconds = 0;         ///< measured
  std::int64_t requests = 0;  ///< answered with 200 in this time
  std::int64_t messages = 0;  ///< accepted in this time
  Spread latency_ms;          ///< of these requests, from the first byte sent to the last one read
  double client_cpu_seconds = 0;
  std::map<int, std::int64_t> errors;  ///< other answers of the whole run by status; 0: the connection broke
  std::int64_t accepted = 0;           ///< messages of the whole run
  std::int64_t in_doubt = 0;           ///< messages whose request was never answered
};

/// A 503 is obeyed: its connection waits as long as Retry-After says, up to a second. Errors: kRetry (the server cannot
/// be reached, or what it says cannot be read), kConflict (interrupted).
[[nodiscard]] Result<HttpLoadResult> run_http_load(const HttpLoadOptions& options, RunWatch& watch);

/// How many messages of a bulk request its answer says were accepted.
[[nodiscard]] std::int64_t accepted_in(std::string_view bulk_answer);

}  // namespace waybill::bench
