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

/// The keys that are overruled, and their values, for a benchmark that works in `directory` on the message log
/// `log_url`, or without one on a file there.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> own_places(const std::string& directory,
                                                                          const std::string& log_url = "");

/// Errors: as load_config.
[[nodiscard]] Result<app::Config> load_in(app::ConfigSources sources, const std::string& directory,
                                          const std::string& log_url = "");

}  // namespace waybill::bench
