// `waybill bench log`: what the message log alone can carry. The bare statements of a message's life, insert and two
// guarded updates in batches on the real schema, are the ceiling for everything that stands on them; beside them the
// same through the log's verbs.
#pragma once

#include <cstdint>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "bench/report.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct LogBenchOptions {
  int messages = 100'000;
  int size = 512;     ///< bytes of a body
  int batch = 1'000;  ///< messages in one commit; each has three: appended, claimed, finished
};

/// Makes its logs in `directory`. Errors: one sentence.
[[nodiscard]] Result<Report> run_log_bench(const app::Config& config, const std::string& directory,
                                           const LogBenchOptions& options, RunWatch& watch);

}  // namespace waybill::bench
