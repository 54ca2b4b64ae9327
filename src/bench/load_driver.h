// Offers messages to an intake: as fast as they are handled (closed loop, a bounded number under way) or at a rate
// (open loop: a late answer does not delay the next message, and counts from when the message should have been asked
// for). What is refused for overload is asked for again.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "bench/ledger.h"
#include "bench/run_watch.h"
#include "core/names.h"
#include "ports/intake.h"

namespace waybill::bench {

struct Load {
  std::size_t first = 0;  ///< index of the first message in the ledger
  std::size_t messages = 0;
  std::size_t size = 512;         ///< bytes of a body
  int rate = 0;                   ///< messages a second; 0: as fast as it goes
  std::size_t concurrency = 512;  ///< under way at once; not with a rate
  std::size_t batch = 64;         ///< asked for by one call, at most
  bool flood = false;             ///< under way until accepted, not until handled: the log may grow
  Route route;
  int misdirected_percent = 0;  ///< of the messages, evenly: to `misdirected`, which leads nowhere
  Route misdirected;
  Duration answer_deadline{5'000};

  /// Of the first so many messages.
  [[nodiscard]] std::size_t misdirected_among(std::size_t count) const {
    return count * static_cast<std::size_t>(misdirected_percent) / 100;
  }
};

/// What is misdirected is no affair of the ledger's: it is never handled. `on_handled` from any thread, the rest from
/// one. The parts outlive it, and it outlives every answer.
class LoadDriver {
 public:
  LoadDriver(Intake& intake, Ledger& ledger, RunWatch& watch, Load load);

  /// Returns when every message is answered. Errors: kPermanent (a message was refused for ever: the first answer that
  /// said so), kRetry (nothing moved for 30 s, or the run took more than Ledger::kLongest), kConflict (interrupted).
  [[nodiscard]] Status run();
  /// Each message once.
  void on_handled(std::size_t index);

  /// Refusals for overload, each asked for again.
  [[nodiscard]] std::int64_t refused() const { return refused_; }
  /// Misdirected messages that were accepted, and those of which nobody knows.
  [[nodiscard]] std::int64_t misdirected() const { return misdirected_; }
  [[nodiscard]] std::int64_t misdirected_in_doubt() const { return misdirected_in_doubt_; }

 private:
  using Indices = std::vector<std::size_t>;
  [[nodiscard]] Indices next_ones();
  [[nodiscard]] Indices refused_ones();
  void ask(Indices indices);
  [[nodiscard]] IntakeRequest request_of(std::size_t index) const;
  [[nodiscard]] bool is_misdirected(std::size_t index) const;
  void on_answer(std::size_t index, const Result<AppendAnswer>& answer);
  void on_refused(std::size_t index, const Error& error);
  void leave();
  void wait();
  [[nodiscard]] MonoTime due_time(std::size_t number) const;
  [[nodiscard]] std::optional<Error> trouble();

  Intake& intake_;
  Ledger& ledger_;
  RunWatch& watch_;
  const Load load_;
  MonoTime begin_{};
  std::size_t next_ = 0;  // of the load's messages, from 0
  std::int64_t moved_seen_ = 0;
  MonoTime moved_at_{};
  std::atomic<std::int64_t> open_ = 0;  // asked for and without a final answer
  std::atomic<std::int64_t> under_way_ = 0;
  std::atomic<std::int64_t> wake_at_ = -1;  // the driver waits until so few are under way; -1: it does not
  std::atomic<std::int64_t> moved_ = 0;     // answers and handlings
  std::atomic<std::int64_t> refused_ = 0;
  std::atomic<std::int64_t> misdirected_ = 0;
  std::atomic<std::int64_t> misdirected_in_doubt_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  Indices again_;                     // guarded by mutex_
  MonoTime again_at_{};               // guarded by mutex_
  std::optional<Error> first_error_;  // guarded by mutex_
};

}  // namespace waybill::bench
