// Runs handlers on threads of their own, so that the worker's loop never waits for an effect.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/loop.h"
#include "base/loop_inbox.h"
#include "ports/handler.h"

namespace waybill {

/// `loop` and the handlers outlive it. start/cancel: on the loop. `stop` waits for running handlers and may be called
/// twice; `abandon` does not wait: the process is about to end.
class HandlerPool final : public HandlerRunner {
 public:
  HandlerPool(Loop& loop, std::map<QueueName, Handler*> handlers, int threads);
  ~HandlerPool() override { stop(); }
  void stop();
  void abandon();

  [[nodiscard]] bool marks_effect(const QueueName& queue) const override;
  void start(std::uint64_t key, const QueueName& queue, Attempt attempt, Callbacks callbacks) override;
  void cancel(std::uint64_t key) override;

 private:
  class Gate;
  struct Job {
    std::uint64_t key = 0;
    Handler* handler = nullptr;
    Attempt attempt;
    std::shared_ptr<Gate> gate;
    std::function<void(AttemptReport)> on_finished;
  };
  struct Finished {
    std::function<void(AttemptReport)> tell;
    AttemptReport report;
  };
  static HandlerOutcome handle(const Job& job);
  struct Wake {};
  static HandlerOutcome thrown(const Job& job, const std::string& what);
  void run();
  void wake_for_started();
  void wake_another(std::unique_lock<std::mutex>& lock);

  Loop& loop_;
  const std::map<QueueName, Handler*> handlers_;
  LoopInbox<Finished> finished_;
  LoopInbox<Wake> started_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;                                            // guarded by mutex_
  std::unordered_map<std::uint64_t, std::shared_ptr<Gate>> gates_;  // guarded by mutex_
  int idle_ = 0;                                                    // guarded by mutex_; threads that wait
  bool will_wake_ = false;                                          // guarded by mutex_; when the loop's turn ends
  bool waking_ = false;                                             // guarded by mutex_; one of them is on its way
  bool stopping_ = false;                                           // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace waybill
