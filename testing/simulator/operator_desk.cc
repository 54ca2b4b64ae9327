#include "testing/simulator/operator_desk.h"

#include <utility>

namespace waybill::sim {

void OperatorDesk::commit(Write write) {
  store_.commit(loop_, {std::move(write)}, [](const Result<Committed>&) {});
}

void OperatorDesk::operate(const OperatorPlan& deed) {
  const std::string& id = clients_.id_of(static_cast<std::size_t>(deed.message));
  if (id.empty()) return;
  const MessageId target{id};
  switch (deed.deed) {
    case OperatorPlan::Deed::kCancel:
      return commit(Cancel{target});
    case OperatorPlan::Deed::kReplay:
      return commit(Replay{target, false, Duration{100}});
    case OperatorPlan::Deed::kReplayAgain:
      return commit(Replay{target, true, Duration{0}});
    case OperatorPlan::Deed::kReschedule:
      clients_.rescheduled(id);
      return commit(Reschedule{target, clock_.now() + Duration{3'000}});
    case OperatorPlan::Deed::kHold:
      return commit(Hold{target, "held by the operator"});
    case OperatorPlan::Deed::kResolveDone:
      return commit(Resolve{target, true});
    case OperatorPlan::Deed::kResolveRetry:
      return commit(Resolve{target, false});
    case OperatorPlan::Deed::kPrune:
      return commit(Prune{Duration{1'000}, 20});
  }
}

}  // namespace waybill::sim
