// What a consuming connection does: declares the topology, opens its channel, subscribes, hands deliveries on and sends
// the answers to them. Pure: no I/O, no clock; one thread.
//
// Channel 1 consumes. Channel 2 declares a queue of the topology again, and asks whether the queue is there at all,
// before channel 1 subscribes to it: a missing queue would close the channel under everybody's deliveries.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "broker/rabbitmq/protocol/connection_role.h"
#include "broker/rabbitmq/protocol/content.h"
#include "broker/rabbitmq/protocol/delivery_ledger.h"
#include "broker/rabbitmq/protocol/publisher_role.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"
#include "broker/rabbitmq/protocol/rpc_lane.h"
#include "broker/rabbitmq/protocol/topology_run.h"
#include "ports/broker.h"

namespace waybill::rabbitmq {

struct ConsumerReady {};
struct ConsumerDown {
  std::string reason;
};
struct SubscriptionEnded {
  QueueName queue;
  std::string reason;
};
struct RejectedUnread {};
using ConsumerEvent = std::variant<ConsumerReady, ConsumerDown, SubscriptionEnded, Delivery, RejectedUnread, Note>;

class ConsumerRole final : public ConnectionRole {
 public:
  /// `options` outlives it; `topology` tells what is to be declared.
  ConsumerRole(const RabbitMqOptions& options, std::function<Topology()> topology);

  // As the port's ConsumeSession; nothing happens while it is not ready.
  void subscribe(const QueueName& queue, int prefetch, MonoTime now, Turn& turn);
  void cancel(const QueueName& queue, Turn& turn);
  void ack(DeliveryTag tag, bool multiple, Turn& turn);
  void requeue(DeliveryTag tag, Turn& turn);
  void reject(DeliveryTag tag, Turn& turn);
  /// What there is to tell, in this order.
  [[nodiscard]] std::vector<ConsumerEvent> take_events();

  void on_open(std::size_t frame_max, MonoTime now, Turn& turn) override;
  void on_frame(const Frame& frame, MonoTime now, Turn& turn) override;
  void on_blocked(const std::string& reason, MonoTime now, Turn& turn) override;
  void on_unblocked(MonoTime now, Turn& turn) override;
  void on_tick(MonoTime now, Turn& turn) override;
  void on_end(const ConnectionEnd& end) override;
  [[nodiscard]] std::optional<MonoTime> next_deadline() const override;

 private:
  enum class State { kDown, kDeclaring, kOpening, kReady };
  struct Subscription {
    QueueName queue;
    std::uint16_t prefetch = 0;
    bool consuming = false;            ///< the broker was asked to deliver
    bool wanted = true;                ///< nobody cancelled it meanwhile
    std::optional<MonoTime> deadline;  ///< for the broker's answer
  };
  using Subscriptions = std::map<std::string, Subscription>;  // by consumer tag

  void declare(MonoTime now, Turn& turn);
  void open_channel(MonoTime now, Turn& turn);
  void look_for_queue(const std::string& consumer, MonoTime now, Turn& turn);
  void consume(const std::string& consumer, MonoTime now, Turn& turn);
  void end_subscription(const std::string& consumer, const std::string& reason);
  void on_method(Method method, Turn& turn);
  void on_subscription_answer(const std::string& consumer, bool over, Turn& turn);
  void on_channel_closed(const Close& close, Turn& turn);
  void on_deliver(Deliver deliver, Turn& turn);
  void on_content(Content content, Turn& turn);
  void reject_unread(Turn& turn);
  void go_down(const std::string& reason);
  [[nodiscard]] bool settle(DeliveryTag tag);

  const RabbitMqOptions& options_;
  const std::function<Topology()> topology_;
  State state_ = State::kDown;
  MonoTime deadline_;  // of kOpening
  MonoTime declared_;  // when the topology was declared last
  std::uint64_t epoch_ = 0;
  std::uint64_t last_consumer_ = 0;

  RpcLane rpc_;
  TopologyRun declaring_;
  Subscriptions subscriptions_;
  DeliveryLedger ledger_;
  ContentAssembler assembler_;
  Deliver deliver_;               // whose content is under way
  bool rejected_unread_ = false;  // it is
  std::vector<ConsumerEvent> events_;
};

}  // namespace waybill::rabbitmq
