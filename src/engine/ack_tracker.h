// Which deliveries of a consuming session may be acknowledged, and how: `multiple` up to the finished prefix, singly
// beyond it. Acknowledging `multiple` over a delivery that is still being handled would lose it. One thread.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "ports/broker.h"

namespace waybill {

class AckTracker {
 public:
  struct Ack {
    DeliveryTag tag;
    bool multiple = false;
    bool operator==(const Ack&) const = default;
  };

  void on_delivery(DeliveryTag tag) { outstanding_.insert(tag.number); }
  /// May be acknowledged with the next `take_acks`. Unknown tags and those of an earlier epoch are ignored.
  void finish(DeliveryTag tag);
  /// Answered otherwise (requeued, rejected).
  void forget(DeliveryTag tag);
  /// A new life of the session: nothing delivered before can be acknowledged.
  void reset(std::uint64_t epoch);

  [[nodiscard]] std::vector<Ack> take_acks();
  [[nodiscard]] std::size_t outstanding() const { return outstanding_.size() + finished_.size(); }

 private:
  std::uint64_t epoch_ = 0;
  std::set<std::uint64_t> outstanding_;  // delivered, not yet answered
  std::set<std::uint64_t> finished_;     // to be acknowledged
};

}  // namespace waybill
