// What this process takes of its machine, as the kernel tells it.
#pragma once

#include <cstdint>
#include <optional>

namespace waybill {

struct ProcessUsage {
  double cpu_seconds = 0;  ///< user and system, of all threads
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> open_files;
  std::uint64_t open_files_max = 0;  ///< the soft limit
};

/// What cannot be read (no /proc) is left out. Any thread; reads two pseudo files.
[[nodiscard]] ProcessUsage read_process_usage();

}  // namespace waybill
