#include "core/retry_policy.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace waybill {
namespace {

using namespace std::chrono_literals;

RetryPolicy parsed(std::string_view text) {
  auto policy = parse_retry_policy(text);
  EXPECT_TRUE(policy.ok()) << text;
  return policy.ok() ? *policy : RetryPolicy{};
}

TEST(RetryPolicy, IsThreeAttemptsEightSecondsApartUnlessSaidOtherwise) {
  const RetryPolicy policy;
  EXPECT_EQ(policy.delay_after(1, 0.5), 8s);
  EXPECT_EQ(policy.delay_after(2, 0.9), 8s);
  EXPECT_FALSE(policy.used_up(2));
  EXPECT_TRUE(policy.used_up(3));
  EXPECT_TRUE(policy.used_up(4));
}

TEST(RetryPolicy, OfOneAttemptIsUsedUpByTheFirstFailure) {
  EXPECT_FALSE((RetryPolicy{.attempts = 1}).used_up(0));
  EXPECT_TRUE((RetryPolicy{.attempts = 1}).used_up(1));
}

TEST(ExponentialDelay, DoublesUpToTheLongest) {
  const RetryPolicy policy{10, ExponentialDelay{1s, 60s}};
  const std::vector<Duration> expected = {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(policy.delay_after(static_cast<int>(i) + 1, 0), expected[i]) << i;
  }
}

TEST(ExponentialDelay, LosesUpToHalfByJitter) {
  EXPECT_EQ(exponential_delay(1s, 60s, 4, 0), 8s);
  EXPECT_EQ(exponential_delay(1s, 60s, 4, 0.5), 6s);
  for (const double chance : {0.0, 0.1, 0.25, 0.75, 0.999999}) {
    const Duration delay = exponential_delay(1s, 60s, 4, chance);
    EXPECT_GT(delay, 4s - 1ms);
    EXPECT_LE(delay, 8s);
  }
}

TEST(ExponentialDelay, NeverOverflows) {
  EXPECT_EQ(exponential_delay(1ms, RetryPolicy::kDelayMax, RetryPolicy::kAttemptsMax, 0), RetryPolicy::kDelayMax);
  EXPECT_EQ(exponential_delay(0ms, 60s, 1'000, 0), 0ms);
  EXPECT_EQ(exponential_delay(90s, 60s, 1, 0), 60s);
}

TEST(DelayList, RepeatsItsLastDelay) {
  const RetryPolicy policy{9, DelayList{{1s, 5s, 30s}}};
  EXPECT_EQ(policy.delay_after(1, 0), 1s);
  EXPECT_EQ(policy.delay_after(2, 0), 5s);
  EXPECT_EQ(policy.delay_after(3, 0), 30s);
  EXPECT_EQ(policy.delay_after(8, 0), 30s);
}

TEST(DelayList, ThatIsEmptyWaitsForNothing) { EXPECT_EQ((RetryPolicy{3, DelayList{}}).delay_after(1, 0), 0ms); }

TEST(RetryPolicyText, IsReadAsItIsDocumented) {
  EXPECT_EQ(parsed("fixed 3 8000"), RetryPolicy{});
  EXPECT_EQ(parsed("exponential 10 1000 60000"), (RetryPolicy{10, ExponentialDelay{1s, 60s}}));
  EXPECT_EQ(parsed("list 4 1000,5000,30000"), (RetryPolicy{4, DelayList{{1s, 5s, 30s}}}));
  EXPECT_EQ(parsed("list 2 0"), (RetryPolicy{2, DelayList{{0ms}}}));
  EXPECT_EQ(parsed("classic"), RetryPolicy{});
  EXPECT_EQ(parsed("standard"), standard_retry());
}

TEST(StandardRetry, TriesForAboutFiveDaysAndOftenInTheFirstHour) {
  const RetryPolicy policy = standard_retry();
  Duration all{0};
  Duration shortest{0};
  int in_the_first_hour = 0;
  for (int failed = 1; !policy.used_up(failed); ++failed) {
    all += policy.delay_after(failed, 0.5);
    shortest += policy.delay_after(failed, 0.999);
    if (all < std::chrono::hours(1)) ++in_the_first_hour;
  }
  EXPECT_GT(all, std::chrono::hours(4 * 24 + 18));
  EXPECT_LT(all, std::chrono::hours(5 * 24 + 6));
  EXPECT_GT(shortest, std::chrono::hours(3 * 24));
  EXPECT_GE(in_the_first_hour, 3);
}

TEST(RetryPolicyText, ComesBackAsItWasWritten) {
  for (const char* text :
       {"fixed 1 0", "fixed 1000 86400000", "exponential 10 1000 60000", "list 4 1000,5000,30000", "standard"}) {
    EXPECT_EQ(to_string(parsed(text)), text);
  }
}

TEST(RetryPolicyText, IsBounded) {
  for (const char* text : {"fixed 0 8000", "fixed 1001 8000", "fixed -1 8000", "fixed 3 86400001", "fixed 3 -1",
                           "exponential 3 1000 86400001", "list 3 1000,86400001", "fixed 99999999999 1"}) {
    EXPECT_FALSE(parse_retry_policy(text).ok()) << text;
  }
}

TEST(RetryPolicyText, ThatIsMalformedIsRefused) {
  for (const char* text : {"",
                           " ",
                           "fixed",
                           "fixed 3",
                           "fixed 3 8000 1",
                           "fixed  3 8000",
                           "fixed 3 8s",
                           "fixed three 8000",
                           "Fixed 3 8000",
                           "exponential 3 1000",
                           "exponential 3 1000 2000 3000",
                           "list 3",
                           "list 3 ",
                           "list 3 1,,2",
                           "list 3 1,2,",
                           "linear 3 1000",
                           "fixed 3 8000 ",
                           " fixed 3 8000",
                           "standard ",
                           "Standard",
                           "standard 3",
                           "classic 3 8000",
                           "fixed 3 0x10",
                           "fixed 3 1.5"}) {
    EXPECT_FALSE(parse_retry_policy(text).ok()) << "'" << text << "'";
  }
}

TEST(RetryPolicyText, ThatIsRefusedIsToldWhatWouldBeRight) {
  const auto refused = parse_retry_policy("sometimes");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().what, ErrorClass::kPermanent);
  EXPECT_NE(refused.error().message.find("'sometimes'"), std::string::npos);
  EXPECT_NE(refused.error().message.find("fixed 3 8000"), std::string::npos);
}

}  // namespace
}  // namespace waybill
