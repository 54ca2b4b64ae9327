// A plain loop of libcurl's own transfers, as one would write it without us.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct PlainCurlOptions {
  std::uint16_t port = 0;  ///< on this machine, without TLS
  int connections = 32;    ///< each with a thread of its own
  std::int64_t mails = 0;
  std::string content;  ///< of each mail: lines that end with CRLF
};

/// The seconds it took. Errors: kRetry (a mail was not taken), kConflict (interrupted).
[[nodiscard]] Result<double> run_plain_curl(const PlainCurlOptions& options, RunWatch& watch);

}  // namespace waybill::bench
