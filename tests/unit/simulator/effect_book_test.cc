// The book of effects, told what could go wrong in a run: it must object to each, and to nothing else.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testing/simulator/effect_book.h"

namespace waybill::sim {
namespace {

using std::chrono::seconds;

constexpr Duration kLease{9'000};
constexpr MonoTime kStart{std::chrono::hours(1)};
constexpr WallTime kWall = from_millis(1'767'225'600'000);
const MessageId kId{"m"};
const Owner kNode{"n0", BootNonce{1}};
const Owner kOther{"n1", BootNonce{2}};

class EffectBookTest : public testing::Test {
 protected:
  void claim(std::int32_t attempt, bool begins, const Owner& owner = kNode) {
    Claim claim;
    claim.id = kId;
    claim.owner = owner;
    claim.lease = kLease;
    claim.effect_begun = begins;
    tell(claim, ClaimAnswer{.verdict = ClaimVerdict::kGranted, .attempt = attempt});
  }
  void finish(std::int32_t attempt, HandlerOutcome outcome, State status, const Owner& owner = kNode) {
    Finish finish;
    finish.fence = Fence{kId, owner, attempt, {}};
    finish.outcome = std::move(outcome);
    tell(finish, FinishAnswer{FinishAnswer::Kind::kRecorded, status});
    if (status == State::kConsumed) book_.changed(kId, Verb::kFinishDone, Phase::kUnclaimed, now_);
  }
  void tell(const Write& write, const Answer& answer) { book_.answered(write, answer, now_, wall_); }
  void pass(Duration time) {
    now_ += time;
    wall_ += time;
  }
  EffectBook::Begun begins(std::int32_t attempt, const Owner& owner = kNode) {
    return book_.begins(kId, owner, attempt, now_, kLease * 2 / 3);
  }
  void effect(std::int32_t attempt, const Owner& owner = kNode) { book_.happens(begins(attempt, owner)); }
  void seen(State state, int lapses = 0, int unknowns = 0, int agains = 0) {
    Row row;
    row.message.id = kId;
    row.status = state;
    row.lapse_count = lapses;
    row.unknown_count = unknowns;
    row.again_count = agains;
    book_.seen(row);
  }
  /// An attempt that has its effect and is recorded as done.
  void handle(std::int32_t attempt) {
    claim(attempt, /*begins=*/true);
    effect(attempt);
    finish(attempt, Done{}, State::kConsumed);
    seen(State::kConsumed);
  }
  void expect_one(const std::string& words) {
    book_.judge();
    ASSERT_EQ(violations_.size(), 1U) << testing::PrintToString(violations_);
    EXPECT_NE(violations_[0].find(words), std::string::npos) << violations_[0];
  }
  void expect_none() {
    book_.judge();
    EXPECT_EQ(violations_, std::vector<std::string>());
  }

  std::vector<std::string> violations_;
  EffectBook book_{[this](std::string what) { violations_.push_back(std::move(what)); }};
  MonoTime now_ = kStart;
  WallTime wall_ = kWall;
};

TEST_F(EffectBookTest, OneEffectOfOneAttemptIsRight) {
  book_.appeared(kId);
  handle(1);
  expect_none();
}

TEST_F(EffectBookTest, EffectOfAMessageThatHasNoRow) {
  effect(1);
  ASSERT_FALSE(violations_.empty());
  EXPECT_NE(violations_[0].find("the log never held such a row"), std::string::npos) << violations_[0];
}

TEST_F(EffectBookTest, EffectOfAnAttemptThatWasNeverGranted) {
  book_.appeared(kId);
  claim(1, true, kOther);
  static_cast<void>(begins(1));
  expect_one("was never granted");
}

TEST_F(EffectBookTest, EffectWhoseBeginningIsNotDurable) {
  book_.appeared(kId);
  claim(1, /*begins=*/false);
  static_cast<void>(begins(1));
  expect_one("nothing durable says so");
}

TEST_F(EffectBookTest, EffectOfAnAttemptThatWasGivenBack) {
  book_.appeared(kId);
  claim(1, true);
  tell(Release{Fence{kId, kNode, 1, {}}, true}, VerbAnswer{});
  static_cast<void>(begins(1));
  expect_one("nothing durable says so");
}

TEST_F(EffectBookTest, TwoEffectsInOneAttempt) {
  book_.appeared(kId);
  claim(1, true);
  static_cast<void>(begins(1));
  static_cast<void>(begins(1));
  expect_one("for the second time");
}

TEST_F(EffectBookTest, EffectBeginsInTheFirstTwoThirdsOfALease) {
  book_.appeared(kId);
  claim(1, true);
  pass(seconds(5));
  tell(Renew{Fence{kId, kNode, 1, {}}, kLease}, VerbAnswer{});
  pass(seconds(6));
  static_cast<void>(begins(1));
  expect_none();
  claim(2, true);
  pass(seconds(7));
  static_cast<void>(begins(2));
  expect_one("its lease may have ended");
}

TEST_F(EffectBookTest, NoEffectBeginsAfterACancelThatApplied) {
  book_.appeared(kId);
  claim(1, true);
  tell(Cancel{kId}, VerbAnswer{VerbAnswer::Kind::kRefused, State::kSending, true});
  static_cast<void>(begins(1));
  expect_none();  // it was refused

  claim(2, true);
  tell(Cancel{kId}, VerbAnswer{});
  static_cast<void>(begins(2));
  expect_one("the message was cancelled");
}

TEST_F(EffectBookTest, TheLogLetsNothingBeginAfterACancel) {
  book_.appeared(kId);
  tell(Cancel{kId}, VerbAnswer{});
  claim(1, true);
  expect_one("begin, which was cancelled");
}

TEST_F(EffectBookTest, AReplayedMessageMayHaveItsEffectAgain) {
  book_.appeared(kId);
  tell(Cancel{kId}, VerbAnswer{});
  tell(Replay{kId, false, Duration{0}}, VerbAnswer{});
  handle(1);
  expect_none();
}

TEST_F(EffectBookTest, CancelledRowAccountsForEachEffectItHad) {
  book_.appeared(kId);
  claim(1, true);
  effect(1);
  seen(State::kCancelled, /*lapses=*/1);
  expect_none();
  seen(State::kCancelled, /*lapses=*/0);
  expect_one("in the end cancelled, had 1 effects, of which the log explains 0");
}

TEST_F(EffectBookTest, PrunedRowIsJudgedByWhatItLastSaid) {
  book_.appeared(kId);
  claim(1, true, kOther);
  effect(1, kOther);
  handle(2);
  book_.pruned(kId);
  expect_one("pruned as consumed, had 2 effects");
}

TEST_F(EffectBookTest, WhatBeganBeforeThePruningCountsInItsOwnLife) {
  book_.appeared(kId);
  claim(1, true, kOther);
  handle(2);
  seen(State::kConsumed, /*lapses=*/1);
  book_.pruned(kId);
  effect(1, kOther);  // its claim had lapsed; it was only slow
  book_.appeared(kId);
  handle(1);
  expect_none();
}

TEST_F(EffectBookTest, EffectAfterThePruningWasNeverGranted) {
  book_.appeared(kId);
  handle(1);
  book_.pruned(kId);
  static_cast<void>(begins(2));
  expect_one("was never granted");
}

TEST_F(EffectBookTest, DeliveryWithoutARowMustHaveBeenPruned) {
  Claim claim;
  claim.id = kId;
  tell(claim, ClaimAnswer{.verdict = ClaimVerdict::kUnknownId});
  expect_one("found no row");
  book_.appeared(kId);
  seen(State::kCancelled);
  book_.pruned(kId);
  tell(claim, ClaimAnswer{.verdict = ClaimVerdict::kUnknownId});
  EXPECT_EQ(violations_.size(), 1U);
}

TEST_F(EffectBookTest, ConsumedWithoutAnEffectUnlessAPersonSaysSo) {
  book_.appeared(kId);
  claim(1, true);
  finish(1, Done{}, State::kConsumed);
  seen(State::kConsumed);
  expect_one("had no effect");
  violations_.clear();
  book_.changed(kId, Verb::kResolveDone, Phase::kUnclaimed, now_);
  expect_none();
}

TEST_F(EffectBookTest, RecordedOutcomeIsTheEnd) {
  book_.appeared(kId);
  handle(1);
  claim(2, true);
  expect_one("begin, which was recorded as consumed");
}

TEST_F(EffectBookTest, UnknownOutcomeIsHeldWhereThePolicySaysSo) {
  book_.appeared(kId);
  claim(1, true);
  Finish finish;
  finish.fence = Fence{kId, kNode, 1, {}};
  finish.outcome = Unknown{"?"};
  finish.unknown = UnknownPolicy::kHold;
  tell(finish, FinishAnswer{FinishAnswer::Kind::kRecorded, State::kOutcomeUnknown});
  claim(2, true);
  expect_one("begin, which was held as unknown");
}

TEST_F(EffectBookTest, NothingIsClaimedBeforeItsTime) {
  book_.appeared(kId);
  Append append;
  append.message.id = kId;
  append.message.not_before = wall_ + seconds(10);
  tell(append, AppendAnswer{AppendAnswer::Kind::kAccepted, kId});
  pass(seconds(10));
  claim(1, false);
  expect_none();
  tell(Reschedule{kId, wall_ + seconds(10)}, VerbAnswer{});
  pass(seconds(9));
  claim(2, false);
  expect_one("claimed before its time");
}

TEST_F(EffectBookTest, ARetryWaitsForItsDelay) {
  book_.appeared(kId);
  claim(1, false);
  finish(1, Retry{"no", Duration{5'000}}, State::kConsumeFailed);
  pass(seconds(4));
  finish(1, Retry{"no", Duration{5'000}}, State::kConsumeFailed);  // run again: it counts from the first time
  pass(seconds(1));
  claim(2, false);
  expect_none();
  finish(2, Retry{"no", Duration{5'000}}, State::kConsumeFailed);
  pass(seconds(4));
  claim(3, false);
  expect_one("retried too early");
}

TEST_F(EffectBookTest, ALeaseLastsUnlessItsHolderIsProvenDead) {
  book_.appeared(kId);
  claim(1, false);
  pass(seconds(5));
  book_.excuse_lapses(true);
  book_.changed(kId, Verb::kLapse, Phase::kUnclaimed, now_);
  book_.excuse_lapses(false);
  claim(2, false);
  pass(kLease);
  book_.changed(kId, Verb::kLapse, Phase::kUnclaimed, now_);
  expect_none();
  claim(3, false);
  pass(seconds(5));
  book_.changed(kId, Verb::kLapse, Phase::kUnclaimed, now_);
  expect_one("lapsed before its lease ended");
}

}  // namespace
}  // namespace waybill::sim
