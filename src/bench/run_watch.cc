#include "bench/run_watch.h"

#include <unistd.h>

#include <cstdio>
#include <string>

namespace waybill::bench {
namespace {

constexpr std::chrono::milliseconds kOnTerminal{200};
constexpr std::chrono::seconds kElsewhere{5};

}  // namespace

RunWatch::RunWatch() : terminal_(::isatty(STDERR_FILENO) == 1), told_(std::chrono::steady_clock::now()) {}

void RunWatch::tell(std::string_view what, std::int64_t done, std::int64_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (terminal_ ? now - told_ < kOnTerminal : now - told_ < kElsewhere) return;
  told_ = now;
  std::string line = std::string(what) + ": " + std::to_string(done);
  if (total > 0) line += " of " + std::to_string(total) + " (" + std::to_string(done * 100 / total) + " %)";
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
  shown_ = terminal_;
}

void RunWatch::clear() {
  if (!shown_) return;
  shown_ = false;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
}

}  // namespace waybill::bench
