#include "broker/rabbitmq/protocol/trial_lane.h"

#include <utility>

#include "broker/rabbitmq/protocol/encoder.h"

namespace waybill::rabbitmq {

void TrialLane::go_on(MonoTime now, Turn& turn) {
  if (waiting_.empty() || on_trial_) return;
  switch (state_) {
    case State::kOpening:
    case State::kClosing:
      return;
    case State::kClosed:
      encode_channel_open(turn.out, channel_);
      encode_confirm_select(turn.out, channel_);
      state_ = State::kOpening;
      deadline_ = now + deadline_after_;
      return;
    case State::kReady:
      break;
  }
  on_trial_ = std::move(waiting_.front());
  waiting_.pop_front();
  forgotten_ = false;
  return_code_ = 0;
  deadline_ = now + deadline_after_;
  ring_.add(*on_trial_);
  if (!encode_publish(turn.out, channel_, *on_trial_, frame_max_)) {
    turn.end_with({ConnectionEnd::Kind::kLost, "a message could not be encoded"});
  }
}

std::optional<TrialLane::Verdict> TrialLane::on_frame(const Frame& frame, MonoTime now, Turn& turn) {
  std::optional<Verdict> told;
  if (frame.kind == FrameKind::kMethod) {
    auto method = decode_method(frame.payload);
    if (!method.ok()) {
      turn.end_with({ConnectionEnd::Kind::kLost, method.error().message});
      return std::nullopt;
    }
    told = on_method(std::move(*method), now, turn);
  } else if (const auto content = returned_.take(frame); !content.ok()) {
    turn.end_with({ConnectionEnd::Kind::kLost, content.error().message});
  }
  return told;
}

std::optional<TrialLane::Verdict> TrialLane::on_method(Method method, MonoTime now, Turn& turn) {
  if (const auto* close = std::get_if<Close>(&method)) {
    encode_channel_close_ok(turn.out, channel_);
    const bool refused = state_ != State::kClosing && on_trial_;
    state_ = State::kClosed;
    ring_.clear();
    returned_.reset();
    if (refused) return verdict(Verdict::Kind::kRefused, close->code, close->text);
    return std::nullopt;
  }
  if (state_ == State::kClosing) {
    if (std::holds_alternative<Closed>(method)) state_ = State::kClosed;
    return std::nullopt;  // what was under way when we gave up
  }
  if (std::holds_alternative<ChannelOpened>(method)) return std::nullopt;
  if (std::holds_alternative<ConfirmSelected>(method)) {
    state_ = State::kReady;
    deadline_ = now + deadline_after_;
    return std::nullopt;
  }
  if (auto* returned = std::get_if<Returned>(&method)) {
    return_code_ = returned->code;
    return_text_ = std::move(returned->text);
    if (auto expected = returned_.expect(); !expected.ok()) {
      turn.end_with({ConnectionEnd::Kind::kLost, expected.error().message});
    }
    return std::nullopt;
  }
  if (const auto* ack = std::get_if<Ack>(&method)) {
    return on_answer(ack->number, ack->multiple, Verdict::Kind::kAcked, turn);
  }
  if (const auto* nack = std::get_if<Nack>(&method)) {
    return on_answer(nack->number, nack->multiple, Verdict::Kind::kNacked, turn);
  }
  turn.end_with({ConnectionEnd::Kind::kLost, "the broker sent a method out of its place"});
  return std::nullopt;
}

std::optional<TrialLane::Verdict> TrialLane::on_answer(std::uint64_t number, bool multiple, Verdict::Kind kind,
                                                       Turn& turn) {
  const auto settled = ring_.settle(number, multiple);
  if (!settled.ok() || settled->size() != 1 || !on_trial_) {
    turn.end_with({ConnectionEnd::Kind::kLost, "the broker answered a publish that waits for no answer"});
    return std::nullopt;
  }
  return verdict(kind, return_code_, std::exchange(return_text_, {}));
}

TrialLane::Verdict TrialLane::verdict(Verdict::Kind kind, int code, std::string text) {
  Outgoing message = std::move(*on_trial_);
  on_trial_.reset();
  return {kind, std::move(message), code, std::move(text), forgotten_};
}

std::optional<TrialLane::Verdict> TrialLane::on_tick(MonoTime now, Turn& turn) {
  const auto due = next_deadline();
  if (!due || now < *due) return std::nullopt;
  if (state_ != State::kReady) {
    turn.end_with({ConnectionEnd::Kind::kLost, "the broker did not answer in time: a channel for trials"});
    return std::nullopt;
  }
  // Its queue may have no leader; the broker is well. Others must not wait for it.
  encode_channel_close(turn.out, channel_);
  state_ = State::kClosing;
  deadline_ = now + deadline_after_;
  ring_.clear();
  returned_.reset();
  return verdict(Verdict::Kind::kUnheard);
}

void TrialLane::on_unblocked(MonoTime now) {
  blocked_ = false;
  deadline_ = now + deadline_after_;
}

std::optional<MonoTime> TrialLane::next_deadline() const {
  const bool waits = on_trial_ || state_ == State::kOpening || state_ == State::kClosing;
  return waits && !blocked_ ? std::optional(deadline_) : std::nullopt;
}

void TrialLane::reset() {
  state_ = State::kClosed;
  blocked_ = false;
  waiting_.clear();
  on_trial_.reset();
  ring_.clear();
  returned_.reset();
}

}  // namespace waybill::rabbitmq
