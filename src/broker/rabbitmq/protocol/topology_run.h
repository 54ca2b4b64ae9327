// Declares exchanges, queues and bindings, one after the other. What exists already and is the same is fine; what
// exists and is not becomes a sentence that says what differs. Without the right to declare, what exists is taken as it
// is. What somebody removes between its declaration and its binding is declared once more. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/rabbitmq/protocol/encoder.h"
#include "broker/rabbitmq/protocol/rpc_lane.h"
#include "ports/broker.h"

namespace waybill::rabbitmq {

/// What no broker is to be asked: empty and overlong names, bindings of the default exchange. Errors: kPermanent.
[[nodiscard]] Status check_topology(const Topology& topology);

class TopologyRun {
 public:
  /// `notes`: what was taken as it is.
  using Done = std::function<void(const Status& outcome, const std::vector<std::string>& notes, MonoTime, Turn&)>;

  /// `lane` outlives it, and is reset with it.
  TopologyRun(RpcLane& lane, QueueType type) : lane_(lane), type_(type) {}

  /// Not while another is running. `done` is told kConflict (it exists and differs), kNotFound (a binding to something
  /// that does not exist), kPermanent, kRetry.
  void start(Topology topology, Done done, MonoTime now, Turn& turn);
  [[nodiscard]] bool running() const { return static_cast<bool>(done_); }
  void reset();

 private:
  void begin(MonoTime now, Turn& turn);
  void next(MonoTime now, Turn& turn);
  void declare_exchange(const std::string& exchange, MonoTime now, Turn& turn);
  void declare_queue(const QueueDeclaration& queue, MonoTime now, Turn& turn);
  void bind(const Binding& binding, MonoTime now, Turn& turn);
  void ask(std::string what, std::function<void(std::string&, std::uint16_t)> encode,
           std::function<void(const Close&, MonoTime, Turn&)> refused, MonoTime now, Turn& turn);
  void take_as_it_is(const std::string& thing, std::function<void(std::string&, std::uint16_t)> encode, MonoTime now,
                     Turn& turn);
  void refuse(const std::string& thing, const Close& close, MonoTime now, Turn& turn);
  void finish(const Status& outcome, MonoTime now, Turn& turn);

  RpcLane& lane_;
  const QueueType type_;
  Topology topology_;
  std::size_t step_ = 0;
  int rounds_ = 0;
  std::vector<std::string> notes_;
  Done done_;
};

}  // namespace waybill::rabbitmq
