#include "mail/smtp/dialogue.h"

#include <gtest/gtest.h>

#include "tests/unit/mail/smtp/dialogue_rig.h"

namespace waybill::smtp {
namespace {

using Fate = RecipientFate;
const std::string kContent = "h: v\r\n\r\nbody\r\n.\r\n";

TEST(Dialogue, StepByStepWithoutPipelining) {
  DialogueRig rig({.to = {"a@x", "b@x"}});
  EXPECT_EQ(rig.written(), "MAIL FROM:<s@x>\r\n");
  rig.hear("250 ok\r\n");
  EXPECT_EQ(rig.written(), "RCPT TO:<a@x>\r\n");
  rig.hear("250 ok\r\n");
  EXPECT_EQ(rig.written(), "RCPT TO:<b@x>\r\n");
  rig.hear("251 elsewhere\r\n");
  EXPECT_EQ(rig.written(), "DATA\r\n");
  EXPECT_FALSE(rig.dialogue.wants_effect());
  rig.hear("354 go\r\n");
  EXPECT_EQ(rig.written(), "") << "before the effect is granted";
  EXPECT_EQ(rig.grant(), kContent);
  EXPECT_FALSE(rig.dialogue.finished());
  rig.hear("250 2.0.0 queued as 7\r\n");
  ASSERT_TRUE(rig.dialogue.finished());
  const RecipientOutcome delivered{Fate::kDelivered, 250, "2.0.0", "queued as 7"};
  EXPECT_EQ(rig.dialogue.result().recipients, (std::vector{delivered, delivered}));
  EXPECT_TRUE(rig.dialogue.result().reusable);
  EXPECT_FALSE(rig.dialogue.result().reset_needed);
}

TEST(Dialogue, OneWriteWithPipelining) {
  DialogueRig rig({.offered = pipelining(), .to = {"a@x", "b@x"}});
  EXPECT_EQ(rig.written(), "MAIL FROM:<s@x>\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
  rig.hear("250 1\r\n250 2\r\n250 3\r\n354 go\r\n");
  EXPECT_EQ(rig.grant(), kContent);
  rig.hear("250 done\r\n");
  EXPECT_TRUE(rig.dialogue.finished());
  EXPECT_EQ(rig.fate(1), Fate::kDelivered);
}

TEST(Dialogue, EachRecipientHasItsOwnOutcome) {
  for (const bool piped : {true, false}) {
    DialogueRig rig({.offered = {.pipelining = piped}, .to = {"ok@x", "bad@x", "tmp@x"}});
    for (const char* reply : {"250 m\r\n", "250 r\r\n", "550 5.1.1 no\r\n", "450 4.2.1 busy\r\n", "354 go\r\n"}) {
      rig.written();
      rig.hear(reply);
    }
    EXPECT_EQ(rig.grant(), kContent);
    rig.hear("250 done\r\n");
    EXPECT_EQ(rig.fate(0), Fate::kDelivered);
    EXPECT_EQ(rig.dialogue.result().recipients[1], (RecipientOutcome{Fate::kRefused, 550, "5.1.1", "no"}));
    EXPECT_EQ(rig.dialogue.result().recipients[2], (RecipientOutcome{Fate::kTryAgain, 450, "4.2.1", "busy"}));
    EXPECT_TRUE(rig.dialogue.result().reusable);
  }
}

TEST(Dialogue, WithoutARecipientThereIsNoDataAndTheNextMailResets) {
  DialogueRig rig({});
  rig.written();
  rig.hear("250 m\r\n");
  rig.written();
  rig.hear("550 no\r\n");
  EXPECT_EQ(rig.written(), "");
  ASSERT_TRUE(rig.dialogue.finished());
  EXPECT_EQ(rig.fate(), Fate::kRefused);
  EXPECT_TRUE(rig.dialogue.result().reusable);
  EXPECT_TRUE(rig.dialogue.result().reset_needed);

  DialogueOptions options;
  options.reset_first = true;
  DialogueRig next({.offered = pipelining(), .dialogue = options});
  EXPECT_EQ(next.written(), "RSET\r\nMAIL FROM:<s@x>\r\nRCPT TO:<a@x>\r\nDATA\r\n");
  next.hear("250 r\r\n250 m\r\n250 t\r\n354 d\r\n");
  EXPECT_EQ(next.grant(), kContent);
}

TEST(Dialogue, ALoneDotIfDataIsTakenWithoutARecipient) {
  DialogueRig rig({.offered = pipelining()});
  rig.written();
  rig.hear("250 m\r\n550 no\r\n354 go\r\n");
  EXPECT_FALSE(rig.dialogue.wants_effect());
  EXPECT_EQ(rig.written(), ".\r\n");
  EXPECT_FALSE(rig.dialogue.finished());
  rig.hear("554 no recipients\r\n");
  ASSERT_TRUE(rig.dialogue.finished());
  EXPECT_EQ(rig.fate(), Fate::kRefused);
  EXPECT_EQ(rig.text(), "no");
  EXPECT_TRUE(rig.dialogue.result().reusable);
  EXPECT_TRUE(rig.dialogue.result().reset_needed);
}

TEST(Dialogue, ARefusedMailDecidesForAllRecipients) {
  for (const bool piped : {true, false}) {
    for (const auto& [reply, fate] : {std::pair{"450 later\r\n", Fate::kTryAgain}, {"550 never\r\n", Fate::kRefused}}) {
      DialogueRig rig({.offered = {.pipelining = piped}, .to = {"a@x", "b@x"}});
      rig.written();
      rig.hear(reply);
      if (piped) rig.hear("503 no\r\n503 no\r\n503 no\r\n");
      ASSERT_TRUE(rig.dialogue.finished());
      EXPECT_EQ(rig.fate(0), fate);
      EXPECT_EQ(rig.fate(1), fate);
      EXPECT_TRUE(rig.dialogue.result().reusable);
    }
  }
}

TEST(Dialogue, ARefusedDataDecidesForTheAccepted) {
  DialogueRig rig({.offered = pipelining(), .to = {"a@x", "b@x"}});
  rig.written();
  rig.hear("250 m\r\n250 a\r\n550 b\r\n451 4.3.0 not now\r\n");
  ASSERT_TRUE(rig.dialogue.finished());
  EXPECT_EQ(rig.fate(0), Fate::kTryAgain);
  EXPECT_EQ(rig.fate(1), Fate::kRefused);
  EXPECT_TRUE(rig.dialogue.result().reset_needed);
}

TEST(Dialogue, TheDotsAnswerDecidesForTheAccepted) {
  const std::vector<std::pair<std::string, Fate>> cases = {
      {"250 ok\r\n", Fate::kDelivered},    {"251 ok\r\n", Fate::kDelivered}, {"450 later\r\n", Fate::kTryAgain},
      {"552 too big\r\n", Fate::kRefused}, {"354 what\r\n", Fate::kUnknown}, {"gibberish\r\n", Fate::kUnknown}};
  for (const auto& [reply, fate] : cases) {
    DialogueRig rig({.offered = pipelining(), .to = {"a@x", "b@x"}});
    rig.written();
    rig.hear("250 m\r\n250 a\r\n550 b\r\n354 go\r\n");
    rig.grant();
    rig.hear(reply);
    ASSERT_TRUE(rig.dialogue.finished()) << reply;
    EXPECT_EQ(rig.fate(0), fate) << reply;
    EXPECT_EQ(rig.fate(1), Fate::kRefused) << reply;
    EXPECT_EQ(rig.dialogue.result().reusable, fate != Fate::kUnknown) << reply;
  }
}

TEST(Dialogue, TellsWhatTheServerOffersToHear) {
  DialogueRig rig({.offered = {.eight_bit_mime = true, .smtp_utf8 = true, .size = true, .size_max = 100},
                   .to = {"caf\xc3\xa9@x"},
                   .mail = "h: v\r\n\r\n\xc3\xa9\r\n"});
  EXPECT_EQ(rig.written(), "MAIL FROM:<s@x> SIZE=12 BODY=8BITMIME SMTPUTF8\r\n");
  DialogueRig plain({.offered = {.eight_bit_mime = true, .smtp_utf8 = true, .size = true}});
  EXPECT_EQ(plain.written(), "MAIL FROM:<s@x> SIZE=14\r\n");
}

TEST(Dialogue, WhatTheServerCannotCarryIsNotSent) {
  const auto enhanced = [](DialogueRig::Options options) {
    DialogueRig rig(std::move(options));
    EXPECT_TRUE(rig.dialogue.finished());
    EXPECT_EQ(rig.fate(), Fate::kRefused);
    EXPECT_TRUE(rig.dialogue.result().reusable);
    return rig.dialogue.result().recipients[0].enhanced;
  };
  EXPECT_EQ(enhanced({.offered = {.size = true, .size_max = 13}}), "5.3.4");
  EXPECT_EQ(enhanced({.mail = "h: v\r\n\r\n\xc3\xa9"}), "5.6.3");
  EXPECT_EQ(enhanced({.offered = {.eight_bit_mime = true}, .mail = "h: \xc3\xa9\r\n\r\nb"}), "5.6.7");
  EXPECT_EQ(enhanced({.from = "\xc3\xa9@x"}), "5.6.7");
  EXPECT_EQ(enhanced({.to = {"\xc3\xa9@x"}}), "5.6.7");
}

TEST(Dialogue, OneAddressThatCannotBeCarriedDoesNotStopTheOthers) {
  DialogueRig rig({.offered = pipelining(), .to = {"\xc3\xa9@x", "b@x"}});
  EXPECT_EQ(rig.written(), "MAIL FROM:<s@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
  rig.hear("250 m\r\n250 r\r\n354 go\r\n");
  rig.grant();
  rig.hear("250 done\r\n");
  EXPECT_EQ(rig.fate(0), Fate::kRefused);
  EXPECT_EQ(rig.fate(1), Fate::kDelivered);
}

TEST(Dialogue, ManyRecipientsTravelInSeveralTransactionsUnderOneGrant) {
  DialogueOptions options;
  options.recipients_max = 2;
  DialogueRig rig({.offered = pipelining(), .to = {"a@x", "b@x", "c@x"}, .dialogue = options});
  EXPECT_EQ(rig.written(), "MAIL FROM:<s@x>\r\nRCPT TO:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n");
  rig.hear("250 m\r\n250 a\r\n250 b\r\n354 go\r\n");
  EXPECT_EQ(rig.grant(), kContent);
  rig.hear("250 one\r\n");
  EXPECT_EQ(rig.written(), "MAIL FROM:<s@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n");
  rig.hear("250 m\r\n250 c\r\n354 go\r\n");
  EXPECT_FALSE(rig.dialogue.wants_effect());
  EXPECT_EQ(rig.written(), kContent);
  rig.hear("250 two\r\n");
  ASSERT_TRUE(rig.dialogue.finished());
  EXPECT_EQ(rig.text(1), "one");
  EXPECT_EQ(rig.text(2), "two");
}

TEST(Dialogue, RecipientsWithoutRoomGetAnotherTransaction) {
  for (const char* full : {"452 4.5.3 too many\r\n", "552 too many\r\n"}) {
    DialogueRig rig({.offered = pipelining(), .to = {"a@x", "b@x", "c@x"}});
    rig.written();
    rig.hear("250 m\r\n250 a\r\n" + std::string(full) + full + "354 go\r\n");
    rig.grant();
    rig.hear("250 one\r\n");
    EXPECT_EQ(rig.written(), "MAIL FROM:<s@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n");
    rig.hear("250 m\r\n250 b\r\n" + std::string(full) + "354 go\r\n");
    rig.written();
    rig.hear("250 two\r\n");
    rig.written();
    rig.hear("250 m\r\n" + std::string(full) + "554 nobody\r\n");
    ASSERT_TRUE(rig.dialogue.finished());
    EXPECT_EQ(rig.fate(1), Fate::kDelivered);
    EXPECT_EQ(rig.fate(2), full[0] == '4' ? Fate::kTryAgain : Fate::kRefused) << full;
  }
}

TEST(Dialogue, A552BeforeAnyAcceptedRecipientIsForEverUnlessItSpeaksOfTheSystem) {
  for (const auto& [reply, fate] :
       {std::pair{"552 5.2.2 full\r\n", Fate::kRefused}, {"552 5.3.1 full\r\n", Fate::kTryAgain}}) {
    DialogueRig rig({.offered = pipelining()});
    rig.written();
    rig.hear("250 m\r\n" + std::string(reply) + "554 nobody\r\n");
    EXPECT_EQ(rig.fate(), fate) << reply;
  }
}

TEST(Dialogue, AContentThatWasRefusedIsNotOfferedToThoseWithoutRoom) {
  DialogueRig rig({.offered = pipelining(), .to = {"a@x", "b@x"}});
  rig.written();
  rig.hear("250 m\r\n250 a\r\n452 many\r\n354 go\r\n");
  rig.grant();
  rig.hear("554 spam\r\n");
  ASSERT_TRUE(rig.dialogue.finished());
  EXPECT_EQ(rig.fate(0), Fate::kRefused);
  EXPECT_EQ(rig.fate(1), Fate::kTryAgain);
}

}  // namespace
}  // namespace waybill::smtp
