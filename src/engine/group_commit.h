// The log lane of a process: one thread that flushes what FlushQueue chooses to the message log.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/loop.h"
#include "engine/flush_queue.h"
#include "engine/log_health.h"
#include "ports/log_lane.h"
#include "ports/message_log.h"

namespace waybill {

/// Answers come on `loop`, all those of one flush in one turn. `log`, `loop` and `health` outlive it. Start once;
/// `stop` may be called twice: it flushes what waits as long as the log takes it, and joins.
class GroupCommit final : public LogLane {
 public:
  /// `on_broken` is called once, on the lane's thread, if the log cannot be used any more: stop the process.
  GroupCommit(MessageLog& log, Loop& loop, LogHealth& health, std::function<void(const Error&)> on_broken,
              FlushLimits limits = {});
  ~GroupCommit() override { stop(); }

  void start();
  void stop();
  void submit(Write write, MonoTime deadline, Done done) override;

 private:
  void run();
  void flush(FlushQueue::Batch batch);
  void answer(FlushQueue::Batch batch, std::vector<Result<Answer>> answers);
  void answer_all(FlushQueue::Batch batch, const Error& error);
  void answer_expired(FlushQueue::Batch batch);

  MessageLog& log_;
  Loop& loop_;
  LogHealth& health_;
  const std::function<void(const Error&)> on_broken_;
  std::mutex mutex_;
  std::condition_variable wake_;
  FlushQueue queue_;       // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  bool broken_ = false;    // guarded by mutex_
  std::thread thread_;
};

}  // namespace waybill
