#include "bench/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace waybill::bench {
namespace {

std::vector<double> one_to(int last) {
  std::vector<double> values;
  for (int i = 1; i <= last; ++i) values.push_back(i);
  std::shuffle(values.begin(), values.end(), std::mt19937(7));
  return values;
}

TEST(StatisticsTest, PercentileIsTheSmallestValueThatTheShareDoesNotExceed) {
  auto hundred = one_to(100);
  EXPECT_EQ(percentile(hundred, 0.5), 50);
  EXPECT_EQ(percentile(hundred, 0.99), 99);
  EXPECT_EQ(percentile(hundred, 1), 100);
  EXPECT_EQ(percentile(hundred, 0), 1);
  auto five = one_to(5);
  EXPECT_EQ(percentile(five, 0.5), 3);
  EXPECT_EQ(percentile(five, 0.99), 5);
}

TEST(StatisticsTest, PercentileAgreesWithASortedList) {
  std::mt19937 random(4711);
  for (int size = 1; size < 300; ++size) {
    std::vector<double> values;
    for (int i = 0; i < size; ++i) values.push_back(std::uniform_int_distribution<>(0, 50)(random));
    auto sorted = values;
    std::sort(sorted.begin(), sorted.end());
    for (const int percent : {1, 10, 25, 50, 75, 90, 99, 100}) {
      const int rank = std::max(1, (percent * size + 99) / 100);  // in whole numbers: no rounding of shares
      EXPECT_EQ(percentile(values, percent / 100.0), sorted[static_cast<std::size_t>(rank) - 1])
          << percent << " % of " << size;
    }
  }
}

TEST(StatisticsTest, OneValueIsEveryPercentile) {
  const Spread spread = spread_of({2.5});
  EXPECT_EQ(spread.p50, 2.5);
  EXPECT_EQ(spread.p99, 2.5);
  EXPECT_EQ(spread.max, 2.5);
}

TEST(StatisticsTest, NoValuesGiveZero) {
  std::vector<double> none;
  EXPECT_EQ(percentile(none, 0.5), 0);
  EXPECT_EQ(spread_of({}).max, 0);
}

TEST(StatisticsTest, SpreadTellsTheTail) {
  auto values = one_to(1'000);
  values.push_back(50'000);
  const Spread spread = spread_of(values);
  EXPECT_EQ(spread.p50, 501);
  EXPECT_EQ(spread.p99, 991);
  EXPECT_EQ(spread.max, 50'000);
}

}  // namespace
}  // namespace waybill::bench
