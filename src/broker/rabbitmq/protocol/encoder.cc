#include "broker/rabbitmq/protocol/encoder.h"

#include <array>
#include <stdexcept>
#include <vector>

#include "broker/rabbitmq/protocol/codec_bytes.h"
#include "broker/rabbitmq/protocol/frame_reader.h"

namespace waybill::rabbitmq {
namespace {

// More than any method of ours without content: its texts are short strings, its tables a few entries of such.
constexpr std::size_t kMethodMax = 4'096;
constexpr std::size_t kPublishMax = 600;
constexpr char kFrameEnd = static_cast<char>(0xCE);

template <class Unsigned>
void put(char* at, Unsigned value) {
  for (std::size_t i = sizeof(Unsigned); i-- > 0; value = static_cast<Unsigned>(value >> 8U)) {
    at[i] = static_cast<char>(value & 0xFFU);
  }
}

/// A frame whose payload is written by `write(bytes) -> used or negative`, into at most `room` bytes.
template <class Write>
bool put_frame(std::string& out, FrameKind kind, std::uint16_t channel, std::size_t room, const Write& write) {
  const std::size_t begin = out.size();
  out.resize(begin + kFrameHead + room);
  char* const head = out.data() + begin;
  const int used = write(amqp_bytes_t{room, head + kFrameHead});
  if (used < 0) {
    out.resize(begin);
    return false;
  }
  head[0] = static_cast<char>(kind);
  put(head + 1, channel);
  put(head + 3, static_cast<std::uint32_t>(used));
  out.resize(begin + kFrameHead + static_cast<std::size_t>(used));
  out += kFrameEnd;
  return true;
}

bool put_method(std::string& out, std::uint16_t channel, std::uint32_t id, void* method,
                std::size_t room = kMethodMax) {
  return put_frame(out, FrameKind::kMethod, channel, room, [&](amqp_bytes_t to) {
    put(static_cast<char*>(to.bytes), id);
    const int used = amqp_encode_method(id, method, {to.len - 4, static_cast<char*>(to.bytes) + 4});
    return used < 0 ? used : used + 4;
  });
}

/// For methods that are ours from first to last: that they do not fit is a broken invariant.
template <class AnyMethod>
void must_put(std::string& out, std::uint16_t channel, std::uint32_t id, AnyMethod method) {
  if (!put_method(out, channel, id, &method)) throw std::logic_error("a method could not be encoded");
}

amqp_table_entry_t text_entry(std::string_view name, std::string_view value) {
  amqp_table_entry_t entry{};
  entry.key = bytes_of(name);
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = bytes_of(value);
  return entry;
}

amqp_table_entry_t true_entry(std::string_view name) {
  amqp_table_entry_t entry{};
  entry.key = bytes_of(name);
  entry.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  entry.value.value.boolean = 1;
  return entry;
}

amqp_table_entry_t table_entry(std::string_view name, amqp_table_t table) {
  amqp_table_entry_t entry{};
  entry.key = bytes_of(name);
  entry.value.kind = AMQP_FIELD_KIND_TABLE;
  entry.value.value.table = table;
  return entry;
}

template <class Entries>
amqp_table_t table_of(Entries& entries) {
  return {static_cast<int>(entries.size()), entries.data()};
}

void put_body(std::string& out, std::uint16_t channel, std::string_view body, std::size_t frame_max) {
  while (!body.empty()) {
    const auto part = body.substr(0, frame_max - kFrameOverhead);
    std::array<char, kFrameHead> head{};
    head[0] = static_cast<char>(FrameKind::kBody);
    put(head.data() + 1, channel);
    put(head.data() + 3, static_cast<std::uint32_t>(part.size()));
    out.append(head.data(), head.size()).append(part) += kFrameEnd;
    body.remove_prefix(part.size());
  }
}

/// An upper bound of the header frame's payload.
std::size_t header_size_max(const Outgoing& message) {
  std::size_t size = 64 + message.content_type.size() + message.id.value.size();
  for (const auto& [name, value] : message.headers) size += name.size() + value.size() + 6;
  return size;
}

bool put_header(std::string& out, std::uint16_t channel, const Outgoing& message,
                std::vector<amqp_table_entry_t>& entries) {
  for (const auto& [name, value] : message.headers) entries.push_back(text_entry(name, value));
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG;
  properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  properties.message_id = bytes_of(message.id.value);
  if (!message.content_type.empty()) {
    properties._flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
    properties.content_type = bytes_of(message.content_type);
  }
  if (!entries.empty()) {
    properties._flags |= AMQP_BASIC_HEADERS_FLAG;
    properties.headers = table_of(entries);
  }
  return put_frame(out, FrameKind::kHeader, channel, header_size_max(message), [&](amqp_bytes_t to) {
    char* const at = static_cast<char*>(to.bytes);
    put(at, static_cast<std::uint16_t>(AMQP_BASIC_CLASS));
    put(at + 2, std::uint16_t{0});
    put(at + 4, static_cast<std::uint64_t>(message.body.size()));
    const int used = amqp_encode_properties(AMQP_BASIC_CLASS, &properties, {to.len - 12, at + 12});
    return used < 0 ? used : used + 12;
  });
}

}  // namespace

// ---- connection ---------------------------------------------------------------------------------------------------

void encode_protocol_header(std::string& out) { out.append("AMQP\0\0\x09\x01", 8); }

void encode_start_ok(std::string& out, const Login& login) {
  // What is not announced is not told to us: under an alarm the broker would only fall silent.
  std::array capabilities{true_entry("publisher_confirms"), true_entry("basic.nack"), true_entry("connection.blocked"),
                          true_entry("consumer_cancel_notify"), true_entry("authentication_failure_close")};
  std::array properties{text_entry("product", "waybill"), text_entry("connection_name", login.client_name),
                        table_entry("capabilities", table_of(capabilities))};
  must_put(out, 0, AMQP_CONNECTION_START_OK_METHOD,
           amqp_connection_start_ok_t{table_of(properties), bytes_of(login.mechanism), bytes_of(login.response),
                                      bytes_of("en_US")});
}

void encode_tune_ok(std::string& out, std::uint16_t channel_max, std::uint32_t frame_max, std::uint16_t heartbeat_s) {
  must_put(out, 0, AMQP_CONNECTION_TUNE_OK_METHOD, amqp_connection_tune_ok_t{channel_max, frame_max, heartbeat_s});
}

void encode_connection_open(std::string& out, std::string_view vhost) {
  must_put(out, 0, AMQP_CONNECTION_OPEN_METHOD, amqp_connection_open_t{bytes_of(vhost), {}, 1});
}

void encode_connection_close(std::string& out, int code, std::string_view text) {
  must_put(out, 0, AMQP_CONNECTION_CLOSE_METHOD,
           amqp_connection_close_t{static_cast<std::uint16_t>(code), bytes_of(text.substr(0, kShortStringMax)), 0, 0});
}

void encode_connection_close_ok(std::string& out) {
  must_put(out, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, amqp_connection_close_ok_t{});
}

void encode_heartbeat(std::string& out) {
  put_frame(out, FrameKind::kHeartbeat, 0, 0, [](amqp_bytes_t) { return 0; });
}

// ---- channels -----------------------------------------------------------------------------------------------------

void encode_channel_open(std::string& out, std::uint16_t channel) {
  must_put(out, channel, AMQP_CHANNEL_OPEN_METHOD, amqp_channel_open_t{});
}

void encode_channel_close(std::string& out, std::uint16_t channel) {
  must_put(out, channel, AMQP_CHANNEL_CLOSE_METHOD, amqp_channel_close_t{AMQP_REPLY_SUCCESS, bytes_of("done"), 0, 0});
}

void encode_channel_close_ok(std::string& out, std::uint16_t channel) {
  must_put(out, channel, AMQP_CHANNEL_CLOSE_OK_METHOD, amqp_channel_close_ok_t{});
}

void encode_confirm_select(std::string& out, std::uint16_t channel) {
  must_put(out, channel, AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t{0});
}

// ---- topology -----------------------------------------------------------------------------------------------------

void encode_exchange_declare(std::string& out, std::uint16_t channel, std::string_view exchange, bool passive) {
  amqp_exchange_declare_t declare{};
  declare.exchange = bytes_of(exchange);
  declare.type = bytes_of("direct");
  declare.durable = 1;
  declare.passive = passive ? 1 : 0;
  must_put(out, channel, AMQP_EXCHANGE_DECLARE_METHOD, declare);
}

void encode_queue_declare(std::string& out, std::uint16_t channel, const QueueDeclaration& queue, QueueType type) {
  std::vector<amqp_table_entry_t> arguments{
      text_entry("x-queue-type", type == QueueType::kQuorum ? "quorum" : "classic")};
  if (queue.dead_letter) {
    arguments.push_back(text_entry("x-dead-letter-exchange", queue.dead_letter->exchange));
    arguments.push_back(text_entry("x-dead-letter-routing-key", queue.dead_letter->routing_key));
  }
  amqp_queue_declare_t declare{};
  declare.queue = bytes_of(queue.name.value);
  declare.durable = 1;
  declare.arguments = table_of(arguments);
  must_put(out, channel, AMQP_QUEUE_DECLARE_METHOD, declare);
}

void encode_queue_declare_passive(std::string& out, std::uint16_t channel, std::string_view queue) {
  amqp_queue_declare_t declare{};
  declare.queue = bytes_of(queue);
  declare.passive = 1;
  must_put(out, channel, AMQP_QUEUE_DECLARE_METHOD, declare);
}

void encode_queue_bind(std::string& out, std::uint16_t channel, const Binding& binding) {
  amqp_queue_bind_t bind{};
  bind.queue = bytes_of(binding.queue.value);
  bind.exchange = bytes_of(binding.route.exchange);
  bind.routing_key = bytes_of(binding.route.routing_key);
  must_put(out, channel, AMQP_QUEUE_BIND_METHOD, bind);
}

// ---- messages -----------------------------------------------------------------------------------------------------

std::string why_not_carried(const Outgoing& message, std::size_t frame_max) {
  if (message.route.exchange.size() > kShortStringMax) return "its exchange has a name of more than 255 bytes";
  if (message.route.routing_key.size() > kShortStringMax) return "its routing key is longer than 255 bytes";
  if (message.id.value.size() > kShortStringMax) return "its id is longer than 255 bytes";
  if (message.content_type.size() > kShortStringMax) return "its content type is longer than 255 bytes";
  for (const auto& [name, _] : message.headers) {
    if (name.empty() || name.size() > kShortStringMax)
      return "one of its headers has a name of more than 255 bytes, or none";
  }
  if (header_size_max(message) + kFrameOverhead > frame_max) {
    return "its headers do not fit one frame of " + std::to_string(frame_max) + " bytes";
  }
  return {};
}

bool encode_publish(std::string& out, std::uint16_t channel, const Outgoing& message, std::size_t frame_max) {
  const std::size_t begin = out.size();
  amqp_basic_publish_t publish{};
  publish.exchange = bytes_of(message.route.exchange);
  publish.routing_key = bytes_of(message.route.routing_key);
  publish.mandatory = 1;
  thread_local std::vector<amqp_table_entry_t> entries;  // its memory is worth keeping: one publish after the other
  entries.clear();
  if (!put_method(out, channel, AMQP_BASIC_PUBLISH_METHOD, &publish, kPublishMax) ||
      !put_header(out, channel, message, entries)) {
    out.resize(begin);
    return false;
  }
  put_body(out, channel, message.body.bytes(), frame_max);
  return true;
}

void encode_qos(std::string& out, std::uint16_t channel, std::uint16_t prefetch) {
  must_put(out, channel, AMQP_BASIC_QOS_METHOD, amqp_basic_qos_t{0, prefetch, 0});
}

void encode_consume(std::string& out, std::uint16_t channel, std::string_view queue, std::string_view consumer) {
  amqp_basic_consume_t consume{};
  consume.queue = bytes_of(queue);
  consume.consumer_tag = bytes_of(consumer);
  must_put(out, channel, AMQP_BASIC_CONSUME_METHOD, consume);
}

void encode_cancel(std::string& out, std::uint16_t channel, std::string_view consumer) {
  must_put(out, channel, AMQP_BASIC_CANCEL_METHOD, amqp_basic_cancel_t{bytes_of(consumer), 0});
}

void encode_ack(std::string& out, std::uint16_t channel, std::uint64_t number, bool multiple) {
  must_put(out, channel, AMQP_BASIC_ACK_METHOD, amqp_basic_ack_t{number, multiple ? 1 : 0});
}

void encode_requeue(std::string& out, std::uint16_t channel, std::uint64_t number) {
  must_put(out, channel, AMQP_BASIC_NACK_METHOD, amqp_basic_nack_t{number, 0, 1});
}

void encode_reject(std::string& out, std::uint16_t channel, std::uint64_t number) {
  must_put(out, channel, AMQP_BASIC_REJECT_METHOD, amqp_basic_reject_t{number, 0});
}

}  // namespace waybill::rabbitmq
