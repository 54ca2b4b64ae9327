#include <gtest/gtest.h>

#include "mail/smtp/dialogue.h"
#include "tests/unit/mail/smtp/dialogue_rig.h"

namespace waybill::smtp {
namespace {

using Fate = RecipientFate;
using std::chrono::seconds;

const std::vector<std::string> kReplies = {"250 m\r\n", "250 r\r\n", "354 go\r\n", "250 done\r\n"};

// A dialogue of one recipient after so many of the replies above.
DialogueRig after(std::size_t replies, bool piped = false) {
  DialogueRig rig({.offered = {.pipelining = piped}});
  rig.written();
  for (std::size_t i = 0; i < replies; ++i) {
    rig.hear(kReplies[i]);
    if (rig.dialogue.wants_effect()) rig.dialogue.on_effect(true, rig.now);
    rig.written();
  }
  return rig;
}

TEST(DialogueFaults, ALossIsUnknownOnlyAfterTheDot) {
  for (const bool piped : {true, false}) {
    for (std::size_t replies = 0; replies < 4; ++replies) {
      auto rig = after(replies, piped);
      rig.dialogue.on_lost("reset");
      ASSERT_TRUE(rig.dialogue.finished());
      EXPECT_EQ(rig.fate(), replies < 3 ? Fate::kTryAgain : Fate::kUnknown) << replies;
      EXPECT_EQ(rig.dialogue.result().trouble, Trouble::kLost);
      EXPECT_EQ(rig.dialogue.result().heard, replies > 0);
      EXPECT_FALSE(rig.dialogue.result().reusable);
    }
  }
}

TEST(DialogueFaults, ALossBeforeTheLastByteOfTheDotIsNotADelivery) {
  DialogueRig rig({.offered = pipelining()});
  rig.written();
  rig.hear("250 m\r\n250 r\r\n354 go\r\n");
  rig.dialogue.on_effect(true, rig.now);
  rig.dialogue.on_written(rig.dialogue.to_write().size() - 1, rig.now);
  rig.dialogue.on_lost("reset");
  EXPECT_EQ(rig.fate(), Fate::kTryAgain);
}

TEST(DialogueFaults, EachAnswerHasItsOwnDeadline) {
  const std::vector<int> patience = {300, 300, 120, 600};
  for (std::size_t replies = 0; replies < 4; ++replies) {
    auto rig = after(replies);
    rig.pass(seconds(patience[replies] - 1));
    EXPECT_FALSE(rig.dialogue.finished()) << replies;
    rig.hear("2");  // a server that dribbles gains no time
    rig.pass(seconds(1));
    ASSERT_TRUE(rig.dialogue.finished()) << replies;
    EXPECT_EQ(rig.dialogue.result().trouble, Trouble::kTimeout);
    EXPECT_EQ(rig.fate(), replies < 3 ? Fate::kTryAgain : Fate::kUnknown) << replies;
    EXPECT_FALSE(rig.dialogue.result().reusable);
  }
}

TEST(DialogueFaults, PipelinedAnswersHaveTheirDeadlinesOneAfterTheOther) {
  DialogueRig rig({.offered = pipelining()});
  rig.written();
  rig.pass(seconds(299));
  rig.hear("250 m\r\n");
  rig.pass(seconds(299));
  rig.hear("250 r\r\n");
  EXPECT_EQ(rig.dialogue.deadline(), rig.now + seconds(120));
}

TEST(DialogueFaults, ContentThatFindsNoRoomEnds) {
  DialogueRig rig({.offered = pipelining()});
  rig.written();
  rig.hear("250 m\r\n250 r\r\n354 go\r\n");
  rig.dialogue.on_effect(true, rig.now);
  for (int i = 0; i < 5; ++i) {  // 15 minutes for all of it
    rig.dialogue.on_written(1, rig.now);
    rig.pass(seconds(179));
  }
  EXPECT_FALSE(rig.dialogue.finished());
  rig.dialogue.on_written(1, rig.now);
  rig.pass(seconds(5));
  ASSERT_TRUE(rig.dialogue.finished());
  EXPECT_EQ(rig.fate(), Fate::kTryAgain);
}

TEST(DialogueFaults, A421AnywhereEndsTheConnection) {
  for (const bool piped : {true, false}) {
    for (std::size_t replies = 0; replies < 4; ++replies) {
      auto rig = after(replies, piped);
      rig.hear("421 4.3.2 bye\r\n");
      ASSERT_TRUE(rig.dialogue.finished());
      EXPECT_EQ(rig.dialogue.result().trouble, Trouble::kClosing);
      EXPECT_EQ(rig.dialogue.result().recipients[0], (RecipientOutcome{Fate::kTryAgain, 421, "4.3.2", "bye"}));
      EXPECT_EQ(rig.dialogue.result().heard, replies > 0);
      EXPECT_FALSE(rig.dialogue.result().reusable);
    }
  }
}

TEST(DialogueFaults, A421LeavesWhatWasDecidedBefore) {
  DialogueRig rig({.offered = pipelining(), .to = {"bad@x", "b@x", "c@x"}});
  rig.written();
  rig.hear("250 m\r\n550 no\r\n250 b\r\n421 bye\r\n");
  EXPECT_EQ(rig.fate(0), Fate::kRefused);
  EXPECT_EQ(rig.fate(1), Fate::kTryAgain);
  EXPECT_EQ(rig.fate(2), Fate::kTryAgain);
}

TEST(DialogueFaults, ADoubledReplyIsNotTakenForTheNextOne) {
  for (const char* reply : {"250 m\r\n250 m\r\n", "250 m\r\n25", "250 m\r\n250-x\r\n"}) {
    DialogueRig rig({});
    rig.written();
    rig.hear(reply);
    ASSERT_TRUE(rig.dialogue.finished());
    EXPECT_EQ(rig.dialogue.result().trouble, Trouble::kConfused);
    EXPECT_EQ(rig.fate(), Fate::kTryAgain);
  }
}

TEST(DialogueFaults, ShiftedRepliesDecideNothing) {
  DialogueRig rig({.offered = pipelining(), .to = {"a@x", "b@x"}});
  rig.written();
  // A 250 too many at the front: a@x would get MAIL's, and DATA b@x's.
  rig.hear("250 late\r\n250 m\r\n550 a\r\n550 b\r\n554 nobody\r\n");
  ASSERT_TRUE(rig.dialogue.finished());
  EXPECT_EQ(rig.dialogue.result().trouble, Trouble::kConfused);
  EXPECT_EQ(rig.fate(0), Fate::kTryAgain);
  EXPECT_EQ(rig.fate(1), Fate::kTryAgain);
}

TEST(DialogueFaults, AReplyOfTheWrongKindDecidesNothing) {
  const std::vector<std::vector<std::string>> cases = {
      {"354 go\r\n"}, {"250 m\r\n", "354 go\r\n"}, {"250 m\r\n", "250 r\r\n", "250 d\r\n"}, {"503 sequence\r\n"}};
  for (const auto& replies : cases) {
    DialogueRig rig({});
    for (const auto& reply : replies) {
      rig.written();
      rig.hear(reply);
    }
    ASSERT_TRUE(rig.dialogue.finished());
    EXPECT_EQ(rig.dialogue.result().trouble, Trouble::kConfused);
    EXPECT_EQ(rig.fate(), Fate::kTryAgain);
  }
}

TEST(DialogueFaults, AnAnswerTooManyAfterTheDotEndsTheConnectionOnly) {
  auto rig = after(3);
  rig.hear("250 done\r\n250 done\r\n");
  ASSERT_TRUE(rig.dialogue.finished());
  EXPECT_EQ(rig.fate(), Fate::kDelivered);
  EXPECT_FALSE(rig.dialogue.result().reusable);
}

TEST(DialogueFaults, ConfusionAfterADeliveryDoesNotTakeItBack) {
  DialogueOptions options;
  options.recipients_max = 1;
  DialogueRig rig({.offered = pipelining(), .to = {"a@x", "b@x"}, .dialogue = options});
  rig.written();
  rig.hear("250 m\r\n250 a\r\n354 go\r\n");
  rig.grant();
  rig.hear("250 done\r\n250 again\r\n");
  ASSERT_TRUE(rig.dialogue.finished());
  EXPECT_EQ(rig.fate(0), Fate::kDelivered);
  EXPECT_EQ(rig.fate(1), Fate::kTryAgain);
}

TEST(DialogueFaults, AServerThatSpeaksBeforeTheDotHasNotTakenTheMail) {
  const std::vector<std::pair<std::string, Fate>> cases = {{"552 too big\r\n", Fate::kRefused},
                                                           {"451 disk\r\n", Fate::kTryAgain},
                                                           {"421 bye\r\n", Fate::kTryAgain},
                                                           {"250 ok\r\n", Fate::kTryAgain}};
  for (const auto& [reply, fate] : cases) {
    DialogueRig rig({.offered = pipelining()});
    rig.written();
    rig.hear("250 m\r\n250 r\r\n354 go\r\n");
    rig.dialogue.on_effect(true, rig.now);
    rig.dialogue.on_written(3, rig.now);
    rig.hear(reply);
    ASSERT_TRUE(rig.dialogue.finished());
    EXPECT_EQ(rig.dialogue.to_write(), "");
    EXPECT_EQ(rig.fate(), fate) << reply;
    EXPECT_FALSE(rig.dialogue.result().reusable);
  }
}

TEST(DialogueFaults, WhatIsNotGrantedDoesNotLeave) {
  DialogueRig rig({.offered = pipelining()});
  rig.written();
  rig.hear("250 m\r\n250 r\r\n354 go\r\n");
  EXPECT_EQ(rig.grant(false), "");
  ASSERT_TRUE(rig.dialogue.finished());
  EXPECT_EQ(rig.dialogue.result().trouble, Trouble::kNotBegun);
  EXPECT_EQ(rig.fate(), Fate::kTryAgain);
  EXPECT_FALSE(rig.dialogue.result().reusable);
}

TEST(DialogueFaults, ACancelStopsAtOnceButForTheDotsAnswer) {
  for (std::size_t replies = 0; replies < 3; ++replies) {
    auto rig = after(replies);
    rig.dialogue.on_cancelled(rig.now);
    ASSERT_TRUE(rig.dialogue.finished());
    EXPECT_EQ(rig.fate(), Fate::kTryAgain);
  }
  auto late = after(3);
  late.dialogue.on_cancelled(late.now);
  EXPECT_FALSE(late.dialogue.finished());
  late.pass(seconds(3));
  late.dialogue.on_cancelled(late.now);  // asked again it gains no time
  late.pass(seconds(2));
  ASSERT_TRUE(late.dialogue.finished());
  EXPECT_EQ(late.fate(), Fate::kUnknown);
}

TEST(DialogueFaults, ALoginThatIsMissingIsNotTheMailsFault) {
  for (const char* reply : {"530 5.7.0 STARTTLS first\r\n", "530 5.7.1 auth\r\n", "535 no\r\n"}) {
    DialogueRig rig({});
    rig.written();
    rig.hear(reply);
    ASSERT_TRUE(rig.dialogue.finished());
    EXPECT_EQ(rig.dialogue.result().trouble, Trouble::kLogin);
    EXPECT_EQ(rig.fate(), Fate::kTryAgain);
  }
}

TEST(DialogueFaults, ARefusedResetEndsTheConnection) {
  DialogueOptions options;
  options.reset_first = true;
  DialogueRig rig({.dialogue = options});
  EXPECT_EQ(rig.written(), "RSET\r\n");
  rig.hear("500 what\r\n");
  EXPECT_EQ(rig.dialogue.result().trouble, Trouble::kConfused);
}

}  // namespace
}  // namespace waybill::smtp
