#include "app/stop_signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

namespace waybill::app {
namespace {

// Everything is done on one thread, which has the signals blocked from the first test on. The one that finds SIGHUP
// ignored and unblocked is a process of its own.

TEST(StopSignalsTest, AnIgnoredHangUpStaysIgnored) {
  const auto as_under_nohup = [] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    std::signal(SIGHUP, SIG_IGN);
    StopSignals signals;
    signals.wake();
    ::raise(SIGHUP);
    std::_Exit(signals.wait() == StopSignals::Event::kWoken ? 0 : 1);
  };
  EXPECT_EXIT(as_under_nohup(), testing::ExitedWithCode(0), "");
}

TEST(StopSignalsTest, EachStopSignalIsToldOnce) {
  StopSignals signals;
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    ASSERT_EQ(::raise(signal), 0);
    EXPECT_EQ(signals.wait(), StopSignals::Event::kSignal);
  }
  signals.wake();
  EXPECT_EQ(signals.wait(), StopSignals::Event::kWoken) << "no signal is left";
}

TEST(StopSignalsTest, AWakeOfAnotherThreadIsTold) {
  StopSignals signals;
  std::thread other([&signals] { signals.wake(); });
  EXPECT_EQ(signals.wait(), StopSignals::Event::kWoken);
  other.join();
}

TEST(StopSignalsTest, ASignalBeforeAWakeIsToldFirst) {
  StopSignals signals;
  signals.wake();
  ASSERT_EQ(::raise(SIGTERM), 0);
  EXPECT_EQ(signals.wait(), StopSignals::Event::kSignal);
  EXPECT_EQ(signals.wait(), StopSignals::Event::kWoken);
}

}  // namespace
}  // namespace waybill::app
