#include "cli/interruption.h"

#include <algorithm>
#include <csignal>
#include <thread>

namespace waybill::cli {
namespace {

constexpr Duration kStep{20};

volatile std::sig_atomic_t g_asked = 0;  // a handler can reach nothing else

void note(int /*signal*/) { g_asked = 1; }

}  // namespace

Interruption::Interruption() {
  g_asked = 0;
  struct sigaction action {};
  action.sa_handler = note;
  action.sa_flags = SA_RESETHAND;
  // Neither can fail for these signals.
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

Interruption::~Interruption() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool Interruption::asked() const { return g_asked != 0; }

bool Interruption::pause(Duration time) const {
  const MonoTime end = std::chrono::steady_clock::now() + time;
  while (!asked()) {
    const auto left = std::chrono::ceil<Duration>(end - std::chrono::steady_clock::now());
    if (left <= Duration{0}) return true;
    std::this_thread::sleep_for(std::min(left, kStep));
  }
  return false;
}

}  // namespace waybill::cli
