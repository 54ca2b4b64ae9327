// What a piece of work took.
#pragma once

#include <unistd.h>

#include <chrono>

#include "bench/usage.h"

namespace waybill::bench {

struct Cost {
  double seconds = 0;
  double cpu_seconds = 0;  ///< of the whole process

  Cost& operator+=(const Cost& more) {
    seconds += more.seconds;
    cpu_seconds += more.cpu_seconds;
    return *this;
  }
};

template <class Work>
[[nodiscard]] Cost measured(const Work& work) {
  const double cpu = cpu_seconds(::getpid());
  const auto begin = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return {took.count(), cpu_seconds(::getpid()) - cpu};
}

}  // namespace waybill::bench
