// `waybill bench pipeline`: from the intake to a handler that does nothing, through the message log and the broker, in
// this process; verified by a ledger of its own.
#pragma once

#include <cstdint>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "bench/report.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct PipelineOptions {
  int messages = 200'000;
  int size = 512;                    ///< bytes of a body
  int rate = 0;                      ///< messages a second; 0: as fast as they are handled
  int concurrency = 1'024;           ///< under way at once; not with a rate
  int prefetch = 1'000;              ///< of the measured instance: handlers that do nothing have no use for a small one
  int batch = 64;                    ///< asked for by one call of the intake, at most
  bool flood = false;                ///< under way only until accepted: the backlog may grow in the log
  int stored = 0;                    ///< consumed rows that the log holds before
  int prune = 0;                     ///< of these, removed meanwhile
  int waiting = 0;                   ///< open rows that the log holds before, due at once: a restart
  int missing_exchange_percent = 0;  ///< of the messages go to an exchange that there is not; measured without them too
};

/// One sentence if these do not go together.
[[nodiscard]] Status check(const PipelineOptions& options);

/// Works in `directory`, where `config` (see bench_config.h) has its places. A run that lost or repeated something has
/// a result, with problems; so has one that lost sight of a message to the missing exchange. Errors: one sentence.
[[nodiscard]] Result<Report> run_pipeline_bench(app::Config config, const std::string& directory,
                                                const PipelineOptions& options, RunWatch& watch);

}  // namespace waybill::bench
