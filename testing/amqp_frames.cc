#include "testing/amqp_frames.h"

#include <map>
#include <stdexcept>

namespace waybill::rabbitmq::peer {
namespace {

constexpr char kFrameEnd = static_cast<char>(0xCE);

std::string method(std::uint16_t channel, std::uint16_t of_class, std::uint16_t id, const std::string& arguments = {}) {
  return frame(FrameKind::kMethod, channel, number(of_class, 2) + number(id, 2) + arguments);
}

std::string long_text(std::string_view text) { return number(text.size(), 4) + std::string(text); }

std::string text_field(std::string_view name, std::string_view value) {
  return short_text(name) + 'S' + long_text(value);
}

std::string table_field(std::string_view name, std::string_view table) {
  return short_text(name) + 'F' + long_text(table);
}

std::string true_field(std::string_view name) { return short_text(name) + 't' + '\x01'; }

std::string flag(bool value) { return {static_cast<char>(value ? 1 : 0)}; }

std::uint64_t read_number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

std::string read_short(std::string_view& rest) {
  const auto size = static_cast<unsigned char>(rest.at(0));
  const std::string text(rest.substr(1, size));
  rest.remove_prefix(1 + size);
  return text;
}

const std::map<std::uint32_t, const char*>& client_methods() {
  static const std::map<std::uint32_t, const char*> names{
      {0x000A000B, "connection.start-ok"}, {0x000A001F, "connection.tune-ok"},  {0x000A0028, "connection.open"},
      {0x000A0032, "connection.close"},    {0x000A0033, "connection.close-ok"}, {0x0014000A, "channel.open"},
      {0x00140028, "channel.close"},       {0x00140029, "channel.close-ok"},    {0x0055000A, "confirm.select"},
      {0x0028000A, "exchange.declare"},    {0x0032000A, "queue.declare"},       {0x00320014, "queue.bind"},
      {0x003C000A, "basic.qos"},           {0x003C0014, "basic.consume"},       {0x003C001E, "basic.cancel"},
      {0x003C0028, "basic.publish"},       {0x003C0050, "basic.ack"},           {0x003C005A, "basic.reject"},
      {0x003C0078, "basic.nack"},
  };
  return names;
}

std::string say(std::uint16_t channel, std::string_view payload) {
  const auto id = static_cast<std::uint32_t>(read_number(payload.substr(0, 4)));
  const auto found = client_methods().find(id);
  if (found == client_methods().end()) throw std::runtime_error("a client does not send method " + std::to_string(id));
  std::string said = std::string(found->second) + " " + std::to_string(channel);
  auto rest = payload.substr(4);
  const std::string name = found->second;
  if (name == "basic.publish") {
    rest.remove_prefix(2);
    said += " " + read_short(rest);
    said += " " + read_short(rest);
  } else if (name == "exchange.declare" || name == "queue.declare" || name == "queue.bind") {
    rest.remove_prefix(2);
    said += " " + read_short(rest);
  } else if (name == "basic.consume") {
    rest.remove_prefix(2);
    said += " " + read_short(rest);
    said += " " + read_short(rest);
  } else if (name == "basic.cancel") {
    said += " " + read_short(rest);
  } else if (name == "basic.ack" || name == "basic.reject" || name == "basic.nack") {
    said += " " + std::to_string(read_number(rest.substr(0, 8)));
    if (name == "basic.ack" && rest[8] != 0) said += " multiple";
  }
  return said;
}

}  // namespace

std::string frame(FrameKind kind, std::uint16_t channel, std::string_view payload) {
  return std::string(1, static_cast<char>(kind)) + number(channel, 2) + long_text(payload) + kFrameEnd;
}

std::string number(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8U * static_cast<unsigned>(i)) & 0xFFU);
  return text;
}

std::string short_text(std::string_view text) { return static_cast<char>(text.size()) + std::string(text); }

std::string start(const Greeting& greeting) {
  std::string capabilities = true_field("basic.nack") + true_field("consumer_cancel_notify");
  if (greeting.confirms) capabilities += true_field("publisher_confirms");
  const std::string properties = text_field("product", greeting.product) + text_field("version", greeting.version) +
                                 table_field("capabilities", capabilities);
  return method(
      0, 10, 10,
      number(0, 1) + number(9, 1) + long_text(properties) + long_text(greeting.mechanisms) + long_text("en_US"));
}

std::string tune(std::uint16_t channel_max, std::uint32_t frame_max, std::uint16_t heartbeat_s) {
  return method(0, 10, 30, number(channel_max, 2) + number(frame_max, 4) + number(heartbeat_s, 2));
}

std::string opened() { return method(0, 10, 41, short_text("")); }

std::string connection_close(int code, std::string_view text, bool by_publish) {
  return method(0, 10, 50,
                number(static_cast<std::uint64_t>(code), 2) + short_text(text) + number(by_publish ? 60 : 0, 2) +
                    number(by_publish ? 40 : 0, 2));
}

std::string connection_closed() { return method(0, 10, 51); }
std::string blocked(std::string_view reason) { return method(0, 10, 60, short_text(reason)); }
std::string unblocked() { return method(0, 10, 61); }
std::string heartbeat() { return frame(FrameKind::kHeartbeat, 0, ""); }

std::string channel_opened(std::uint16_t channel) { return method(channel, 20, 11, long_text("")); }

std::string channel_close(std::uint16_t channel, int code, std::string_view text) {
  return method(channel, 20, 40,
                number(static_cast<std::uint64_t>(code), 2) + short_text(text) + number(60, 2) + number(40, 2));
}

std::string channel_closed(std::uint16_t channel) { return method(channel, 20, 41); }
std::string confirm_selected(std::uint16_t channel) { return method(channel, 85, 11); }
std::string exchange_declared(std::uint16_t channel) { return method(channel, 40, 11); }
std::string queue_declared(std::uint16_t channel, std::string_view queue) {
  return method(channel, 50, 11, short_text(queue) + number(0, 4) + number(0, 4));
}
std::string queue_bound(std::uint16_t channel) { return method(channel, 50, 21); }
std::string qos_set(std::uint16_t channel) { return method(channel, 60, 11); }
std::string consuming(std::uint16_t channel, std::string_view consumer) {
  return method(channel, 60, 21, short_text(consumer));
}
std::string consumer_cancelled(std::uint16_t channel, std::string_view consumer) {
  return method(channel, 60, 31, short_text(consumer));
}
std::string cancel_notice(std::uint16_t channel, std::string_view consumer) {
  return method(channel, 60, 30, short_text(consumer) + flag(true));
}

std::string ack(std::uint16_t channel, std::uint64_t tag, bool multiple) {
  return method(channel, 60, 80, number(tag, 8) + flag(multiple));
}
std::string nack(std::uint16_t channel, std::uint64_t tag, bool multiple) {
  return method(channel, 60, 120, number(tag, 8) + flag(multiple));
}

std::string content(std::uint16_t channel, const Message& message, std::size_t frame_max) {
  std::string table;
  for (const auto& [name, value] : message.headers) table += text_field(name, value);
  // headers (bit 13), delivery mode (bit 12), message id (bit 7)
  const std::string properties = number(0x3080, 2) + long_text(table) + number(2, 1) + short_text(message.id);
  std::string bytes =
      frame(FrameKind::kHeader, channel, number(60, 2) + number(0, 2) + number(message.body.size(), 8) + properties);
  for (std::string_view rest = message.body; !rest.empty();) {
    const auto part = rest.substr(0, frame_max - kFrameOverhead);
    bytes += frame(FrameKind::kBody, channel, part);
    rest.remove_prefix(part.size());
  }
  return bytes;
}

std::string returned(std::uint16_t channel, int code, const Message& message, std::size_t frame_max) {
  return method(channel, 60, 50,
                number(static_cast<std::uint64_t>(code), 2) + short_text(code == 312 ? "NO_ROUTE" : "NO_CONSUMERS") +
                    short_text("exchange") + short_text("key")) +
         content(channel, message, frame_max);
}

std::string delivery(std::uint16_t channel, std::string_view consumer, std::uint64_t tag, const Message& message,
                     std::size_t frame_max) {
  return method(channel, 60, 60,
                short_text(consumer) + number(tag, 8) + flag(false) + short_text("exchange") + short_text("key")) +
         content(channel, message, frame_max);
}

std::vector<std::string> read_client(std::string_view bytes) {
  std::vector<std::string> said;
  while (!bytes.empty()) {
    if (bytes.starts_with("AMQP")) {
      said.emplace_back("protocol");
      bytes.remove_prefix(8);
      continue;
    }
    const auto kind = static_cast<FrameKind>(bytes.at(0));
    const auto channel = static_cast<std::uint16_t>(read_number(bytes.substr(1, 2)));
    const auto size = static_cast<std::size_t>(read_number(bytes.substr(3, 4)));
    const auto payload = bytes.substr(kFrameHead, size);
    if (bytes.at(kFrameHead + size) != kFrameEnd) throw std::runtime_error("a frame of the client's has no end");
    switch (kind) {
      case FrameKind::kMethod:
        said.push_back(say(channel, payload));
        break;
      case FrameKind::kHeader:
        said.push_back("header " + std::to_string(channel));
        break;
      case FrameKind::kBody:
        said.push_back("body " + std::to_string(channel));
        break;
      case FrameKind::kHeartbeat:
        said.emplace_back("heartbeat");
        break;
    }
    bytes.remove_prefix(size + kFrameOverhead);
  }
  return said;
}

}  // namespace waybill::rabbitmq::peer
