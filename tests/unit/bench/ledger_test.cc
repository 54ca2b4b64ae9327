#include "bench/ledger.h"

#include <gtest/gtest.h>

namespace waybill::bench {
namespace {

using std::chrono_literals::operator""ms;

constexpr std::size_t kSize = 100;

MonoTime now() { return std::chrono::steady_clock::now(); }

TEST(LedgerTest, WhatWasHandledOnceIsInOrder) {
  Ledger ledger(3, 7);
  const MonoTime begin = now();
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string id = "id-" + std::to_string(i);
    ledger.asked(i, begin);
    ledger.accepted(i, id, begin + 2ms);
    EXPECT_EQ(ledger.handled(ledger.body_of(i, kSize), id, begin + 10ms * (i + 1)), i);
  }
  const auto verdict = ledger.verdict();
  EXPECT_EQ(verdict.accepted, 3);
  EXPECT_EQ(verdict.lost + verdict.duplicates + verdict.strangers + verdict.in_doubt, 0);
  EXPECT_EQ(ledger.handled_count(), 3);
  EXPECT_NEAR(ledger.latency_ms().p50, 20, 0.01);
  EXPECT_NEAR(ledger.latency_ms().max, 30, 0.01);
  EXPECT_NEAR(ledger.accept_ms().p99, 2, 0.01);
}

TEST(LedgerTest, WhatWasNeverHandledIsLost) {
  Ledger ledger(3, 7);
  ledger.accepted(0, "a", now());
  ledger.accepted(1, "b", now());
  ledger.in_doubt(2);
  static_cast<void>(ledger.handled(ledger.body_of(0, kSize), "a", now()));
  const auto verdict = ledger.verdict();
  EXPECT_EQ(verdict.lost, 1);
  EXPECT_EQ(verdict.in_doubt, 1);
}

TEST(LedgerTest, EachFurtherHandlingIsADuplicate) {
  Ledger ledger(1, 7);
  ledger.accepted(0, "a", now());
  const std::string body = ledger.body_of(0, kSize);
  EXPECT_TRUE(ledger.handled(body, "a", now()));
  EXPECT_FALSE(ledger.handled(body, "a", now()));
  EXPECT_FALSE(ledger.handled(body, "a", now()));
  EXPECT_EQ(ledger.verdict().duplicates, 2);
  EXPECT_EQ(ledger.handled_count(), 1);
}

TEST(LedgerTest, WhatNobodyAskedForIsAStranger) {
  Ledger ledger(2, 7);
  const Ledger other(2, 8);
  ledger.accepted(0, "a", now());
  EXPECT_FALSE(ledger.handled(other.body_of(0, kSize), "a", now())) << "of another run";
  EXPECT_FALSE(ledger.handled("", "a", now())) << "unreadable";
  EXPECT_FALSE(ledger.handled(ledger.body_of(2, kSize), "a", now())) << "beyond the last";
  EXPECT_EQ(ledger.verdict().strangers, 3);
  static_cast<void>(ledger.handled(ledger.body_of(0, kSize), "b", now()));  // under another id than was answered
  static_cast<void>(ledger.handled(ledger.body_of(1, kSize), "c", now()));  // without having been accepted
  EXPECT_EQ(ledger.verdict().strangers, 5);
}

TEST(LedgerTest, BodiesHaveTheSizeThatWasAsked) {
  const Ledger ledger(10, 0xFFFFFFFF);
  for (const std::size_t size : {Ledger::kBodyMin, std::size_t{512}, std::size_t{100'000}}) {
    EXPECT_EQ(ledger.body_of(9, size).size(), size);
  }
  EXPECT_NE(ledger.body_of(1, kSize), ledger.body_of(2, kSize));
}

}  // namespace
}  // namespace waybill::bench
