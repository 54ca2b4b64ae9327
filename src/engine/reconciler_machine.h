// Decides whether confirmed rows that nobody consumed were lost by the broker, from evidence, never from a message
// count. No I/O, no clock. Rules and proofs: protocol section 6.
//
// (a) Our consumer had unused credit for 60 s and received nothing: what was confirmed before that is gone.
// (b) A marked message came out whose publish began after a row's confirm: a queue gives in order, so the row's copy is
//     gone. The instances' facts are up to one round old, so such evidence is used one round after it was seen.
// Neither counts for rows younger than the oldest delivery that some live instance has in hand.
//
// Rows are driven in a slow start, 1, 10, 100 …: on while driven copies come out and no original does, else backing
// off. A wrong verdict is harmless (the claim refuses the second copy) and bounded by that.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "engine/options.h"
#include "ports/log_writes.h"

namespace waybill {

/// What this instance itself saw of one queue since the last round.
struct QueueSight {
  QueueFact fact;
  std::uint64_t originals_out = 0;  ///< in all; see WorkerMachine::QueueView
};

class ReconcilerMachine {
 public:
  static constexpr int kLimitMax = 1'000;

  /// `broker_forgets`: an in-process broker; what another boot published is certainly lost.
  ReconcilerMachine(const EngineOptions& options, bool broker_forgets);

  /// The verdict that the start of an in-process broker allows, until an answer says that no row is left. It is on
  /// every queue: the configuration may name others than when the rows were published.
  [[nodiscard]] std::optional<Lost> on_start() const;
  void on_start_answer(int rows, int limit) { start_done_ = start_done_ || rows < limit; }
  /// A round: everybody's facts, and what was seen here. Returns the verdicts to carry out.
  [[nodiscard]] std::vector<Lost> on_facts(const QueueFactsAnswer& facts, const std::vector<QueueSight>& sights,
                                           MonoTime now);
  /// How many rows a verdict drove.
  void on_lost(const QueueName& queue, int rows, MonoTime now);

 private:
  struct Case {
    int limit = 1;
    std::optional<WallTime> newest_before;  // evidence (b) of the round before
    WallTime judged_at{};                   // the last verdict, by the store's clock
    std::optional<WallTime> driven_at;      // the one whose copies have not come out yet
    MonoTime driven{};                      // … and when it had driven them, by our clock
    std::uint64_t originals_then = 0;
    MonoTime quiet_until{};
    Duration penalty{0};
  };
  [[nodiscard]] std::optional<WallTime> bound(const QueueName& queue, Case& state, const QueueFactsAnswer& facts) const;
  /// False: no verdict now, the last one is still being watched.
  [[nodiscard]] bool judge_last(Case& state, const QueueName& queue, const QueueFactsAnswer& facts,
                                std::uint64_t originals, MonoTime now) const;

  const EngineOptions& options_;
  std::map<QueueName, Case> cases_;
  bool start_done_;
};

}  // namespace waybill
