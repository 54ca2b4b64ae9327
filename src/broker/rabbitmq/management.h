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

/// Of the broker's user in its vhost: what the names of things must match.
struct ManagedRights {
  std::string user;
  std::string write;  ///< to publish to an exchange
  std::string read;   ///< to consume from a queue
};

struct ManagementFacts {
  std::vector<ManagedQueue> queues;     ///< of the topology, those that exist
  bool alarms_known = false;            ///< else the user is not a monitor
  std::vector<std::string> alarms;      ///< `memory on node rabbit@a`
  std::optional<ManagedRights> rights;  ///< unknown unless the user is an administrator, and logs in by name
  std::optional<Duration> clock_ahead;  ///< how far the broker's clock is before ours; by the second
};

/// Waits for the answers. Errors: kRetry (nobody answers), kPermanent (login, rights, no management there); one
/// sentence, without the password.
[[nodiscard]] Result<ManagementFacts> ask_management(std::string_view url, const RabbitMqOptions& options,
                                                     const Topology& wanted, const WallClock& clock);

namespace rabbitmq {

/// Of `/api/queues/VHOST/NAME`, `/api/queues/VHOST/NAME/bindings`, `/api/nodes` and `/api/permissions/VHOST/USER`.
/// Pure. Errors (kPermanent): it is none.
[[nodiscard]] Result<ManagedQueue> read_managed_queue(const std::string& json);
[[nodiscard]] Result<std::vector<Route>> read_bindings(const std::string& json);
[[nodiscard]] Result<std::vector<std::string>> read_alarms(const std::string& json);
[[nodiscard]] Result<ManagedRights> read_rights(const std::string& json);

}  // namespace rabbitmq

/// Whether RabbitMQ's pattern of a right covers a name; the default exchange is called amq.default there. Nothing: it
/// is a pattern that is not understood here.
[[nodiscard]] std::optional<bool> covers(const std::string& pattern, const std::string& name);

}  // namespace waybill
