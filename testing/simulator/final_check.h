// What every row must look like when a run has ended, and whether what happened is what the rows account for.
#pragma once

#include <set>
#include <string>

#include "testing/simulator/audit.h"
#include "testing/simulator/plan.h"
#include "testing/simulator/sim_store.h"

namespace waybill::sim {

class FinalCheck {
 public:
  FinalCheck(const Plan& plan, SimStore& store, Audit& audit) : plan_(plan), store_(store), audit_(audit) {}
  void run();

 private:
  void check_death(const Row& row);
  void check_honest(const Row& row);
  void violation(const Row& row, const std::string& what);

  const Plan& plan_;
  SimStore& store_;
  Audit& audit_;
  std::set<std::string> copied_;  // the dead that have a copy on its way to the dead-letter exchange
};

}  // namespace waybill::sim
