#include "broker/rabbitmq/protocol/delivery_ledger.h"

#include <gtest/gtest.h>

namespace waybill::rabbitmq {
namespace {

DeliveryLedger delivered(std::uint64_t count) {
  DeliveryLedger ledger;
  for (std::uint64_t i = 1; i <= count; ++i) EXPECT_TRUE(ledger.add(i));
  return ledger;
}

TEST(DeliveryLedger, EachDeliveryIsAnsweredOnce) {
  auto ledger = delivered(3);
  EXPECT_TRUE(ledger.settle(2));
  EXPECT_FALSE(ledger.settle(2));
  EXPECT_TRUE(ledger.settle(1));
  EXPECT_TRUE(ledger.settle(3));
  EXPECT_FALSE(ledger.settle(3));
  EXPECT_FALSE(ledger.settle(0));
  EXPECT_FALSE(ledger.settle(4));
}

TEST(DeliveryLedger, AMultipleAnswerNamesTheLastOpenOne) {
  auto ledger = delivered(5);
  EXPECT_TRUE(ledger.settle(4));
  EXPECT_EQ(ledger.settle_up_to(4), 3U);  // 4 was answered: naming it would close the channel
  EXPECT_EQ(ledger.settle_up_to(4), 0U);
  EXPECT_EQ(ledger.settle_up_to(100), 5U);
  EXPECT_EQ(ledger.settle_up_to(100), 0U);
}

TEST(DeliveryLedger, RefusesNumbersOutOfTurn) {
  auto ledger = delivered(2);
  EXPECT_FALSE(ledger.add(2));
  EXPECT_FALSE(ledger.add(4));
  EXPECT_TRUE(ledger.add(3));
}

TEST(DeliveryLedger, ANewLifeCountsFromOneAgain) {
  auto ledger = delivered(3);
  EXPECT_TRUE(ledger.settle(1));
  ledger.clear();
  EXPECT_FALSE(ledger.settle(2));
  EXPECT_TRUE(ledger.add(1));
}

}  // namespace
}  // namespace waybill::rabbitmq
