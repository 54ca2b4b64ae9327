// A channel on which one thing is asked after the other: topology, and whether a queue is there. What the broker
// refuses closes a channel, and this one holds nothing that would be lost: it is opened again for the next question.
// Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "base/time.h"
#include "broker/rabbitmq/protocol/connection_role.h"
#include "broker/rabbitmq/protocol/methods.h"

namespace waybill::rabbitmq {

class RpcLane {
 public:
  /// What was expected, or how the broker refused.
  using Answer = std::variant<Method, Close>;
  struct Call {
    std::string what;  ///< `declaring queue 'q'`, for messages
    std::function<void(std::string& out, std::uint16_t channel)> encode;
    std::function<void(const Answer& answer, MonoTime now, Turn& turn)> done;  ///< may ask more
  };

  RpcLane(std::uint16_t channel, Duration deadline) : channel_(channel), deadline_after_(deadline) {}

  void ask(Call call, MonoTime now, Turn& turn);
  /// A method of this channel.
  void on_method(const Method& method, MonoTime now, Turn& turn);
  /// An answer that does not come in time ends the connection.
  void on_tick(MonoTime now, Turn& turn);
  /// While the broker reads nothing of us no answer is due.
  void on_blocked() { blocked_ = true; }
  void on_unblocked(MonoTime now);
  [[nodiscard]] std::optional<MonoTime> next_deadline() const;
  [[nodiscard]] bool idle() const { return !asked_ && calls_.empty(); }
  /// A new connection; what was asked is forgotten.
  void reset();

 private:
  enum class State { kClosed, kOpening, kOpen };
  void advance(MonoTime now, Turn& turn);
  void answer(const Answer& answer, MonoTime now, Turn& turn);

  const std::uint16_t channel_;
  const Duration deadline_after_;
  State state_ = State::kClosed;
  bool blocked_ = false;
  std::deque<Call> calls_;  // the first is being asked if asked_
  bool asked_ = false;
  MonoTime deadline_;
};

}  // namespace waybill::rabbitmq
