#include "mail/smtp/mail_outcome.h"

#include <gtest/gtest.h>

namespace waybill::smtp {
namespace {

using Fate = RecipientFate;

RecipientRecord record(const std::string& address, Fate fate, int code = 0, const std::string& enhanced = "",
                       const std::string& text = "") {
  return {address, {fate, code, enhanced, text}, "mx.test:25"};
}
const auto kOk = record("a@x", Fate::kDelivered, 250, "2.0.0", "queued");
const auto kBad = record("b@x", Fate::kRefused, 550, "5.1.1", "no");
const auto kBusy = record("c@x", Fate::kTryAgain, 450, "", "busy");
const auto kLost = record("d@x", Fate::kUnknown, 0, "", "no answer");

TEST(MailOutcome, TheWorstOpenRecipientDecides) {
  EXPECT_EQ(std::get<Unknown>(outcome_of({kOk, kBad, kBusy, kLost})).detail, "d@x: no answer (mx.test:25)");
  EXPECT_EQ(std::get<Retry>(outcome_of({kOk, kBad, kBusy})).error, "c@x: 450 busy (mx.test:25)");
}

TEST(MailOutcome, WhenNoneIsOpenOneDeliveryMakesItDone) {
  EXPECT_EQ(std::get<Done>(outcome_of({kOk})).result, "mx.test:25: 250 2.0.0 queued");
  EXPECT_EQ(std::get<Done>(outcome_of({kBad, kOk})).result,
            "mx.test:25: 250 2.0.0 queued; refused for 1 of 2 recipients: b@x: 550 5.1.1 no (mx.test:25)");
  EXPECT_EQ(std::get<Fail>(outcome_of({kBad})).error, "b@x: 550 5.1.1 no (mx.test:25)");
}

TEST(MailOutcome, TextsAreBounded) {
  const std::vector<RecipientRecord> many(100, kBad);
  EXPECT_TRUE(std::get<Fail>(outcome_of(many)).error.ends_with("; and others"));
  EXPECT_LT(std::get<Fail>(outcome_of(many)).error.size(), 200U);
}

}  // namespace
}  // namespace waybill::smtp
