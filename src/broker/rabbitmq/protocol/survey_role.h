// A connection that looks at what a broker has, and has nothing else to do. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "broker/rabbitmq/protocol/connection_role.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"
#include "broker/rabbitmq/protocol/rpc_lane.h"
#include "broker/rabbitmq/protocol/survey_facts.h"

namespace waybill::rabbitmq {

class SurveyRole final : public ConnectionRole {
 public:
  /// `options` outlives it. `probe`: the name of no queue.
  SurveyRole(const RabbitMqOptions& options, Topology wanted, std::string probe);

  /// Once all is known, or the connection ended before.
  [[nodiscard]] const std::optional<Status>& outcome() const { return outcome_; }
  [[nodiscard]] const BrokerSurvey& survey() const { return survey_; }

  void on_greeting(const Start& start) override;
  void on_open(std::size_t frame_max, MonoTime now, Turn& turn) override;
  void on_frame(const Frame& frame, MonoTime now, Turn& turn) override;
  void on_blocked(const std::string& reason, MonoTime now, Turn& turn) override;
  void on_unblocked(MonoTime now, Turn& /*turn*/) override { rpc_.on_unblocked(now); }
  void on_tick(MonoTime now, Turn& turn) override { rpc_.on_tick(now, turn); }
  void on_end(const ConnectionEnd& end) override;
  [[nodiscard]] std::optional<MonoTime> next_deadline() const override { return rpc_.next_deadline(); }

 private:
  using Encode = std::function<void(std::string& out, std::uint16_t channel)>;
  void next(MonoTime now, Turn& turn);
  /// Is it there (`passive`), and is it as wanted (`wanted`)?
  void look_at(const std::string& what, SurveyedThing& thing, Encode passive, Encode wanted, MonoTime now, Turn& turn);
  void compare(const std::string& what, SurveyedThing& thing, Encode wanted, MonoTime now, Turn& turn);
  void publish_to_nobody(MonoTime now, Turn& turn);
  void await_silence(MonoTime now, Turn& turn);

  const RabbitMqOptions& options_;
  const Topology wanted_;
  const std::string probe_;
  RpcLane rpc_;
  std::size_t frame_max_ = kFrameMin;
  std::size_t step_ = 0;
  BrokerSurvey survey_;
  std::optional<Status> outcome_;
};

}  // namespace waybill::rabbitmq
