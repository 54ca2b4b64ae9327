// Which address is tried next, and when: all in turn, for ever, with a jittered pause that doubles from round to round.
// Pure.
#pragma once

#include <cstddef>

#include "base/time.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"

namespace waybill::rabbitmq {

class ReconnectPlan {
 public:
  explicit ReconnectPlan(const RabbitMqOptions& options)
      : addresses_(options.url.addresses.size()), first_(options.backoff_first), longest_(options.backoff_longest) {}

  struct Attempt {
    std::size_t address = 0;
    Duration pause{};
  };
  /// After a failure. `chance` in [0, 1) jitters the pause.
  [[nodiscard]] Attempt next(double chance);
  /// It served: the next failure begins anew. Not before a connection has lasted a while, or one that is closed as
  /// soon as it is open would be tried without a pause.
  void succeeded() { failures_ = 0; }
  [[nodiscard]] std::size_t address() const { return address_; }

 private:
  const std::size_t addresses_;
  const Duration first_;
  const Duration longest_;
  std::size_t address_ = 0;
  int failures_ = 0;
};

}  // namespace waybill::rabbitmq
