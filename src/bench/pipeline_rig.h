// The parts of an instance between its intake and its handler, as app/instance_parts.h composes them, with a handler
// of the benchmark's in the place of mail and no HTTP.
#pragma once

#include <memory>

#include "app/config.h"
#include "base/result.h"
#include "base/time.h"
#include "bench/watched_log.h"
#include "ports/handler.h"
#include "ports/intake.h"
#include "ports/operations.h"

namespace waybill::bench {

/// One thread at a time.
class PipelineRig {
 public:
  /// Opens the log of `config` and builds the parts; `handler` handles the mail queue and outlives the rig.
  [[nodiscard]] static Result<std::unique_ptr<PipelineRig>> build(const app::Config& config, Handler& handler);
  /// Ends without grace what was not stopped.
  ~PipelineRig();

  /// Starts, and waits until messages are accepted. Errors: as the log's.
  [[nodiscard]] Status start(MonoTime deadline);
  /// Lets what has begun finish; then nothing is accepted or handled any more, and the log rests. False: not all ended
  /// by the deadline.
  [[nodiscard]] bool stop(MonoTime deadline);

  [[nodiscard]] Intake& intake();
  [[nodiscard]] Operations& operations();
  [[nodiscard]] WatchedLog& log();
  [[nodiscard]] MessageReader& reader();
  /// Any thread. True once the log cannot be used any more.
  [[nodiscard]] bool broken() const;

 private:
  struct Parts;
  explicit PipelineRig(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace waybill::bench
