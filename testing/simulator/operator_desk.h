// The operator: cancels, replays, reschedules, holds, resolves and prunes at random, and in the end lets go of what is
// held.
#pragma once

#include "testing/sim_loop.h"
#include "testing/simulator/clients.h"
#include "testing/simulator/plan.h"
#include "testing/simulator/sim_store.h"

namespace waybill::sim {

class OperatorDesk {
 public:
  OperatorDesk(SimNode& loop, const SimWallClock& clock, SimStore& store, Clients& clients)
      : loop_(loop), clock_(clock), store_(store), clients_(clients) {}

  void operate(const OperatorPlan& deed);
  /// Says of a row on hold that its effect did not happen: it is driven again.
  void let_go(const Row& row) { commit(Resolve{row.message.id, false}); }

 private:
  void commit(Write write);

  SimNode& loop_;
  const SimWallClock& clock_;
  SimStore& store_;
  Clients& clients_;
};

}  // namespace waybill::sim
