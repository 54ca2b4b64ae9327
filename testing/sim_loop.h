// Virtual time for several nodes in one thread: the loops of all nodes share one queue of tasks, ordered by time and
// then by the order in which they were posted, so that a run is a function of its inputs alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "base/time.h"

namespace waybill {

class SimWorld;

/// One node's view of the world's loop. Owned by its world; the reference stays valid as long as the world.
class SimNode final : public Loop {
 public:
  SimNode(SimWorld& world, std::uint32_t index, std::string name)
      : world_(world), index_(index), name_(std::move(name)) {}

  [[nodiscard]] MonoTime now() const override;
  /// Dropped without a trace once the node is dead.
  void post(Task task) override;
  void call_at(MonoTime when, Task task) override;

  /// The node crashes: what it had pending is destroyed and never runs, later posts are dropped, and the hooks run in
  /// the order in which they were added. A task that is running finishes. Doing it twice changes nothing.
  void kill();
  [[nodiscard]] bool alive() const { return alive_; }
  /// Called by `kill`: how a peer learns that the node's connections broke.
  void on_kill(Task hook) { kill_hooks_.push_back(std::move(hook)); }

  /// The node stands still (a stopped process): what falls due before `when` runs then, in its old order. A shorter
  /// standstill does not end a longer one.
  void freeze_until(MonoTime when) { frozen_until_ = std::max(frozen_until_, when); }
  /// How many tasks were late because the node stood still.
  [[nodiscard]] std::uint64_t held_back() const { return held_back_; }

  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  friend class SimWorld;
  SimWorld& world_;
  std::uint32_t index_;
  std::string name_;
  bool alive_ = true;
  MonoTime frozen_until_{};
  std::uint64_t held_back_ = 0;
  std::vector<Task> kill_hooks_;
};

/// Wall time that follows virtual time and can be made to jump.
class SimWallClock final : public WallClock {
 public:
  explicit SimWallClock(const SimWorld& world) : world_(world) {}
  [[nodiscard]] WallTime now() const override;
  /// Jumps forwards, or backwards if negative.
  void step(Duration by) { offset_ += by; }
  [[nodiscard]] Duration offset() const { return offset_; }

 private:
  const SimWorld& world_;
  Duration offset_{0};
};

/// The queue and the clock. Not thread-safe. Destroying it destroys the tasks that never ran, which must not use it.
class SimWorld {
 public:
  /// Where virtual time begins; not zero, so that a time never set stands out.
  static constexpr MonoTime kStart{std::chrono::hours(1)};
  static constexpr WallTime kWallStart = from_millis(1'767'225'600'000);  // 2026-01-01T00:00:00Z

  SimWorld() = default;
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  [[nodiscard]] SimNode& add_node(std::string name);
  [[nodiscard]] MonoTime now() const { return now_; }
  /// The world's wall clock. Nodes whose clocks differ get clocks of their own.
  [[nodiscard]] SimWallClock& wall() { return wall_; }

  /// Runs the next task, having moved the time to it. False: nothing is pending.
  bool run_one();
  /// Runs what is due until `when`, which is then the time.
  void run_until(MonoTime when);
  /// Runs tasks until `done()`; false if it does not hold at `deadline`.
  template <class Done>
  [[nodiscard]] bool run_until(MonoTime deadline, Done done) {
    while (!done()) {
      if (!run_one_before(deadline)) {
        now_ = std::max(now_, deadline);
        return done();
      }
    }
    return true;
  }

  /// When the next task is due. Nothing: none is pending.
  [[nodiscard]] std::optional<MonoTime> next_time() const;
  [[nodiscard]] std::size_t pending() const { return queue_.size(); }
  [[nodiscard]] std::uint64_t tasks_run() const { return tasks_run_; }

 private:
  friend class SimNode;
  struct Entry {  // small, because the heap moves them; the task stays where it is
    MonoTime when;
    MonoTime due;  // earlier than `when` if the node stood still
    std::uint64_t order;
    std::uint32_t node;
    std::uint32_t slot;
  };
  struct Later {
    bool operator()(const Entry& a, const Entry& b) const {
      if (a.when != b.when) return a.when > b.when;
      return a.due != b.due ? a.due > b.due : a.order > b.order;
    }
  };

  void add(std::uint32_t node, MonoTime when, Task task);
  void drop_tasks_of(std::uint32_t node);
  bool run_one_before(MonoTime limit);
  /// Takes the first entry off the queue; puts it back and returns nothing if its node stands still.
  std::optional<Entry> take_first();

  MonoTime now_ = kStart;
  SimWallClock wall_{*this};
  std::deque<SimNode> nodes_;
  std::vector<Entry> queue_;  // a heap: the earliest first
  std::vector<Task> tasks_;   // by slot
  std::vector<std::uint32_t> free_slots_;
  std::uint64_t next_order_ = 0;
  std::uint64_t tasks_run_ = 0;
};

}  // namespace waybill
