// `waybill bench idle`: what a server without clients takes.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "bench/report.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct IdleBenchOptions {
  int settle = 10;   ///< seconds after the start before anything is measured
  int seconds = 60;  ///< measured
  std::string roles;
  std::vector<std::string> serve_arguments;  ///< that choose the server's configuration
};

/// `config` is the server's, with its places in `directory`. Errors: one sentence.
[[nodiscard]] Result<Report> run_idle_bench(const app::Config& config, const std::string& directory,
                                            const IdleBenchOptions& options, RunWatch& watch);

}  // namespace waybill::bench
