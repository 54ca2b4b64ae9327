#include "broker/rabbitmq/protocol/delivery_ledger.h"

#include <algorithm>

namespace waybill::rabbitmq {

bool DeliveryLedger::add(std::uint64_t number) {
  if (number != first_ + open_.size()) return false;
  open_.push_back(true);
  return true;
}

bool DeliveryLedger::settle(std::uint64_t number) {
  if (number < first_ || number >= first_ + open_.size() || !open_[number - first_]) return false;
  open_[number - first_] = false;
  drop_settled_front();
  return true;
}

std::uint64_t DeliveryLedger::settle_up_to(std::uint64_t number) {
  const std::uint64_t end = std::min(number + 1, first_ + open_.size());
  std::uint64_t last = 0;
  for (std::uint64_t i = first_; i < end; ++i) {
    if (!open_[i - first_]) continue;
    open_[i - first_] = false;
    last = i;
  }
  drop_settled_front();
  return last;
}

void DeliveryLedger::drop_settled_front() {
  while (!open_.empty() && !open_.front()) {
    open_.pop_front();
    first_ += 1;
  }
}

void DeliveryLedger::clear() {
  open_.clear();
  first_ = 1;
}

}  // namespace waybill::rabbitmq
