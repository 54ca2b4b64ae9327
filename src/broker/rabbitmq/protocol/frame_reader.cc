#include "broker/rabbitmq/protocol/frame_reader.h"

#include <utility>

namespace waybill::rabbitmq {
namespace {

constexpr char kFrameEnd = static_cast<char>(0xCE);
constexpr std::string_view kProtocolName = "AMQP";
constexpr char kTlsAlert = 0x15;

std::uint32_t number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

bool is_kind(char byte) {
  switch (static_cast<FrameKind>(byte)) {
    case FrameKind::kMethod:
    case FrameKind::kHeader:
    case FrameKind::kBody:
    case FrameKind::kHeartbeat:
      return true;
  }
  return false;
}

Error not_amqp(std::string why) { return make_error(ErrorClass::kPermanent, std::move(why)); }

}  // namespace

void FrameReader::feed(std::string_view bytes) {
  if (inside_frame()) {
    // Only what has not been read is kept: less than one frame, since all complete ones were taken before.
    if (kept_.empty()) {
      kept_.assign(rest());
    } else {
      kept_.erase(0, at_);
    }
    kept_.append(bytes);
    fed_ = {};
  } else {
    kept_.clear();
    fed_ = bytes;
  }
  at_ = 0;
}

// A server that speaks another version answers with its own protocol header; one that speaks TLS, with an alert.
std::optional<Error> FrameReader::refuse_head(std::string_view head) const {
  if (is_kind(head[0])) {
    if (head.size() < kFrameHead) return std::nullopt;
    const std::size_t whole = number(head.substr(3, 4)) + kFrameOverhead;
    if (whole <= frame_max_) return std::nullopt;
    return not_amqp("the peer sent a frame of " + std::to_string(whole) + " bytes where " + std::to_string(frame_max_) +
                    " are allowed");
  }
  if (head.starts_with(kProtocolName)) return not_amqp("the peer does not speak AMQP 0-9-1");
  if (head[0] == kTlsAlert) return not_amqp("the peer speaks TLS: write amqps:// or name its plain port");
  return not_amqp("what the peer sent is not AMQP");
}

Result<std::optional<Frame>> FrameReader::next() {
  const std::string_view bytes = rest();
  if (bytes.empty()) {
    // Nothing of the caller's may be looked at later: it belongs to him again.
    fed_ = {};
    kept_.clear();
    at_ = 0;
    return std::optional<Frame>();
  }
  if (auto refused = refuse_head(bytes)) return *refused;
  const bool has_head = bytes.size() >= kFrameHead;
  const std::size_t length = has_head ? number(bytes.substr(3, 4)) : 0;
  if (!has_head || bytes.size() < length + kFrameOverhead) {
    if (kept_.empty()) {
      kept_.assign(bytes);
      at_ = 0;
      fed_ = {};
    }
    return std::optional<Frame>();
  }
  if (bytes[kFrameHead + length] != kFrameEnd) return not_amqp("a frame of the peer's does not end where it says");
  at_ += length + kFrameOverhead;
  return std::optional(Frame{static_cast<FrameKind>(bytes[0]), static_cast<std::uint16_t>(number(bytes.substr(1, 2))),
                             bytes.substr(kFrameHead, length)});
}

}  // namespace waybill::rabbitmq
