#include "api/accept_trouble.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

namespace waybill::api {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime kStart{1h};

std::string logged(const std::function<void()>& run) {
  testing::internal::CaptureStderr();
  run();
  return testing::internal::GetCapturedStderr();
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

class AcceptTroubleTest : public testing::Test {
 protected:
  // As the server does it: a failure, a pause of 20 ms, the next one.
  void fail_for(Duration time) {
    for (const MonoTime end = now_ + time; now_ < end; now_ += 20ms) {
      trouble_.on_failure("Too many open files", now_);
      trouble_.on_tick(now_);
    }
  }

  AcceptTrouble trouble_;
  MonoTime now_ = kStart;
};

TEST_F(AcceptTroubleTest, ItsBeginIsToldOnce) {
  const std::string told = logged([&] { fail_for(59s); });
  EXPECT_EQ(lines(told), 1U) << told;
  EXPECT_NE(told.find("warning http: cannot accept connections: they wait error=\"Too many open files\""),
            std::string::npos)
      << told;
  EXPECT_TRUE(trouble_.lasts());
}

TEST_F(AcceptTroubleTest, WhileItLastsItIsToldOnceAMinute) {
  const std::string told = logged([&] { fail_for(181s); });
  EXPECT_EQ(lines(told), 4U) << told;
  EXPECT_NE(told.find("still cannot accept connections error=\"Too many open files\" failures=3001 for_ms=60000"),
            std::string::npos)
      << told;
}

TEST_F(AcceptTroubleTest, ItsEndIsToldOnce) {
  static_cast<void>(logged([&] { fail_for(5s); }));
  const std::string told = logged([&] {
    for (const MonoTime end = now_ + 10s; now_ < end; now_ += 20ms) trouble_.on_tick(now_);
  });
  EXPECT_EQ(lines(told), 1U) << told;
  EXPECT_NE(told.find("info http: accepts connections again failures=250 after_ms=4980"), std::string::npos) << told;
  EXPECT_FALSE(trouble_.lasts());
}

// At the limit each connection that goes lets one in, and the next one fails.
TEST_F(AcceptTroubleTest, ASuccessInBetweenIsNoEnd) {
  const std::string told = logged([&] {
    for (int i = 0; i < 50; ++i) {
      fail_for(20ms);
      now_ += 500ms;
      trouble_.on_tick(now_);
    }
  });
  EXPECT_EQ(lines(told), 1U) << told;
}

TEST_F(AcceptTroubleTest, TheNextOneIsToldAgain) {
  const std::string told = logged([&] {
    for (int i = 0; i < 2; ++i) {
      fail_for(1s);
      now_ += 2s;
      trouble_.on_tick(now_);
    }
  });
  EXPECT_EQ(lines(told), 4U) << told;
}

}  // namespace
}  // namespace waybill::api
