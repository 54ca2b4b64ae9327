// What a publishing connection does: declares the topology, opens its channel in confirm mode, publishes, and tells
// what becomes of each publish. Pure: no I/O, no clock; one thread.
//
// Channel 1 carries what goes to exchanges that have taken a message before; everything else is tried on channel 3
// first (trial_lane.h), so that a missing exchange, which closes a channel and leaves all its publishes in doubt, never
// meets a full window. Channel 2 declares. When channel 1 is closed by an exchange that was deleted meanwhile, that one
// must prove itself again; if a message was at fault, all must, and those that were in flight are tried one by one.
//
// RabbitMQ 3.10 keeps, for each channel, which node leads a quorum queue. A channel that first publishes while that
// node has just died never learns better, and nacks until the node is back. So after a nack channel 1 is opened anew,
// once nothing is unanswered on it; what is published meanwhile is held here.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include "broker/rabbitmq/protocol/confirm_ring.h"
#include "broker/rabbitmq/protocol/connection_role.h"
#include "broker/rabbitmq/protocol/content.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"
#include "broker/rabbitmq/protocol/rpc_lane.h"
#include "broker/rabbitmq/protocol/topology_run.h"
#include "broker/rabbitmq/protocol/trial_lane.h"
#include "ports/broker.h"

namespace waybill::rabbitmq {

struct PublisherReady {};
struct PublisherBlocked {
  std::string reason;
};
struct PublisherDown {
  std::string reason;
};
struct PublishReturned {
  PublishTag tag;
  int code;
  std::string text;
};
struct PublishesConfirmed {
  std::vector<PublishTag> acked;
  std::vector<PublishTag> nacked;
};
/// For the log alone.
struct Note {
  std::string text;
};
using PublisherEvent =
    std::variant<PublisherReady, PublisherBlocked, PublisherDown, PublishReturned, PublishesConfirmed, Note>;

class PublisherRole final : public ConnectionRole {
 public:
  /// `options` outlives it; `topology` tells what is to be declared.
  PublisherRole(const RabbitMqOptions& options, std::function<Topology()> topology);

  /// Only while it is ready; at other times nothing happens.
  void publish(std::span<const Outgoing> batch, MonoTime now, Turn& turn);
  /// Bytes that wait for the socket.
  void on_unsent(std::size_t bytes);
  /// What there is to tell, in this order.
  [[nodiscard]] std::vector<PublisherEvent> take_events();

  void on_open(std::size_t frame_max, MonoTime now, Turn& turn) override;
  void on_frame(const Frame& frame, MonoTime now, Turn& turn) override;
  void on_blocked(const std::string& reason, MonoTime now, Turn& turn) override;
  void on_unblocked(MonoTime now, Turn& turn) override;
  void on_tick(MonoTime now, Turn& turn) override;
  void on_end(const ConnectionEnd& end) override;
  [[nodiscard]] std::optional<MonoTime> next_deadline() const override;

 private:
  enum class State {
    kDown,
    kDeclaring,
    kOpening,
    kReady,
    kDraining,  ///< ready for the caller; channel 1 gets nothing more, and is renewed when all is answered
    kRenewing,  ///< ready for the caller; channel 1 is being opened anew
  };

  void declare(MonoTime now, Turn& turn);
  void open_channel(MonoTime now, Turn& turn);
  void repair_topology(MonoTime now, Turn& turn);
  void on_method(Method method, MonoTime now, Turn& turn);
  void on_channel_closed(const Close& close, MonoTime now, Turn& turn);
  void on_channel_ready(Turn& turn);
  void on_return_content(const Content& content, MonoTime now, Turn& turn);
  void on_answer(std::uint64_t number, bool multiple, bool acked, MonoTime now, Turn& turn);
  void doubt_channel(MonoTime now);
  void renew_channel(MonoTime now, Turn& turn);
  void go_on_with_held(Turn& turn);
  [[nodiscard]] std::optional<MonoTime> channel_deadline() const;
  void on_verdict(const TrialLane::Verdict& verdict, MonoTime now, Turn& turn);
  void tell(const TrialLane::Verdict& verdict);
  void publish_one(const Outgoing& message, Turn& turn);
  void publish_proven(const Outgoing& message, Turn& turn);
  void refuse(PublishTag tag, int code, std::string text);
  void go_down(const std::string& reason);
  void suspect(const std::vector<std::string>& ids);
  void tell_room();
  [[nodiscard]] bool proven(const Outgoing& message) const;
  [[nodiscard]] std::size_t unanswered() const { return ring_.size() + trial_.size() + held_.size(); }
  /// What was told last is that it is ready, but for room and alarms.
  [[nodiscard]] bool is_up() const {
    return state_ == State::kReady || state_ == State::kDraining || state_ == State::kRenewing;
  }

  const RabbitMqOptions& options_;
  const std::function<Topology()> topology_;
  State state_ = State::kDown;
  bool alarm_ = false;
  bool full_ = false;
  std::size_t unsent_ = 0;
  std::size_t frame_max_ = kFrameMin;
  MonoTime deadline_;  // of kOpening, kDraining and kRenewing
  MonoTime repair_at_;
  MonoTime renew_at_;  // not before

  RpcLane rpc_;
  TopologyRun declaring_;
  TrialLane trial_;
  ConfirmRing ring_;
  std::vector<Outgoing> held_;       // for channel 1, in kDraining and kRenewing
  ContentAssembler returned_{0, 0};  // only who it was is of interest
  Returned return_;                  // whose content is under way

  std::unordered_set<std::string> proven_;
  std::unordered_set<std::string> suspects_;
  std::vector<PublishTag> acked_;  // told together, at the end of a turn
  std::vector<PublishTag> nacked_;
  std::vector<PublisherEvent> events_;
};

}  // namespace waybill::rabbitmq
