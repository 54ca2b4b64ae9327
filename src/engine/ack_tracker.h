// Which deliveries of a consuming session may be acknowledged, and how: `multiple` up to the finished prefix, singly
// beyond it. Acknowledging `multiple` over a delivery that is still being handled would lose it. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
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

  /// Tags of one epoch come in increasing order; others are ignored.
  void on_delivery(DeliveryTag tag);
  /// May be acknowledged with the next `take_acks`. Unknown tags and those of an earlier epoch are ignored.
  void finish(DeliveryTag tag);
  /// Answered otherwise (requeued, rejected).
  void forget(DeliveryTag tag);
  /// A new life of the session: nothing delivered before can be acknowledged.
  void reset(std::uint64_t epoch);

  [[nodiscard]] std::vector<Ack> take_acks();
  /// `take_acks` has something to give.
  [[nodiscard]] bool owes_acks() const { return finished_ > 0; }
  [[nodiscard]] std::size_t outstanding() const { return open_ + finished_; }

 private:
  enum class State : std::uint8_t { kAnswered, kOpen, kFinished };
  [[nodiscard]] State* find(DeliveryTag tag);

  std::uint64_t epoch_ = 0;
  std::uint64_t first_ = 1;   // the number that `states_` begins with
  std::deque<State> states_;  // by number, without holes; at most as long as the oldest open delivery lets it be
  std::size_t open_ = 0;      // delivered, not yet answered
  std::size_t finished_ = 0;  // to be acknowledged
};

}  // namespace waybill
