// The message log as a server of the simulated world: it takes time, stalls, refuses, and leaves commits in doubt. What
// it committed stays committed.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <unordered_map>
#include <vector>

#include "engine/flush_queue.h"
#include "engine/log_health.h"
#include "ports/log_lane.h"
#include "testing/memory_log.h"
#include "testing/sim_loop.h"
#include "testing/simulator/audit.h"
#include "testing/simulator/plan.h"

namespace waybill::sim {

/// Called where a node may be made to die; true: it died there.
using CrashProbe = std::function<bool(SimNode&, CrashPoint)>;

class SimStore {
 public:
  SimStore(SimWorld& world, SimWallClock& clock, std::mt19937_64& random, Audit& audit, MemoryLogMutations drop,
           CrashProbe probe);

  [[nodiscard]] MemoryLog& log() { return log_; }
  /// All rows in a state.
  [[nodiscard]] std::vector<Row> rows_of(State state);
  using Answered = std::function<void(Result<Committed>)>;
  /// Commits for a node; the answer comes on the node's loop, unless the node dies first.
  void commit(SimNode& from, std::vector<Write> writes, Answered answered);

  Duration stall{0};          ///< added to every commit
  double refuse = 0;          ///< chance that a commit certainly does not happen
  double leave_in_doubt = 0;  ///< chance that its answer is lost, whether or not it happened

  /// Called with every batch that was applied and what the log answered, which may never reach the node (recording).
  std::function<void(std::span<const Write>, const Committed&)> on_commit;

 private:
  void apply(SimNode& from, const std::vector<Write>& writes, const Answered& answered);
  void look_before(const SimNode& from, const std::vector<Write>& writes);
  void check(const std::vector<Write>& writes, const Committed& committed);
  void check_row(const MessageId& id, WallTime store_now, const Take* take);
  [[nodiscard]] bool chance(double p) { return std::uniform_real_distribution<double>(0, 1)(random_) < p; }

  SimNode& server_;
  const SimWallClock& clock_;
  std::mt19937_64& random_;
  Audit& audit_;
  CrashProbe probe_;
  MemoryLog log_;
  Duration offset_{0};  // of the clock at the last commit
};

/// A node's lane to the store: the engine's own FlushQueue on virtual time.
class SimLane final : public LogLane {
 public:
  SimLane(SimNode& node, SimStore& store, LogHealth& health) : node_(node), store_(store), health_(health) {}
  ~SimLane() override { *alive_ = false; }
  void submit(Write write, MonoTime deadline, Done done) override;
  void submit_all(std::vector<Write> writes, MonoTime deadline, DoneAll done) override;

 private:
  void pump();
  void on_flushed(FlushQueue::Batch batch, MonoTime sent, Result<Committed> committed);

  SimNode& node_;
  SimStore& store_;
  LogHealth& health_;
  FlushQueue queue_;
  bool flushing_ = false;
  std::optional<MonoTime> wake_at_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace waybill::sim
