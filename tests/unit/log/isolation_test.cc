// How a commit is taken apart when a write of it fails by itself or meets a stranger's lock.
#include "log/rows/isolation.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace waybill::rows {
namespace {

using Outcome = Isolation::Outcome;

Write append(const std::string& id) {
  Append write;
  write.message.id.value = id;
  return write;
}
Write claim(const std::string& id) {
  Claim write;
  write.id.value = id;
  return write;
}
std::string id_of(const Write& write) {
  if (const auto* append = std::get_if<Append>(&write)) return append->message.id.value;
  return std::get<Claim>(write).id.value;
}

class IsolationTest : public testing::Test {
 protected:
  void run(std::vector<Write> writes, LockPatience patience = {}) {
    writes_ = std::move(writes);
    pointers_.clear();
    for (const Write& write : writes_) pointers_.push_back(&write);
    isolation_ = Isolation(patience);
    answers_.clear();
    const auto attempt = [this](Isolation::Writes range, Isolation::Answers& given) -> Isolation::Attempt {
      ++tries_;
      for (const Write* write : range) {
        const std::string id = id_of(*write);
        if (broken_.contains(id)) return {Outcome::kBroken};
        if (held_.contains(id)) return {Outcome::kHeld};
        if (refused_.contains(id)) return {Outcome::kRefused, make_error(ErrorClass::kPermanent, "refused")};
      }
      for (const Write* write : range) {
        done_.push_back(id_of(*write));
        given.emplace_back(Answer(CountAnswer{}));
      }
      return {};
    };
    stands_ = isolation_.run(pointers_, attempt, answers_);
  }
  /// One character a write: done, refused, held.
  [[nodiscard]] std::string outcome() const {
    std::string text;
    for (const auto& answer : answers_) {
      text += answer.ok() ? 'd' : answer.error().code == kHeldByAnother ? 'h' : 'r';
    }
    return text;
  }

  std::set<std::string> held_;
  std::set<std::string> refused_;
  std::set<std::string> broken_;
  std::vector<Write> writes_;
  std::vector<const Write*> pointers_;
  Isolation isolation_{LockPatience{}};
  Isolation::Answers answers_;
  std::vector<std::string> done_;
  int tries_ = 0;
  bool stands_ = false;
};

TEST_F(IsolationTest, WhatFailsStandsAloneAndItsNeighboursAreDone) {
  refused_ = {"b"};
  held_ = {"e"};
  run({claim("a"), claim("b"), claim("c"), claim("d"), claim("e"), claim("f")});
  EXPECT_TRUE(stands_);
  EXPECT_EQ(outcome(), "drddhd");
}

TEST_F(IsolationTest, NewRowsAreTriedLastAndAnsweredInTheirPlaces) {
  held_ = {"n"};
  run({append("n"), claim("a"), append("m"), claim("b")});
  EXPECT_EQ(outcome(), "hddd");
  EXPECT_EQ(done_, (std::vector<std::string>{"a", "b", "m"}));
}

TEST_F(IsolationTest, ABrokenTransactionEndsIt) {
  broken_ = {"c"};
  run({claim("a"), claim("b"), claim("c"), claim("d")});
  EXPECT_FALSE(stands_);
}

TEST_F(IsolationTest, LocksAreMetWithBoundedPatience) {
  std::vector<Write> writes;
  for (int i = 0; i < 1'000; ++i) {
    writes.push_back(append("n" + std::to_string(i)));
    held_.insert("n" + std::to_string(i));
  }
  writes.push_back(claim("a"));
  run(std::move(writes), {.isolation = Duration{-1}});
  EXPECT_EQ(answers_.back().ok(), true) << "what makes no new row comes first";
  EXPECT_EQ(outcome(), std::string(1'000, 'h') + "d");
  EXPECT_EQ(tries_, 2);
}

TEST_F(IsolationTest, RefusalsAloneTakeAllTheTimeTheyNeed) {
  std::vector<Write> writes;
  for (int i = 0; i < 64; ++i) {
    writes.push_back(append("n" + std::to_string(i)));
    if (i != 40) refused_.insert("n" + std::to_string(i));
  }
  run(std::move(writes), {.isolation = Duration{-1}});
  EXPECT_EQ(outcome(), std::string(40, 'r') + "d" + std::string(23, 'r'));
}

TEST_F(IsolationTest, NewRowsRestOnceTheyWereLeftOut) {
  held_ = {"n", "o"};
  run({append("n"), append("o"), claim("a")}, {.isolation = Duration{-1}});
  ASSERT_EQ(outcome(), "hhd");
  const auto tried = isolation_.tried_now(pointers_);
  ASSERT_EQ(tried, (std::vector<const Write*>{pointers_[2]}));
  answers_ = Isolation::with_left_out(pointers_, tried, {Answer(CountAnswer{})});
  EXPECT_EQ(outcome(), "hhd");
}

TEST_F(IsolationTest, NothingRestsAfterALockThatWasToldApart) {
  held_ = {"n"};
  run({append("n"), append("o"), claim("a")});
  ASSERT_EQ(outcome(), "hdd");
  EXPECT_EQ(isolation_.tried_now(pointers_), pointers_);
}

}  // namespace
}  // namespace waybill::rows
