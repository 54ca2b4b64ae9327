#include "broker/rabbitmq/protocol/reconnect_plan.h"

#include <algorithm>

#include "core/retry_policy.h"

namespace waybill::rabbitmq {

ReconnectPlan::Attempt ReconnectPlan::next(double chance) {
  address_ = (address_ + 1) % addresses_;
  failures_ = std::min(failures_ + 1, 1'000'000);
  const int round = (failures_ - 1) / static_cast<int>(addresses_) + 1;
  // Another address may be well: it is tried at once, and only a whole round of failures is paid for.
  const bool within_round = failures_ % static_cast<int>(addresses_) != 0;
  const Duration pause = within_round ? first_ : exponential_delay(first_, longest_, round, chance);
  return {address_, pause};
}

}  // namespace waybill::rabbitmq
