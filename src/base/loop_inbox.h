// What other threads bring to a loop.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/loop.h"

namespace waybill {

/// Items are taken on the loop one by one, in the order they were put. What came while the loop was busy is taken in
/// one task: a wake-up costs more than an item. `loop` outlives it. `put`: any thread. Destroy it on the loop or when
/// the loop has stopped; what is left in it is dropped.
template <class T>
class LoopInbox {
 public:
  LoopInbox(Loop& loop, std::function<void(T)> take) : loop_(loop), state_(std::make_shared<State>()) {
    state_->take = std::move(take);
  }
  ~LoopInbox() { state_->open = false; }
  LoopInbox(const LoopInbox&) = delete;
  LoopInbox& operator=(const LoopInbox&) = delete;

  void put(T item) {
    bool first = false;
    {
      const std::lock_guard lock(state_->mutex);
      first = state_->items.empty();
      state_->items.push_back(std::move(item));
    }
    if (first) loop_.post([state = state_] { empty(*state); });
  }

 private:
  struct State {
    std::mutex mutex;
    std::vector<T> items;  // guarded by mutex
    std::function<void(T)> take;
    bool open = true;  // of the loop's thread
  };

  static void empty(State& state) {
    std::vector<T> items;
    {
      const std::lock_guard lock(state.mutex);
      items.swap(state.items);
    }
    for (auto& item : items) {
      if (!state.open) return;
      state.take(std::move(item));
    }
  }

  Loop& loop_;
  std::shared_ptr<State> state_;  // shared with the task that empties it, which may outlive the inbox
};

}  // namespace waybill
