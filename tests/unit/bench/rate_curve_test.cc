#include "bench/rate_curve.h"

#include <gtest/gtest.h>

namespace waybill::bench {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// What happens within each tenth of a second, from the begin on.
void fill(RateCurve& curve, const std::vector<int>& counts) {
  const MonoTime begin = std::chrono::steady_clock::now();
  curve.begin(begin);
  for (std::size_t slot = 0; slot < counts.size(); ++slot) {
    for (int i = 0; i < counts[slot]; ++i) curve.add(begin + 100ms * slot + 10ms);
  }
}

TEST(RateCurveTest, TellsWhenTheFirstThingHappened) {
  RateCurve curve(10s);
  fill(curve, {0, 0, 1, 50});
  EXPECT_EQ(curve.first(), 300ms);
}

TEST(RateCurveTest, TellsWhenTheUsualRateWasReached) {
  RateCurve curve(10s);
  fill(curve, {0, 1, 30, 71, 80, 100, 120, 100, 100, 90, 100, 3});
  EXPECT_EQ(curve.reached(0.8), 500ms);
}

TEST(RateCurveTest, WithoutAnythingItTellsNothing) {
  const RateCurve curve(1s);
  EXPECT_FALSE(curve.first());
  EXPECT_FALSE(curve.reached(0.8));
}

TEST(RateCurveTest, WhatComesTooLateCountsIntoTheLastSlot) {
  RateCurve curve(1s);
  curve.add(std::chrono::steady_clock::now() + 3'600s);
  EXPECT_EQ(curve.first(), 1'100ms);
}

}  // namespace
}  // namespace waybill::bench
