#include "base/loop.h"

#include <utility>

#include "base/fail_stop.h"

namespace waybill {

void Timer::arm(MonoTime when) {
  if (state_->armed && state_->when == when) return;
  state_->armed = true;
  state_->when = when;
  const auto generation = ++state_->generation;
  loop_.call_at(when, [state = state_, generation] {
    if (!state->armed || state->generation != generation) return;
    state->armed = false;
    state->task();
  });
}

void LoopThread::start() {
  thread_ = std::thread([this] { run_or_abort("loop", [this] { run(); }); });
}

void LoopThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LoopThread::post(Task task) {
  bool was_idle = false;
  {
    const std::lock_guard lock(mutex_);
    was_idle = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (was_idle) wake_.notify_one();
}

void LoopThread::call_at(MonoTime when, Task task) {
  {
    const std::lock_guard lock(mutex_);
    timed_.emplace(when, std::move(task));
  }
  wake_.notify_one();
}

void LoopThread::run() {
  thread_id_ = std::this_thread::get_id();
  std::vector<Task> ready;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    for (auto due = timed_.begin(); due != timed_.end() && due->first <= now(); due = timed_.erase(due)) {
      posted_.push_back(std::move(due->second));
    }
    if (posted_.empty()) {
      if (timed_.empty()) {
        wake_.wait(lock);
      } else {
        wake_.wait_until(lock, timed_.begin()->first);
      }
      continue;
    }
    ready.swap(posted_);
    lock.unlock();
    for (Task& task : ready) task();
    ready.clear();  // what a task captured is released outside the lock
    lock.lock();
  }
}

}  // namespace waybill
