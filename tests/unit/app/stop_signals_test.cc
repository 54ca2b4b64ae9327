#include "app/stop_signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace waybill::app {
namespace {

// Everything is done on one thread, which has the signals blocked from the first test on.

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
