// One node of a simulated run, through its lives: it dies, comes back with a new boot, and remembers nothing.
#pragma once

#include <memory>
#include <string>

#include "engine/log_health.h"
#include "engine/node.h"
#include "ports/metrics.h"
#include "testing/sim_broker.h"
#include "testing/simulator/audited_broker.h"
#include "testing/simulator/delivery_check.h"
#include "testing/simulator/lies.h"
#include "testing/simulator/sim_handlers.h"
#include "testing/simulator/sim_store.h"

namespace waybill::sim {

/// What a node's life stands on; all of it outlives the life.
struct Surroundings {
  SimWorld& world;
  SimWallClock& clock;
  SimStore& store;
  SimBroker& broker;
  Audit& audit;
  const Plan& plan;
  EngineFaults faults;
  Lies lies;
  SimHandlers::Script script;
  CrashProbe probe;
};

class Life {
 public:
  /// `crash` kills this life from within.
  Life(const Surroundings& around, std::string name, std::uint64_t boot, bool former_is_dead,
       std::function<void()> crash);

  [[nodiscard]] SimNode& loop() { return loop_; }
  [[nodiscard]] Node& node() { return *node_; }

 private:
  [[nodiscard]] BrokerWitness witness(const Surroundings& around);

  SimNode& loop_;
  EngineOptions options_;
  LogHealth health_;
  SimLane lane_;
  LyingLane told_;
  DeliveryCheck deliveries_;
  SimHandlers handlers_;
  std::unique_ptr<Broker> broker_;
  NoMetrics metrics_;
  std::unique_ptr<Node> node_;
};

}  // namespace waybill::sim
