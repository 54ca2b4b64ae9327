#include "core/recipients.h"

#include <gtest/gtest.h>

#include <vector>

namespace waybill {
namespace {

using enum RecipientFate;

RecipientRecord record(RecipientFate fate, int code = 0) { return {"a@x", {fate, code, "", ""}, "mx:25"}; }

TEST(Recipients, EachMayOnlyBecomeWhatItsRuleAllows) {
  for (const auto fate : {kDelivered, kTryAgain, kRefused, kUnknown}) {
    EXPECT_FALSE(replaces(record(kDelivered), record(fate, 1))) << to_string(fate);
    EXPECT_EQ(replaces(record(kRefused), record(fate, 1)), fate == kDelivered) << to_string(fate);
    EXPECT_TRUE(replaces(record(kTryAgain), record(fate, 1))) << to_string(fate);
    EXPECT_TRUE(replaces(record(kUnknown), record(fate, 1))) << to_string(fate);
    EXPECT_FALSE(replaces(record(fate), record(fate))) << "the same again";
  }
}

TEST(Recipients, WhatIsOpenIsToBeTried) {
  EXPECT_TRUE(is_open(kTryAgain) && is_open(kUnknown));
  EXPECT_FALSE(is_open(kDelivered) || is_open(kRefused));
}

TEST(Recipients, TheStoredNumbersNeverChange) {
  EXPECT_EQ(static_cast<int>(kDelivered), 0);
  EXPECT_EQ(static_cast<int>(kTryAgain), 1);
  EXPECT_EQ(static_cast<int>(kRefused), 2);
  EXPECT_EQ(static_cast<int>(kUnknown), 3);
}

TEST(Recipients, AddressesAreCheckedAndNothingElse) {
  const auto check = [](const std::string& address) {
    return check_recipients(std::vector<RecipientRecord>{{address, {kRefused, 1, "\xff", "\xff"}, "\xff"}});
  };
  EXPECT_TRUE(check("a@x").ok());
  EXPECT_TRUE(check(std::string(kRecipientAddressMax, 'a')).ok());
  EXPECT_NE(check("").error().message.find("without its address"), std::string::npos);
  EXPECT_NE(check(std::string(kRecipientAddressMax + 1, 'a')).error().message.find("at most 320"), std::string::npos);
  EXPECT_NE(check("\xff").error().message.find("not UTF-8"), std::string::npos);
  EXPECT_FALSE(check(std::string("a\0", 2)).ok());
  EXPECT_FALSE(check_recipients(std::vector<RecipientRecord>(kRecipientsMax + 1, record(kRefused))).ok());
}

TEST(Recipients, WhatServersSayIsCutBetweenCharactersAndMadeReadable) {
  RecipientRecord told = record(kRefused, 550);
  told.outcome.text = std::string(499, 'x') + "\xc3\xa4";
  told.outcome.enhanced = std::string(100, 'e');
  told.relay = std::string("r\0\xff", 3) + std::string(400, 'r');
  const RecipientRecord kept = fit_to_keep(told);
  EXPECT_EQ(kept.outcome.text, std::string(499, 'x'));
  EXPECT_EQ(kept.outcome.enhanced.size(), 32U);
  EXPECT_EQ(kept.relay, "r??" + std::string(297, 'r'));
  EXPECT_EQ(fit_to_keep(kept), kept);
}

}  // namespace
}  // namespace waybill
