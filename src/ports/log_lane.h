// The way of the engine to the log: a write is handed over, rides with others in the next flush, and its answer comes
// back later. One flush is in flight; what arrives meanwhile is the next one; no timer delays a durable write.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ports/log_writes.h"

namespace waybill {

/// Submitting: any thread. Answers: on the loop that the lane was built with.
class LogLane {
 public:
  using Done = std::function<void(Result<Answer>)>;
  virtual ~LogLane() = default;

  /// Answers exactly once: what the log answered; kOverload at once if the lane is full; kRetry if the log did not take
  /// it before `deadline` (certainly nothing happened); kInDoubt if that is not certain. Marks are lazy: they ride with
  /// the next durable flush, at most 100 ms.
  virtual void submit(Write write, MonoTime deadline, Done done) = 0;

  using DoneAll = std::function<void(std::vector<Result<Answer>>)>;
  /// Several writes, in one flush if they fit into one. Taken all or none; one answer a write, in their order, all at
  /// once.
  virtual void submit_all(std::vector<Write> writes, MonoTime deadline, DoneAll done) = 0;
};

/// Gathers the answers to several writes: hand each of the callables to one `submit`; when all have been called, on one
/// thread, `done` is called with the answers in the order of the callables. For nothing at all it is never called.
[[nodiscard]] std::vector<LogLane::Done> share_answers(std::size_t writes, LogLane::DoneAll done);

/// Submits a write whose answer is a `T`.
template <class T, class Done>
void submit_for(LogLane& lane, Write write, MonoTime deadline, Done done) {
  lane.submit(std::move(write), deadline, [done = std::move(done)](Result<Answer> answer) mutable {
    if (answer.ok()) {
      done(Result<T>(std::get<T>(std::move(answer).value())));
    } else {
      done(Result<T>(answer.error()));
    }
  });
}

}  // namespace waybill
