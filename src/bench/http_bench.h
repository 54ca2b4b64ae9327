// `waybill bench http`: a real server, driven over loopback; every answer of 200 must be a row in its log.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "bench/report.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct HttpBenchOptions {
  int connections = 64;
  int seconds = 10;   ///< measured
  int bulk = 0;       ///< messages in one request to /v1/messages; 0: one sample mail to /mail/send/v2
  int size = 0;       ///< with `bulk`: bytes of a mail's content; 0: as in the sample
  std::string roles;  ///< of the server; empty: all
  int drain = 120;    ///< seconds to wait for the delivery of everything; 0: no wait
  std::vector<std::string> serve_arguments;  ///< that choose the server's configuration
};

/// One sentence if these do not go together.
[[nodiscard]] Status check(const HttpBenchOptions& options);

/// `config` is the server's, with its places in `directory`. Errors: one sentence.
[[nodiscard]] Result<Report> run_http_bench(const app::Config& config, const std::string& directory,
                                            const HttpBenchOptions& options, RunWatch& watch);

}  // namespace waybill::bench
