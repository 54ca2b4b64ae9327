// Which queue a route leads to. A route is consumed (leads to exactly one queue of ours) or external.
#pragma once

#include <map>

#include "core/names.h"

namespace waybill {

/// Immutable once built and shared by the engine and the log's writes. A route that is not listed is external.
class RouteTable {
 public:
  RouteTable() = default;
  explicit RouteTable(std::map<Route, QueueName> consumed) : consumed_(std::move(consumed)) {}

  [[nodiscard]] QueueName queue_for(const Route& route) const {
    const auto found = consumed_.find(route);
    if (found != consumed_.end()) return found->second;
    // The default exchange leads to the queue that the key names, if it is one of ours (AMQP 0-9-1, 3.1.3.1).
    if (route.exchange.empty()) {
      for (const auto& [_, queue] : consumed_) {
        if (queue.value == route.routing_key) return queue;
      }
    }
    return QueueName{};
  }
  [[nodiscard]] const std::map<Route, QueueName>& consumed() const { return consumed_; }

 private:
  std::map<Route, QueueName> consumed_;
};

}  // namespace waybill
