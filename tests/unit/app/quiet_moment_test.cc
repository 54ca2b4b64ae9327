#include "app/quiet_moment.h"

#include <gtest/gtest.h>

namespace waybill::app {
namespace {

constexpr MonoTime kStart{};
constexpr Duration kLook = QuietMoment::kQuietLook;

TEST(QuietMoment, IsAfterTheFirstSecondOfAnIdleInstance) {
  QuietMoment moment(kStart);
  EXPECT_FALSE(moment.come(0, kStart));  // nothing can be said of one look
  EXPECT_TRUE(moment.come(QuietMoment::kQuietFlushes - 1, kStart + kLook));
}

TEST(QuietMoment, DoesNotComeWhileMuchIsWritten) {
  QuietMoment moment(kStart);
  std::uint64_t flushes = 0;
  for (MonoTime now = kStart; now < kStart + QuietMoment::kLatest; now += kLook) {
    EXPECT_FALSE(moment.come(flushes, now));
    flushes += QuietMoment::kQuietFlushes;
  }
}

TEST(QuietMoment, ComesAsSoonAsLittleIsWritten) {
  QuietMoment moment(kStart);
  EXPECT_FALSE(moment.come(0, kStart));
  EXPECT_FALSE(moment.come(1'000, kStart + kLook));
  EXPECT_TRUE(moment.come(1'001, kStart + 2 * kLook));
}

TEST(QuietMoment, ComesInTheEndHoweverMuchIsWritten) {
  QuietMoment moment(kStart);
  EXPECT_FALSE(moment.come(0, kStart));
  EXPECT_TRUE(moment.come(1'000'000, kStart + QuietMoment::kLatest));
}

}  // namespace
}  // namespace waybill::app
