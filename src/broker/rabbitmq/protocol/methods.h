// The AMQP 0-9-1 methods that a client receives, as values of ours. Texts are copied: they outlive the frame.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace waybill::rabbitmq {

struct Start {
  std::vector<std::string> mechanisms;
  std::string product;
  std::string version;
  bool confirms = false;         ///< publisher_confirms
  bool nacks = false;            ///< basic.nack
  bool cancel_notified = false;  ///< consumer_cancel_notify
};
struct Tune {
  std::uint16_t channel_max = 0;
  std::uint32_t frame_max = 0;
  std::uint16_t heartbeat_s = 0;
};
struct ConnectionOpened {};
/// Of the connection or of a channel: channel 0 tells.
struct Close {
  int code = 0;
  std::string text;
  bool by_publish = false;  ///< the method at fault was basic.publish
};
struct Closed {};
struct Blocked {
  std::string reason;
};
struct Unblocked {};
struct ChannelOpened {};
struct ConfirmSelected {};
struct QosSet {};
struct ExchangeDeclared {};
struct QueueDeclared {
  std::uint32_t messages = 0;
  std::uint32_t consumers = 0;
};
struct QueueBound {};
struct Consuming {
  std::string consumer;
};
struct ConsumerCancelled {  ///< we asked for it
  std::string consumer;
};
struct CancelNotice {  ///< the broker did it
  std::string consumer;
};
struct Deliver {
  std::string consumer;
  std::uint64_t number = 0;
  bool redelivered = false;
  std::string exchange;
  std::string routing_key;
};
struct Returned {
  int code = 0;
  std::string text;
  std::string exchange;
  std::string routing_key;
};
struct Ack {
  std::uint64_t number = 0;
  bool multiple = false;
};
struct Nack {
  std::uint64_t number = 0;
  bool multiple = false;
};
/// A method that no peer has to send us; its number.
struct OtherMethod {
  std::uint32_t id = 0;
};

using Method = std::variant<Start, Tune, ConnectionOpened, Close, Closed, Blocked, Unblocked, ChannelOpened,
                            ConfirmSelected, QosSet, ExchangeDeclared, QueueDeclared, QueueBound, Consuming,
                            ConsumerCancelled, CancelNotice, Deliver, Returned, Ack, Nack, OtherMethod>;

/// Reads the payload of a method frame. Errors (kPermanent): it is damaged.
[[nodiscard]] Result<Method> decode_method(std::string_view payload);

/// `queue.declare` for OtherMethod{0x0032000A}, and so on; for messages.
[[nodiscard]] std::string method_name(std::uint32_t id);

}  // namespace waybill::rabbitmq
