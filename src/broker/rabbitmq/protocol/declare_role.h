// A connection that declares a topology and has nothing else to do. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/rabbitmq/protocol/connection_role.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"
#include "broker/rabbitmq/protocol/rpc_lane.h"
#include "broker/rabbitmq/protocol/topology_run.h"

namespace waybill::rabbitmq {

class DeclareRole final : public ConnectionRole {
 public:
  /// `options` outlives it.
  DeclareRole(const RabbitMqOptions& options, Topology topology);

  /// What came of it, once that is known: of the connection too, if it ended before.
  [[nodiscard]] const std::optional<Status>& outcome() const { return outcome_; }
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  void on_open(std::size_t frame_max, MonoTime now, Turn& turn) override;
  void on_frame(const Frame& frame, MonoTime now, Turn& turn) override;
  void on_blocked(const std::string& /*reason*/, MonoTime /*now*/, Turn& /*turn*/) override {}
  void on_unblocked(MonoTime /*now*/, Turn& /*turn*/) override {}
  void on_tick(MonoTime now, Turn& turn) override { rpc_.on_tick(now, turn); }
  void on_end(const ConnectionEnd& end) override;
  [[nodiscard]] std::optional<MonoTime> next_deadline() const override { return rpc_.next_deadline(); }

 private:
  Topology topology_;
  RpcLane rpc_;
  TopologyRun run_;
  std::optional<Status> outcome_;
  std::vector<std::string> notes_;
};

}  // namespace waybill::rabbitmq
