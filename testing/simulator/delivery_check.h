// What may become of a delivery: each has its answer in the log before the broker forgets it.
#pragma once

#include "engine/options.h"
#include "testing/simulator/audit.h"
#include "testing/simulator/audited_broker.h"
#include "testing/simulator/sim_store.h"

namespace waybill::sim {

class DeliveryCheck {
 public:
  DeliveryCheck(Audit& audit, SimStore& store, const EngineOptions& options)
      : audit_(audit), store_(store), options_(options) {}
  void acknowledged(const HeldDelivery& delivery);
  void rejected(const HeldDelivery& delivery);

 private:
  [[nodiscard]] bool is_parked(const Body& body);

  Audit& audit_;
  SimStore& store_;
  const EngineOptions& options_;
};

}  // namespace waybill::sim
