// A log lane of a process: one thread that flushes what FlushQueue chooses to the message log.
//
// On a shared log there are two. New rows that a stranger's transaction keeps out move from the hot lane to the slow
// one, which has a log of its own and asks again, so that they get their answer and delay nobody.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "engine/flush_queue.h"
#include "engine/log_health.h"
#include "ports/log_lane.h"
#include "ports/message_log.h"
#include "ports/metrics.h"

namespace waybill {

/// Answers come on `loop`, all those of one flush in one turn. A write whose deadline passes while its flush is under
/// way is answered kInDoubt, however long the log takes. `log`, `loop`, `health` and `metrics` outlive it. Start once;
/// `stop` may be called twice: it flushes what waits as long as the log takes it, and joins.
class GroupCommit final : public LogLane {
 public:
  struct Role {
    GroupCommit* slow = nullptr;  ///< where new rows go that a stranger keeps out; outlives this lane and its `stop`
    bool asks_again = false;      ///< a slow lane: new rows that a stranger keeps out are tried until their deadlines
  };

  /// `on_broken` is called once, on the lane's thread, if the log cannot be used any more: stop the process. Writes are
  /// then answered kInDoubt if they may have happened, else kRetry.
  GroupCommit(MessageLog& log, Loop& loop, LogHealth& health, Metrics& metrics,
              std::function<void(const Error&)> on_broken, FlushLimits limits, Role role);
  GroupCommit(MessageLog& log, Loop& loop, LogHealth& health, Metrics& metrics,
              std::function<void(const Error&)> on_broken, FlushLimits limits = {})
      : GroupCommit(log, loop, health, metrics, std::move(on_broken), limits, Role()) {}
  ~GroupCommit() override;

  void start();
  void stop();
  void submit(Write write, MonoTime deadline, Done done) override;
  void submit_all(std::vector<Write> writes, MonoTime deadline, DoneAll done) override;
  /// Flushes that were tried so far. Any thread.
  [[nodiscard]] std::uint64_t flushes() const { return flushes_.load(std::memory_order_relaxed); }

 private:
  /// What a task on the loop finds of a lane that may be gone.
  struct Watch {
    std::mutex mutex;
    GroupCommit* lane = nullptr;  // guarded by mutex
  };

  void run();
  void gather(std::unique_lock<std::mutex>& lock);
  void flush(std::vector<Write> writes);
  void on_committed(Committed committed, std::vector<Write> writes, MonoTime sent);
  [[nodiscard]] FlushQueue::Batch take_kept_out(FlushQueue::Batch& batch, const std::vector<Result<Answer>>& answers,
                                                std::vector<Write>& writes) const;
  void tell_of_kept_out(std::size_t writes);
  void on_failure(const Error& error, std::vector<Write> writes);
  void watch();
  void end_late();
  void refuse(FlushQueue::Batch batch);
  void answer(FlushQueue::Batch batch, std::vector<Result<Answer>> answers);
  void answer_unrecorded(FlushQueue::Batch batch);

  MessageLog& log_;
  Loop& loop_;
  LogHealth& health_;
  Metrics& metrics_;
  const std::function<void(const Error&)> on_broken_;
  const Role role_;
  std::atomic<std::uint64_t> flushes_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  FlushQueue queue_;             // guarded by mutex_
  FlushQueue::Batch in_flight_;  // guarded by mutex_; without their writes; those without `done` have been answered
  bool watching_ = false;        // guarded by mutex_
  bool gathering_ = false;       // guarded by mutex_; the loop is in a turn that may submit more
  bool stopping_ = false;        // guarded by mutex_
  bool broken_ = false;          // guarded by mutex_
  bool failing_ = false;         // of the lane's thread
  bool keeps_asking_ = false;    // of the lane's thread: a stranger keeps new rows out
  std::shared_ptr<Watch> watch_ = std::make_shared<Watch>();
  std::thread thread_;
};

}  // namespace waybill
