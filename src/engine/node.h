// One instance: publisher, worker, redeliverer, reconciler and pruner around one log and one broker, on one loop. The
// program runs one; the simulator runs several of the same class on virtual time.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "base/loop.h"
#include "engine/log_health.h"
#include "engine/options.h"
#include "ports/broker.h"
#include "ports/handler.h"
#include "ports/intake.h"
#include "ports/log_lane.h"
#include "ports/metrics.h"

namespace waybill {

/// Deliberate faults, for tests that must notice them; off unless planted.
struct EngineFaults {
  bool ignore_returns = false;
  bool ack_before_commit = false;
};

class Node {
 public:
  /// What the node stands on; all of it outlives the node. `handlers` may be null for an instance without workers.
  struct Parts {
    Loop& loop;
    LogLane& lane;
    LogHealth& health;
    Broker& broker;
    HandlerRunner* handlers;
    const WallClock& clock;
    Metrics& metrics;
  };

  Node(Parts parts, EngineOptions options, EngineFaults faults = {});
  /// On the loop's thread, or after the loop has stopped.
  ~Node();

  // start, begin_stop, hint: any thread; their work is done on the loop.

  /// Declares the topology (again and again while the broker is not there), ends the attempts of a former boot that is
  /// proven dead, opens the sessions. Errors (kPermanent): the broker refuses the topology.
  [[nodiscard]] Status start();
  /// Takes no new deliveries, publishes nothing more, lets what runs finish until `deadline`; then gives back what has
  /// not begun and leaves the rest to lapse. `done` is called once, on the loop.
  void begin_stop(MonoTime deadline, std::function<void()> done);
  /// What a stop left behind.
  struct Left {
    bool handlers = false;     ///< some still run
    std::size_t attempts = 0;  ///< neither ended nor given back: they lapse
  };
  /// After `done` of begin_stop.
  [[nodiscard]] Left left() const;

  /// Another program may have put something into the log. Any thread, also before start and after begin_stop.
  void hint();

  /// Accepting messages for this node; as any Intake, callable from any thread.
  [[nodiscard]] Intake& intake();
  /// False while no id can be drawn (node id not leased, clock stepped back) or the log does not answer.
  [[nodiscard]] bool ready(std::string* reason) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill
