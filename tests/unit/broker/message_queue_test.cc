#include "broker/inprocess/message_queue.h"

#include <gtest/gtest.h>

namespace waybill::inprocess {
namespace {

constexpr std::size_t kPlenty = 1'000'000;

ContentPtr content(const std::string& id, std::size_t body_bytes = 0) {
  return std::make_shared<const Content>(Content{{}, id, {}, {}, Body(std::string(body_bytes, 'x'))});
}

MessageQueue queue_of(std::size_t max_messages, std::size_t max_bytes = kPlenty) {
  return MessageQueue(QueueDeclaration{{"q"}, max_messages, {}}, max_bytes);
}

std::string ids(MessageQueue& queue) {
  std::string all;
  while (queue.has_waiting()) all += queue.take().content->id;
  return all;
}

TEST(MessageQueue, GivesInTheOrderItTook) {
  auto queue = queue_of(10);
  for (const char* id : {"a", "b", "c"}) queue.push(content(id));
  EXPECT_EQ(ids(queue), "abc");
}

TEST(MessageQueue, PutBackGoesToItsOldPlaceMarkedRedelivered) {
  auto queue = queue_of(10);
  for (const char* id : {"a", "b", "c", "d"}) queue.push(content(id));
  auto a = queue.take();
  auto b = queue.take();
  auto c = queue.take();
  queue.put_back(std::move(c));
  queue.put_back(std::move(a));
  const auto first = queue.take();
  EXPECT_EQ(first.content->id, "a");
  EXPECT_TRUE(first.redelivered);
  queue.put_back(std::move(b));
  EXPECT_EQ(ids(queue), "bcd");
}

TEST(MessageQueue, CountsWhatWasTakenUntilItIsSettled) {
  auto queue = queue_of(10);
  queue.push(content("a", 100));
  const auto bytes = queue.bytes();
  EXPECT_GE(bytes, 100U);
  const auto taken = queue.take();
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_EQ(queue.messages(), 1U);
  EXPECT_EQ(queue.bytes(), bytes);
  queue.settle(taken);
  EXPECT_EQ(queue.messages(), 0U);
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(MessageQueue, IsFullFromItsBoundUntilFourFifths) {
  auto queue = queue_of(10);
  for (int i = 0; i < 9; ++i) queue.push(content("m"));
  EXPECT_FALSE(queue.full());
  queue.push(content("m"));
  EXPECT_TRUE(queue.full());
  queue.settle(queue.take());
  EXPECT_TRUE(queue.full()) << "nine of ten";
  queue.settle(queue.take());
  EXPECT_FALSE(queue.full()) << "eight of ten";
}

TEST(MessageQueue, IsFullByItsBytes) {
  auto queue = queue_of(1'000, 10'000);
  queue.push(content("big", 9'000));
  EXPECT_FALSE(queue.full());
  queue.push(content("more", 2'000));
  EXPECT_TRUE(queue.full());
  queue.settle(queue.take());
  EXPECT_FALSE(queue.full());
}

TEST(MessageQueue, SmallestBoundsFillAndDrain) {
  for (const std::size_t bound : {1U, 2U, 3U, 4U, 5U}) {
    auto queue = queue_of(bound);
    for (std::size_t i = 0; i < bound; ++i) {
      EXPECT_FALSE(queue.full()) << bound;
      queue.push(content("m"));
    }
    EXPECT_TRUE(queue.full()) << bound;
    queue.settle(queue.take());
    EXPECT_FALSE(queue.full()) << bound;
  }
}

TEST(MessageQueue, HasRoomOnlyForWhatDoesNotFillIt) {
  auto queue = queue_of(3, 10'000);
  queue.push(content("a"));
  EXPECT_TRUE(queue.has_room_for(*content("b")));
  EXPECT_FALSE(queue.has_room_for(*content("b", 10'000)));
  queue.push(content("b"));
  EXPECT_FALSE(queue.has_room_for(*content("c"))) << "it would be the third of three";
}

TEST(MessageQueue, PurgeDropsWhatWaitsAndKeepsWhatIsTaken) {
  auto queue = queue_of(4);
  for (const char* id : {"a", "b", "c", "d"}) queue.push(content(id));
  auto taken = queue.take();
  EXPECT_TRUE(queue.full());
  EXPECT_EQ(queue.purge(), 3U);
  EXPECT_FALSE(queue.full());
  EXPECT_EQ(queue.messages(), 1U);
  queue.put_back(std::move(taken));
  EXPECT_EQ(ids(queue), "a");
}

}  // namespace
}  // namespace waybill::inprocess
