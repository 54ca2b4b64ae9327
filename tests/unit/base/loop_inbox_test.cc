// What other threads bring to a loop: in order, in few tasks, and not after the end.
#include "base/loop_inbox.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>

namespace waybill {
namespace {

/// Runs what was posted when it is told to.
class HandDrivenLoop final : public Loop {
 public:
  [[nodiscard]] MonoTime now() const override { return {}; }
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  void call_at(MonoTime /*when*/, Task task) override { tasks_.push_back(std::move(task)); }
  int run() {
    int ran = 0;
    for (; !tasks_.empty(); ++ran) {
      const Task task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
    return ran;
  }

 private:
  std::deque<Task> tasks_;
};

TEST(LoopInboxTest, WhatCameMeanwhileIsTakenInOneTaskInOrder) {
  HandDrivenLoop loop;
  std::vector<int> taken;
  LoopInbox<std::unique_ptr<int>> inbox(loop, [&](std::unique_ptr<int> item) { taken.push_back(*item); });
  for (const int item : {1, 2, 3}) inbox.put(std::make_unique<int>(item));
  EXPECT_EQ(loop.run(), 1);
  inbox.put(std::make_unique<int>(4));
  EXPECT_EQ(loop.run(), 1);
  EXPECT_EQ(taken, (std::vector{1, 2, 3, 4}));
}

TEST(LoopInboxTest, WhatIsPutWhileItIsEmptiedComesNext) {
  HandDrivenLoop loop;
  std::vector<int> taken;
  LoopInbox<int>* self = nullptr;
  LoopInbox<int> inbox(loop, [&](int item) {
    taken.push_back(item);
    if (item == 1) self->put(3);
  });
  self = &inbox;
  inbox.put(1);
  inbox.put(2);
  EXPECT_EQ(loop.run(), 2);
  EXPECT_EQ(taken, (std::vector{1, 2, 3}));
}

TEST(LoopInboxTest, NothingIsTakenAfterItsEnd) {
  HandDrivenLoop loop;
  int taken = 0;
  std::optional<LoopInbox<int>> inbox;
  inbox.emplace(loop, [&](int) { ++taken; });
  inbox->put(1);
  inbox.reset();
  EXPECT_EQ(loop.run(), 1);
  EXPECT_EQ(taken, 0);
}

TEST(LoopInboxTest, AnItemMayEndIt) {
  HandDrivenLoop loop;
  int taken = 0;
  std::optional<LoopInbox<int>> inbox;
  inbox.emplace(loop, [&](int) {
    ++taken;
    inbox.reset();
  });
  inbox->put(1);
  inbox->put(2);
  loop.run();
  EXPECT_EQ(taken, 1);
}

}  // namespace
}  // namespace waybill
