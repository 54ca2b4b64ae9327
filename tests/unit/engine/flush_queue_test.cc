// Which writes ride in the next flush: order, bounds, lazy marks, failures.
#include "engine/flush_queue.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/engine/engine_hands.h"

namespace waybill {
namespace {

Write append(const std::string& id, std::size_t bytes = 0) {
  Append append;
  append.message.id.value = id;
  append.message.body = Body(std::string(bytes, 'x'));
  return append;
}
Write claim(const std::string& id) {
  Claim claim;
  claim.id.value = id;
  return claim;
}
Write claim_with_body(const std::string& id, std::size_t bytes) {
  Claim claim;
  claim.id.value = id;
  claim.want_body = true;
  claim.body_bytes = bytes;
  return claim;
}
Write mark(const std::string& id) { return MarkSent{MessageId{id}, 1, {}}; }
Write renew(const std::string& id) { return Renew{Fence{MessageId{id}, {}, 1, {}}, Duration{15'000}}; }
Write finish(const std::string& id) {
  Finish finish;
  finish.fence.id.value = id;
  return finish;
}

std::string name_of(const Write& write) {
  return std::visit(
      [](const auto& w) -> std::string {
        if constexpr (requires { w.fence.id.value; }) return w.fence.id.value;
        if constexpr (requires { w.message.id.value; }) return w.message.id.value;
        if constexpr (requires { w.id.value; }) return w.id.value;
        return "?";
      },
      write);
}

std::string names(const FlushQueue::Batch& batch) {
  std::string text;
  for (const auto& item : batch) text += (text.empty() ? "" : " ") + name_of(item.write);
  return text;
}

class FlushQueueTest : public ::testing::Test {
 protected:
  bool push(Write write, std::int64_t arrived = 0, std::int64_t deadline = 60'000) {
    FlushQueue::Item item{std::move(write), at_ms(deadline), [](const Result<Answer>&) {}, 0, at_ms(arrived), false};
    return queue().push(item);
  }
  FlushQueue& queue() {
    if (!queue_) queue_.emplace(limits_);
    return *queue_;
  }
  std::string next(std::int64_t now = 0) { return names(queue().next_batch(at_ms(now))); }

  FlushLimits limits_;

 private:
  std::optional<FlushQueue> queue_;
};

TEST_F(FlushQueueTest, UrgentWritesRideFirstThenMarksThenBodies) {
  EXPECT_TRUE(push(append("body")));
  EXPECT_TRUE(push(mark("mark")));
  EXPECT_TRUE(push(finish("finish")));
  EXPECT_TRUE(push(claim("claim")));
  EXPECT_EQ(next(), "finish claim mark body");
  EXPECT_TRUE(queue().empty());
}

TEST_F(FlushQueueTest, RenewalsFindRoomWhenIntakeIsFull) {
  limits_.bulk_rows_max = 2;
  EXPECT_TRUE(push(append("a")));
  EXPECT_TRUE(push(append("b")));
  EXPECT_FALSE(push(append("c")));
  EXPECT_TRUE(push(renew("r")));
  EXPECT_TRUE(push(claim("k")));
  EXPECT_TRUE(push(mark("m")));
  EXPECT_EQ(next(), "r k m a b");
}

TEST_F(FlushQueueTest, WaitingBodiesAreBoundedInBytesButOneAlwaysFits) {
  limits_.bulk_bytes_max = 10;
  EXPECT_TRUE(push(append("big", 100)));
  EXPECT_EQ(queue().bulk_bytes(), 100U);
  EXPECT_FALSE(push(append("small", 1)));
  EXPECT_EQ(next(), "big");
  EXPECT_EQ(queue().bulk_bytes(), 0U);
  EXPECT_TRUE(push(append("six", 6)));
  EXPECT_TRUE(push(append("four", 4)));
  EXPECT_FALSE(push(append("one", 1)));
}

TEST_F(FlushQueueTest, FlushTakesAtMostItsRowsAndLeavesTheRestInOrder) {
  limits_.rows_max = 3;
  for (const char* id : {"a", "b", "c", "d"}) EXPECT_TRUE(push(append(id)));
  EXPECT_TRUE(push(renew("r")));
  EXPECT_EQ(next(), "r a b");
  EXPECT_EQ(next(), "c d");
}

TEST_F(FlushQueueTest, FlushTakesAtMostItsBytesAndOneBodyThatIsLarger) {
  limits_.bytes_max = 10;
  EXPECT_TRUE(push(append("huge", 50)));
  EXPECT_TRUE(push(append("eight", 8)));
  EXPECT_TRUE(push(append("two", 2)));
  EXPECT_TRUE(push(append("one", 1)));
  EXPECT_TRUE(push(append("vast", 50)));
  EXPECT_TRUE(push(append("last", 50)));
  EXPECT_EQ(next(), "huge eight two");
  EXPECT_EQ(next(), "one vast");
  EXPECT_EQ(next(), "last");
}

TEST_F(FlushQueueTest, ALargeBodyRidesHoweverManyUrgentWritesThereAre) {
  limits_.bytes_max = 10;
  EXPECT_TRUE(push(append("huge", 50)));
  EXPECT_TRUE(push(renew("r")));
  EXPECT_EQ(next(), "r huge");
}

TEST_F(FlushQueueTest, ClaimsThatBringABodyRideBehindUrgentWritesWithinTheBytes) {
  limits_.bytes_max = 10;
  EXPECT_TRUE(push(append("a", 5)));
  EXPECT_TRUE(push(claim_with_body("eight", 8)));
  EXPECT_TRUE(push(claim_with_body("huge", 80)));
  EXPECT_TRUE(push(claim_with_body("vast", 90)));
  EXPECT_TRUE(push(renew("r")));
  EXPECT_TRUE(push(claim("c")));
  EXPECT_EQ(next(), "r c eight huge");
  EXPECT_EQ(next(), "vast a");
  EXPECT_EQ(queue().bulk_bytes(), 0U);
}

TEST_F(FlushQueueTest, WhatAReportTellsOfRecipientsCountsToo) {
  limits_.bytes_max = 10;
  for (const char* id : {"a", "b", "c"}) {
    Write report = finish(id);
    std::get<Finish>(report).recipients = {{"1234", {RecipientFate::kRefused, 550, "", "5"}, ""}};
    EXPECT_TRUE(push(report));
  }
  EXPECT_EQ(next(), "a b");
  EXPECT_EQ(next(), "c");
}

TEST_F(FlushQueueTest, LoneWriteIsReadyAtOnce) {
  EXPECT_EQ(queue().ready_at(), std::nullopt);
  EXPECT_TRUE(push(append("a"), 7));
  EXPECT_EQ(queue().ready_at(), at_ms(7));
  EXPECT_EQ(next(7), "a");
}

TEST_F(FlushQueueTest, MarkWithoutCompanyGoesAfterAWhile) {
  EXPECT_TRUE(push(mark("m"), 0));
  EXPECT_EQ(queue().ready_at(), at_ms(20));
  EXPECT_EQ(next(19), "");
  EXPECT_EQ(next(20), "m");
}

TEST_F(FlushQueueTest, MarkRidesWithTheNextDurableWrite) {
  EXPECT_TRUE(push(mark("m"), 0));
  EXPECT_TRUE(push(append("a"), 1));
  EXPECT_EQ(next(1), "m a");
}

TEST_F(FlushQueueTest, FailedFlushComesAgainInItsOrderAfterABackoff) {
  for (const char* id : {"a", "b", "c"}) EXPECT_TRUE(push(append(id, 5)));
  EXPECT_TRUE(push(renew("r")));
  auto batch = queue().next_batch(at_ms(0));
  EXPECT_TRUE(push(append("d", 5)));
  queue().on_failed(std::move(batch), ErrorClass::kRetry, at_ms(10));
  EXPECT_EQ(queue().bulk_bytes(), 20U);
  EXPECT_EQ(queue().ready_at(), at_ms(30));
  EXPECT_EQ(next(29), "");
  EXPECT_EQ(next(30), "r a b c d");
}

TEST_F(FlushQueueTest, BackoffDoublesUpToItsBoundAndEndsWithASuccess) {
  EXPECT_TRUE(push(append("a")));
  std::int64_t now = 0;
  for (const int wait : {20, 40, 80, 160, 320, 500, 500}) {
    auto batch = queue().next_batch(at_ms(now));
    ASSERT_EQ(batch.size(), 1U);
    queue().on_failed(std::move(batch), ErrorClass::kRetry, at_ms(now));
    EXPECT_EQ(queue().ready_at(), at_ms(now + wait));
    now += wait;
  }
  EXPECT_EQ(next(now), "a");
  queue().on_flushed(Duration{1});
  EXPECT_TRUE(push(append("b"), now));
  EXPECT_EQ(next(now), "b");
}

TEST_F(FlushQueueTest, BatchThatFailsTwiceIsHalvedUntilItsWorstWriteIsAlone) {
  limits_.rows_max = 8;
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(push(append(std::to_string(i))));
  std::int64_t now = 0;
  for (const std::size_t size : {8U, 8U, 4U, 2U, 1U}) {
    auto batch = queue().next_batch(at_ms(now));
    ASSERT_EQ(batch.size(), size);
    EXPECT_EQ(name_of(batch.front().write), "0");
    queue().on_failed(std::move(batch), ErrorClass::kRetry, at_ms(now));
    now += 1'000;
  }
  EXPECT_EQ(next(now), "0");
  queue().on_flushed(Duration{1});
  EXPECT_EQ(next(now), "1 2");
  queue().on_flushed(Duration{1});
  EXPECT_EQ(next(now), "3 4 5 6");
}

TEST_F(FlushQueueTest, ExpiredWriteIsInDoubtOnlyIfAnEarlierFlushWithItMayHaveHappened) {
  EXPECT_TRUE(push(append("flushed", 3), 0, 50));
  auto batch = queue().next_batch(at_ms(0));
  queue().on_failed(std::move(batch), ErrorClass::kInDoubt, at_ms(1));
  batch = queue().next_batch(at_ms(40));
  queue().on_failed(std::move(batch), ErrorClass::kRetry, at_ms(41));
  EXPECT_TRUE(push(append("waiting", 4), 2, 50));
  EXPECT_TRUE(push(append("later", 5), 2, 51));

  EXPECT_EQ(queue().next_deadline(), at_ms(50));
  EXPECT_TRUE(queue().expired(at_ms(49)).empty());
  const auto late = queue().expired(at_ms(50));
  ASSERT_EQ(names(late), "flushed waiting");
  EXPECT_TRUE(late[0].in_doubt);
  EXPECT_FALSE(late[1].in_doubt);
  EXPECT_EQ(queue().bulk_bytes(), 5U);
  EXPECT_EQ(queue().next_deadline(), at_ms(51));
}

TEST_F(FlushQueueTest, DrainGivesEverythingBack) {
  EXPECT_TRUE(push(append("a", 3)));
  EXPECT_TRUE(push(mark("m")));
  EXPECT_TRUE(push(claim("c")));
  EXPECT_EQ(names(queue().drain()), "c a m");
  EXPECT_TRUE(queue().empty());
  EXPECT_EQ(queue().bulk_bytes(), 0U);
  EXPECT_EQ(queue().ready_at(), std::nullopt);
}

TEST_F(FlushQueueTest, WriteThatFailedByItselfRidesAloneAfterItsNeighbours) {
  limits_.rows_max = 4;
  for (const char* id : {"poison", "b", "c", "d"}) EXPECT_TRUE(push(append(id)));
  std::int64_t now = 0;
  for (const std::size_t size : {4U, 4U, 2U, 1U}) {
    auto batch = queue().next_batch(at_ms(now));
    ASSERT_EQ(batch.size(), size);
    queue().on_failed(std::move(batch), ErrorClass::kRetry, at_ms(now));
    now += 500;
  }
  for (const char* id : {"b", "c d"}) {
    EXPECT_EQ(next(now), id);
    queue().on_flushed(Duration{1});
  }
  EXPECT_EQ(queue().ready_at(), at_ms(1'500 + 1'000)) << "it failed alone at 1,500";
  EXPECT_TRUE(push(append("e"), 2'500));
  auto alone = queue().next_batch(at_ms(2'500));
  EXPECT_EQ(names(alone), "poison");
  queue().on_failed(std::move(alone), ErrorClass::kRetry, at_ms(2'500));
  EXPECT_EQ(next(2'500), "e") << "its failure delays nobody";
  EXPECT_EQ(names(queue().expired(at_ms(60'000))), "poison");
  EXPECT_TRUE(queue().empty());
}

TEST_F(FlushQueueTest, SlowFlushesAreFollowedBySmallerOnes) {
  limits_.rows_max = 8;
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(push(append(std::to_string(i))));
  EXPECT_EQ(queue().next_batch(at_ms(0)).size(), 8U);
  queue().on_flushed(Duration{1'501});
  EXPECT_EQ(queue().next_batch(at_ms(0)).size(), 4U);
  queue().on_flushed(Duration{1'500});
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(push(append(std::to_string(i))));
  EXPECT_EQ(queue().next_batch(at_ms(0)).size(), 8U);
}

}  // namespace
}  // namespace waybill
