#include <gtest/gtest.h>

#include "bench/http_bench.h"
#include "bench/pipeline_bench.h"

namespace waybill::bench {
namespace {

TEST(PipelineOptionsTest, TheDefaultsGoTogether) { EXPECT_TRUE(check(PipelineOptions{}).ok()); }

TEST(PipelineOptionsTest, NothingToDoIsRefused) {
  PipelineOptions options;
  options.messages = 0;
  EXPECT_FALSE(check(options).ok());
  options.waiting = 1;
  EXPECT_TRUE(check(options).ok());
}

TEST(PipelineOptionsTest, ARateAndAFloodExcludeEachOther) {
  PipelineOptions options;
  options.rate = 1'000;
  EXPECT_TRUE(check(options).ok());
  options.flood = true;
  ASSERT_FALSE(check(options).ok());
  EXPECT_NE(check(options).error().message.find("--rate"), std::string::npos);
}

TEST(PipelineOptionsTest, MoreThanIsStoredCannotBePruned) {
  PipelineOptions options;
  options.stored = 1'000;
  options.prune = 1'000;
  EXPECT_TRUE(check(options).ok());
  options.prune = 1'001;
  EXPECT_FALSE(check(options).ok());
}

TEST(PipelineOptionsTest, AShareOfNothingIsRefused) {
  PipelineOptions options;
  options.missing_exchange_percent = 1;
  EXPECT_TRUE(check(options).ok());
  options.messages = 0;
  options.waiting = 1;
  EXPECT_FALSE(check(options).ok());
}

TEST(PipelineOptionsTest, ARunOfMoreThanAnHourIsRefused) {
  PipelineOptions options;
  options.messages = 3'700;
  options.rate = 1;
  ASSERT_FALSE(check(options).ok());
  EXPECT_NE(check(options).error().message.find("--messages"), std::string::npos);
}

TEST(HttpBenchOptionsTest, MoreMessagesThanARequestTakesAreRefused) {
  HttpBenchOptions options;
  options.bulk = 1'000;
  EXPECT_TRUE(check(options).ok());
  options.bulk = 1'001;
  EXPECT_FALSE(check(options).ok());
}

}  // namespace
}  // namespace waybill::bench
