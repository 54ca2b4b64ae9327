#include "broker/rabbitmq/protocol/declare_role.h"

namespace waybill::rabbitmq {
namespace {

constexpr std::uint16_t kChannel = 1;

}  // namespace

DeclareRole::DeclareRole(const RabbitMqOptions& options, Topology topology)
    : topology_(std::move(topology)), rpc_(kChannel, options.answer_deadline), run_(rpc_, options.queue_type) {}

void DeclareRole::on_open(std::size_t /*frame_max*/, MonoTime now, Turn& turn) {
  run_.start(
      topology_,
      [this](const Status& outcome, const std::vector<std::string>& notes, MonoTime, Turn&) {
        outcome_ = outcome;
        notes_ = notes;
      },
      now, turn);
}

void DeclareRole::on_frame(const Frame& frame, MonoTime now, Turn& turn) {
  if (frame.channel != kChannel || frame.kind != FrameKind::kMethod) {
    return turn.end_with({ConnectionEnd::Kind::kLost, "the broker sent a frame on a channel where nothing was asked"});
  }
  const auto method = decode_method(frame.payload);
  if (!method.ok()) return turn.end_with({ConnectionEnd::Kind::kLost, method.error().message});
  rpc_.on_method(*method, now, turn);
}

void DeclareRole::on_end(const ConnectionEnd& end) {
  rpc_.reset();
  run_.reset();
  if (outcome_) return;
  const bool refused = end.kind == ConnectionEnd::Kind::kRefused;
  outcome_ = make_error(refused ? ErrorClass::kPermanent : ErrorClass::kRetry, end.reason);
}

}  // namespace waybill::rabbitmq
