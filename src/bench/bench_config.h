// The configuration of an instance that is measured: what its user configured, but every place is a benchmark's own, so
// that no benchmark ever touches real messages.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config_load.h"
#include "base/result.h"

namespace waybill::bench {

/// The queue that benchmarks use, on whatever broker.
inline constexpr std::string_view kBenchQueue = "waybill.bench.queue";

struct OwnPlaces {
  std::string directory;
  std::string log_url;  ///< of the message log; empty: a file in the directory
  std::string relay;    ///< where mail goes; empty: into a Maildir there
};

/// The keys that are overruled, and their values.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> keys_of(const OwnPlaces& places);

/// Errors: as load_config.
[[nodiscard]] Result<app::Config> load_in(app::ConfigSources sources, const OwnPlaces& places);

}  // namespace waybill::bench
