// A slow worker that keeps the protocol but has no broker: it claims rows at random and takes its time, often longer
// than its lease, before it renews, begins its effect, gives back or reports. It reaches the corners of the state
// machine that the nodes' own workers reach only by rare coincidence.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>

#include "testing/sim_loop.h"
#include "testing/simulator/audit.h"
#include "testing/simulator/plan.h"
#include "testing/simulator/sim_store.h"

namespace waybill::sim {

class Ghost {
 public:
  struct Prey {
    MessageId id;
    Duration after{0};  ///< when to claim it
  };
  /// `pick` names a random message, or nothing.
  Ghost(SimWorld& world, SimStore& store, Audit& audit, const Plan& plan, std::mt19937_64& random,
        std::function<std::optional<Prey>()> pick);

  /// Haunts until `stop`; what it holds then lapses.
  void start();
  void stop() { stopped_ = true; }

 private:
  struct Attempt {
    Fence fence;
    std::optional<WallTime> row;  ///< when the row was made that it is of
    bool begun = false;
    bool effect = false;
    std::vector<std::string> open;  ///< recipients to be tried
  };
  void haunt();
  void be_declared_dead();
  void claim(const MessageId& id);
  void have_effect(Attempt& attempt);
  void act(const std::shared_ptr<Attempt>& attempt);
  void report(const std::shared_ptr<Attempt>& attempt);
  /// What it says of the recipients; now and then nothing, where that is no lie.
  [[nodiscard]] std::vector<RecipientRecord> recipients(const Attempt& attempt, const HandlerOutcome& outcome);
  /// Of the row with that id, if there is one.
  [[nodiscard]] std::optional<WallTime> made_at(const MessageId& id);
  void submit(Write write, std::function<void(const Answer&)> done);
  void later(Duration delay, Task task) { node_.call_at(node_.now() + delay, std::move(task)); }
  /// Its configuration may differ from the nodes'.
  [[nodiscard]] UnknownPolicy policy() { return draw(0, 1) == 0 ? UnknownPolicy::kRetry : UnknownPolicy::kHold; }
  [[nodiscard]] int draw(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }

  SimNode& node_;
  SimStore& store_;
  Audit& audit_;
  const Plan& plan_;
  std::mt19937_64& random_;
  const std::function<std::optional<Prey>()> pick_;
  const Owner owner_{kGhostName, BootNonce{999'999}};
  std::uint64_t next_token_ = 1'000'000;
  bool stopped_ = false;
};

}  // namespace waybill::sim
