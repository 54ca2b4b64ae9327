#include "broker/rabbitmq/protocol/rpc_lane.h"

#include <utility>

#include "broker/rabbitmq/protocol/encoder.h"

namespace waybill::rabbitmq {

void RpcLane::ask(Call call, MonoTime now, Turn& turn) {
  calls_.push_back(std::move(call));
  advance(now, turn);
}

void RpcLane::advance(MonoTime now, Turn& turn) {
  if (calls_.empty() || asked_ || state_ == State::kOpening) return;
  deadline_ = now + deadline_after_;
  if (state_ == State::kClosed) {
    state_ = State::kOpening;
    return encode_channel_open(turn.out, channel_);
  }
  asked_ = true;
  calls_.front().encode(turn.out, channel_);
}

void RpcLane::on_method(const Method& method, MonoTime now, Turn& turn) {
  if (const auto* close = std::get_if<Close>(&method)) {
    encode_channel_close_ok(turn.out, channel_);
    state_ = State::kClosed;
    if (asked_) answer(*close, now, turn);
    return advance(now, turn);
  }
  if (state_ == State::kOpening && std::holds_alternative<ChannelOpened>(method)) {
    state_ = State::kOpen;
    return advance(now, turn);
  }
  if (!asked_) {
    return turn.end_with({ConnectionEnd::Kind::kLost, "the broker answered on a channel where nothing was asked"});
  }
  answer(method, now, turn);
  advance(now, turn);
}

void RpcLane::answer(const Answer& answer, MonoTime now, Turn& turn) {
  const Call call = std::move(calls_.front());
  calls_.pop_front();
  asked_ = false;
  call.done(answer, now, turn);
}

void RpcLane::on_tick(MonoTime now, Turn& turn) {
  const auto due = next_deadline();
  if (!due || now < *due) return;
  turn.end_with({ConnectionEnd::Kind::kLost, "the broker did not answer in time: " + calls_.front().what});
}

void RpcLane::on_unblocked(MonoTime now) {
  blocked_ = false;
  deadline_ = now + deadline_after_;
}

std::optional<MonoTime> RpcLane::next_deadline() const {
  return calls_.empty() || blocked_ ? std::nullopt : std::optional(deadline_);
}

void RpcLane::reset() {
  state_ = State::kClosed;
  blocked_ = false;
  calls_.clear();
  asked_ = false;
}

}  // namespace waybill::rabbitmq
