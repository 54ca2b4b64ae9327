// `waybill bench scale`: what accepting and claiming one message take on a log that holds millions, against an empty
// one on the same server at the same time; and once more while somebody keeps a transaction open for minutes. For logs
// that are shared.
#pragma once

#include <cstdint>

#include "app/config.h"
#include "base/result.h"
#include "bench/report.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct ScaleOptions {
  int finished = 10'000'000;  ///< consumed rows that are there before
  int open = 1'000'000;       ///< and such as wait in a queue, for their time, or for a person
  int messages = 20'000;      ///< carried on each log, a commit for each step of each
  int hold_seconds = 300;     ///< how long a transaction is then kept open under the same load; 0: not at all
  int size = 512;             ///< bytes of a body
};

/// The log of `config` becomes the full one. Errors: kPermanent (a log in a file), kConflict (interrupted), kRetry.
[[nodiscard]] Result<Report> run_scale_bench(const app::Config& config, const ScaleOptions& options, RunWatch& watch);

}  // namespace waybill::bench
