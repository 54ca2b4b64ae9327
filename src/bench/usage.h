// What a process has used of the machine, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace waybill::bench {

/// Of all threads, in seconds; 0 if there is no such process.
[[nodiscard]] double cpu_seconds(pid_t process);
/// The most memory it had at once, in MiB, since its start or its last forget_peak().
[[nodiscard]] double peak_rss_mib(pid_t process);
[[nodiscard]] double rss_mib(pid_t process);
/// How often its threads went to sleep by themselves: about its wake-ups.
[[nodiscard]] std::int64_t voluntary_switches(pid_t process);

/// Begins the peak of this process anew. False if the kernel does not know how: then it counts from the start.
bool forget_peak();

}  // namespace waybill::bench
