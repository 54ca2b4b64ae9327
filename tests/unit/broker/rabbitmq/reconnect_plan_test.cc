#include "broker/rabbitmq/protocol/reconnect_plan.h"

#include <gtest/gtest.h>

namespace waybill::rabbitmq {
namespace {

using std::chrono_literals::operator""ms;

RabbitMqOptions with_addresses(int count) {
  RabbitMqOptions options;
  for (int i = 0; i < count; ++i) options.url.addresses.push_back({"host" + std::to_string(i), 5672});
  options.backoff_first = 100ms;
  options.backoff_longest = 1'000ms;
  return options;
}

TEST(ReconnectPlan, OneAddressIsTriedForEverWithAGrowingPause) {
  ReconnectPlan plan(with_addresses(1));
  std::vector<Duration> pauses;
  for (int i = 0; i < 6; ++i) pauses.push_back(plan.next(0).pause);
  EXPECT_EQ(pauses, (std::vector<Duration>{100ms, 200ms, 400ms, 800ms, 1'000ms, 1'000ms}));
  for (int i = 0; i < 100'000; ++i) EXPECT_LE(plan.next(0.5).pause, 1'000ms);
}

TEST(ReconnectPlan, AllAddressesAreTriedInTurnBeforeThePauseGrows) {
  ReconnectPlan plan(with_addresses(3));
  std::vector<std::size_t> addresses;
  std::vector<Duration> pauses;
  for (int i = 0; i < 6; ++i) {
    const auto attempt = plan.next(0);
    addresses.push_back(attempt.address);
    pauses.push_back(attempt.pause);
  }
  EXPECT_EQ(addresses, (std::vector<std::size_t>{1, 2, 0, 1, 2, 0}));
  EXPECT_EQ(pauses, (std::vector<Duration>{100ms, 100ms, 100ms, 100ms, 100ms, 200ms}));
}

TEST(ReconnectPlan, SuccessBeginsAnew) {
  ReconnectPlan plan(with_addresses(1));
  for (int i = 0; i < 5; ++i) static_cast<void>(plan.next(0));
  plan.succeeded();
  EXPECT_EQ(plan.next(0).pause, 100ms);
}

TEST(ReconnectPlan, IsJittered) {
  ReconnectPlan plan(with_addresses(1));
  EXPECT_EQ(plan.next(0.99).pause, 51ms);
}

}  // namespace
}  // namespace waybill::rabbitmq
