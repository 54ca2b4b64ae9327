#include "app/stop_signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>

namespace waybill::app {
namespace {

int checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// A blocked signal is never ignored, whatever its disposition (signal(7)), so nohup's must be left out.
sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&set, signal);
  if (!is_ignored(SIGHUP)) sigaddset(&set, SIGHUP);
  return set;
}

int open_signals() {
  const sigset_t set = stop_set();
  const int failed = ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  if (failed != 0) throw std::system_error(failed, std::generic_category(), "pthread_sigmask");
  return checked(::signalfd(-1, &set, SFD_CLOEXEC), "signalfd");
}

}  // namespace

StopSignals::StopSignals() : signals_(open_signals()), wakes_(checked(::eventfd(0, EFD_CLOEXEC), "eventfd")) {}

StopSignals::~StopSignals() {
  ::close(signals_);
  ::close(wakes_);
}

StopSignals::Event StopSignals::wait() {
  while (true) {
    std::array<pollfd, 2> sources = {pollfd{signals_, POLLIN, 0}, pollfd{wakes_, POLLIN, 0}};
    if (::poll(sources.data(), sources.size(), -1) < 0) continue;  // only EINTR is possible
    signalfd_siginfo signal{};
    if (sources[0].revents != 0 && ::read(signals_, &signal, sizeof signal) == sizeof signal) return Event::kSignal;
    std::uint64_t count = 0;
    if (sources[1].revents != 0 && ::read(wakes_, &count, sizeof count) == sizeof count) return Event::kWoken;
  }
}

void StopSignals::wake() {
  const std::uint64_t one = 1;
  // It can only fail when 2^64 - 2 wakes wait to be told, and then one is told anyway.
  [[maybe_unused]] const auto written = ::write(wakes_, &one, sizeof one);
}

}  // namespace waybill::app
