#include "metrics/prometheus/distribution.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <thread>
#include <vector>

namespace waybill {
namespace {

constexpr std::array<double, 3> kBounds = {1, 10, 100};

TEST(DistributionTest, AValueBelongsToTheFirstBoundThatItDoesNotExceed) {
  Distribution distribution;
  for (const double value : {0.0, 1.0, 1.5, 10.0, 99.0, 100.0, 100.5, 1e9}) distribution.observe(kBounds, value);
  const auto seen = distribution.snapshot();
  EXPECT_EQ(seen.counts[0], 2U);
  EXPECT_EQ(seen.counts[1], 2U);
  EXPECT_EQ(seen.counts[2], 2U);
  EXPECT_EQ(seen.counts[3], 2U);
  EXPECT_EQ(seen.count, 8U);
  EXPECT_DOUBLE_EQ(seen.sum, 0 + 1 + 1.5 + 10 + 99 + 100 + 100.5 + 1e9);
}

TEST(DistributionTest, AsManyBucketsAsAllowedFit) {
  std::array<double, kBucketsMax> bounds{};
  std::iota(bounds.begin(), bounds.end(), 1.0);
  Distribution distribution;
  distribution.observe(bounds, 1e6);
  EXPECT_EQ(distribution.snapshot().counts[kBucketsMax], 1U);
}

TEST(DistributionTest, NoObservationOfAnyThreadIsLost) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 50'000;
  Distribution distribution;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTimes; ++i) distribution.observe(kBounds, i % 4 == 0 ? 1000 : 1);
    });
  }
  for (std::uint64_t before = 0; before < kThreads * kTimes / 2;) {
    const auto seen = distribution.snapshot();
    EXPECT_GE(seen.count, before);
    before = seen.count;
  }
  for (auto& thread : threads) thread.join();
  const auto seen = distribution.snapshot();
  EXPECT_EQ(seen.counts[0], kThreads * kTimes * 3 / 4);
  EXPECT_EQ(seen.counts[3], kThreads * kTimes / 4);
  EXPECT_DOUBLE_EQ(seen.sum, kThreads * (kTimes / 4 * 1000.0 + kTimes * 3 / 4));
}

}  // namespace
}  // namespace waybill
