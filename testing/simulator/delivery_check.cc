#include "testing/simulator/delivery_check.h"

#include <algorithm>

namespace waybill::sim {

// Under a fresh id, so it is known by what it carries.
bool DeliveryCheck::is_parked(const Body& body) {
  const Digest digest = sha256(body.bytes());
  return std::ranges::any_of(store_.rows_of(State::kDead), [&](const Row& row) {
    return row.message.id.value.starts_with(kReservedIdPrefix) && row.digest == digest;
  });
}

void DeliveryCheck::acknowledged(const HeldDelivery& delivery) {
  const auto row = store_.log().find(MessageId{delivery.id}, /*with_body=*/true);
  if (!delivery.mark) {
    const bool recorded = *row && (*row)->message.body == delivery.body;
    if (!recorded && !is_parked(delivery.body) && !audit_.effects().was_pruned(delivery.id)) {
      audit_.violation("a message of a stranger, '" + delivery.id + "', was acknowledged and is nowhere");
    }
  } else if (delivery.mark->log != kLogIdentity) {
    audit_.violation("a delivery of another log was acknowledged instead of rejected");
  } else if (*row) {
    audit_.acknowledged(**row, delivery.mark->publish_number);
  }
}

void DeliveryCheck::rejected(const HeldDelivery& delivery) {
  const bool ours = delivery.mark && delivery.mark->log == kLogIdentity;
  if (ours && delivery.body.size() <= options_.worker.body_max) {
    audit_.violation("a delivery of " + delivery.id + " was rejected, though it is ours and not too large");
  }
}

}  // namespace waybill::sim
