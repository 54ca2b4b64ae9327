// A single-threaded event loop: the one thread on which an instance's engine decides and acts. The simulator has a
// loop of its own that runs on virtual time, so everything above this line is the same code in both.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/time.h"

namespace waybill {

using Task = std::function<void()>;

/// Runs tasks one at a time, in the order posted. `post` and `call_at` may be called from any thread.
class Loop {
 public:
  virtual ~Loop() = default;
  [[nodiscard]] virtual MonoTime now() const = 0;
  virtual void post(Task task) = 0;
  /// Runs `task` at `when` or soon after; never earlier.
  virtual void call_at(MonoTime when, Task task) = 0;
  /// True on the loop's own thread while it runs tasks: what is posted now runs after those that are ready.
  [[nodiscard]] virtual bool in_turn() const { return false; }
};

/// One deadline that may be moved. Lives on the loop's thread; destroying it disarms it.
class Timer {
 public:
  Timer(Loop& loop, Task task) : loop_(loop), state_(std::make_shared<State>(State{std::move(task), {}, 0, false})) {}
  ~Timer() { state_->armed = false; }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Fires once at `when`; replaces the earlier deadline.
  void arm(MonoTime when);
  void disarm() { state_->armed = false; }

 private:
  struct State {
    Task task;
    MonoTime when;
    std::uint64_t generation;
    bool armed;
  };
  Loop& loop_;
  std::shared_ptr<State> state_;  // shared with the pending call, which may outlive the timer
};

/// The production loop: one thread, steady clock. Start once; `stop` may be called twice and joins.
class LoopThread final : public Loop {
 public:
  LoopThread() = default;
  ~LoopThread() override { stop(); }
  void start();
  /// Finishes the running task, drops what is still queued, joins the thread.
  void stop();

  [[nodiscard]] MonoTime now() const override { return std::chrono::steady_clock::now(); }
  void post(Task task) override;
  void call_at(MonoTime when, Task task) override;
  [[nodiscard]] bool in_turn() const override { return std::this_thread::get_id() == thread_id_.load(); }

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Task> posted_;             // guarded by mutex_
  std::multimap<MonoTime, Task> timed_;  // guarded by mutex_
  bool stopping_ = false;                // guarded by mutex_
  std::atomic<std::thread::id> thread_id_;
  std::thread thread_;
};

}  // namespace waybill
