// Which deliveries of a channel's present life are unanswered. A second answer to one would close the channel (406) and
// bring everything again, so it is not sent. Pure.
#pragma once

#include <cstdint>
#include <deque>

namespace waybill::rabbitmq {

class DeliveryLedger {
 public:
  /// A delivery came: its number must be the one after the last. False: it is not.
  [[nodiscard]] bool add(std::uint64_t number);
  /// True if the delivery was unanswered; now it is answered.
  [[nodiscard]] bool settle(std::uint64_t number);
  /// The last unanswered delivery up to `number`, all of which are now answered; 0: there was none.
  [[nodiscard]] std::uint64_t settle_up_to(std::uint64_t number);
  void clear();

 private:
  void drop_settled_front();

  std::deque<bool> open_;
  std::uint64_t first_ = 1;  // the number of open_.front()
};

}  // namespace waybill::rabbitmq
