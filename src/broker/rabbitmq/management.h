// What only RabbitMQ's management plugin tells: policies, bindings, each node's alarms, the broker's clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"
#include "ports/broker.h"

namespace waybill {

struct ManagedQueue {
  std::string name;
  std::string policy;                       ///< its name; empty: none
  std::optional<std::int64_t> message_ttl;  ///< ms
  std::optional<std::int64_t> expires;      ///< ms
  bool drops_when_full = false;             ///< it has a greatest length, and drops its oldest messages
  std::vector<Route> bindings;              ///< but that of the default exchange
};

struct ManagementFacts {
  std::vector<ManagedQueue> queues;     ///< of the topology, those that exist
  bool alarms_known = false;            ///< else the user is not a monitor
  std::vector<std::string> alarms;      ///< `memory on node rabbit@a`
  std::optional<Duration> clock_ahead;  ///< how far the broker's clock is before ours; by the second
};

/// Waits for the answers. Errors: kRetry (nobody answers), kPermanent (login, rights, no management there); one
/// sentence, without the password.
[[nodiscard]] Result<ManagementFacts> ask_management(std::string_view url, const RabbitMqOptions& options,
                                                     const Topology& wanted, const WallClock& clock);

namespace rabbitmq {

/// Of `/api/queues/VHOST/NAME`, `/api/queues/VHOST/NAME/bindings` and `/api/nodes`. Pure. Errors (kPermanent): it is
/// none.
[[nodiscard]] Result<ManagedQueue> read_managed_queue(const std::string& json);
[[nodiscard]] Result<std::vector<Route>> read_bindings(const std::string& json);
[[nodiscard]] Result<std::vector<std::string>> read_alarms(const std::string& json);

}  // namespace rabbitmq
}  // namespace waybill
