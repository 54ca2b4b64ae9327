// What a broker sends, for tests that play the broker: frames by the codec that the client under test does not use for
// them (it only ever writes a client's).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/rabbitmq/protocol/frame_reader.h"
#include "broker/rabbitmq/protocol/methods.h"
#include "core/message.h"

namespace waybill::rabbitmq::peer {

[[nodiscard]] std::string frame(FrameKind kind, std::uint16_t channel, std::string_view payload);
/// A number of `bytes` bytes.
[[nodiscard]] std::string number(std::uint64_t value, int bytes);
[[nodiscard]] std::string short_text(std::string_view text);

struct Greeting {
  std::string mechanisms = "PLAIN EXTERNAL";
  std::string product = "RabbitMQ";
  std::string version = "3.10.8";
  bool confirms = true;
};
[[nodiscard]] std::string start(const Greeting& greeting = {});
[[nodiscard]] std::string tune(std::uint16_t channel_max, std::uint32_t frame_max, std::uint16_t heartbeat_s);
[[nodiscard]] std::string opened();
[[nodiscard]] std::string connection_close(int code, std::string_view text, bool by_publish = false);
[[nodiscard]] std::string connection_closed();
[[nodiscard]] std::string blocked(std::string_view reason);
[[nodiscard]] std::string unblocked();
[[nodiscard]] std::string heartbeat();

[[nodiscard]] std::string channel_opened(std::uint16_t channel);
[[nodiscard]] std::string channel_close(std::uint16_t channel, int code, std::string_view text);
[[nodiscard]] std::string channel_closed(std::uint16_t channel);
[[nodiscard]] std::string confirm_selected(std::uint16_t channel);
[[nodiscard]] std::string exchange_declared(std::uint16_t channel);
[[nodiscard]] std::string queue_declared(std::uint16_t channel, std::string_view queue);
[[nodiscard]] std::string queue_bound(std::uint16_t channel);
[[nodiscard]] std::string qos_set(std::uint16_t channel);
[[nodiscard]] std::string consuming(std::uint16_t channel, std::string_view consumer);
[[nodiscard]] std::string consumer_cancelled(std::uint16_t channel, std::string_view consumer);
[[nodiscard]] std::string cancel_notice(std::uint16_t channel, std::string_view consumer);

[[nodiscard]] std::string ack(std::uint16_t channel, std::uint64_t number, bool multiple = false);
[[nodiscard]] std::string nack(std::uint16_t channel, std::uint64_t number, bool multiple = false);
struct Message {
  std::string id;
  Headers headers;
  std::string body;
};
/// Method, header and body; the body in frames of at most `frame_max` bytes.
[[nodiscard]] std::string returned(std::uint16_t channel, int code, const Message& message,
                                   std::size_t frame_max = kFrameMax);
[[nodiscard]] std::string delivery(std::uint16_t channel, std::string_view consumer, std::uint64_t number,
                                   const Message& message, std::size_t frame_max = kFrameMax);
[[nodiscard]] std::string content(std::uint16_t channel, const Message& message, std::size_t frame_max = kFrameMax);

/// What a client has sent, in words: `channel.open 1`, `basic.publish 1 exchange key`, `header 1`, `body 1`,
/// `heartbeat`, `protocol`.
[[nodiscard]] std::vector<std::string> read_client(std::string_view bytes);

}  // namespace waybill::rabbitmq::peer
