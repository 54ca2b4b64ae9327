#include "broker/rabbitmq/protocol/session_machine.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "broker/rabbitmq/protocol/encoder.h"

namespace waybill::rabbitmq {
namespace {

constexpr int kReplySuccess = 200;
constexpr int kFrameError = 501;
constexpr int kUnexpectedFrame = 505;
constexpr int kAccessRefused = 403;
constexpr int kNotFound = 404;
constexpr int kNotAllowed = 530;
// Main channel, helper and trial; a few to spare.
constexpr std::uint16_t kChannelMax = 16;

/// Quorum queues came with 3.8; other products number otherwise.
bool too_old(const Start& start) {
  if (start.product != "RabbitMQ") return false;
  int major = 0;
  int minor = 0;
  const char* const end = start.version.data() + start.version.size();
  const auto [dot, error] = std::from_chars(start.version.data(), end, major);
  if (error != std::errc() || dot == end || *dot != '.') return false;
  if (std::from_chars(dot + 1, end, minor).ec != std::errc()) return false;
  return major < 3 || (major == 3 && minor < 8);
}

}  // namespace

void SessionMachine::on_connected(MonoTime now, Turn& turn) {
  state_ = State::kAwaitStart;
  deadline_ = now + options_.handshake_deadline;
  heard_ = now;
  encode_protocol_header(turn.out);
}

void SessionMachine::on_bytes(std::string_view bytes, MonoTime now, Turn& turn) {
  heard_ = now;
  reader_.feed(bytes);
  while (state_ != State::kEnded && !turn.end) {
    auto next = reader_.next();
    if (!next.ok()) {
      const bool login = state_ == State::kAwaitStart;
      if (!login) protest(kFrameError, next.error().message, turn);
      return end(login ? ConnectionEnd::Kind::kRefused : ConnectionEnd::Kind::kLost, next.error().message, turn);
    }
    if (!*next) break;
    frame_.reset();
    on_frame(**next, now, turn);
  }
  if (!reader_.inside_frame()) {
    frame_.reset();
  } else if (!frame_) {
    frame_ = now;
  }
}

void SessionMachine::on_frame(const Frame& frame, MonoTime now, Turn& turn) {
  if (frame.kind == FrameKind::kHeartbeat) return;
  if (frame.channel != 0) {
    if (state_ == State::kOpen) return role_.on_frame(frame, now, turn);
    if (state_ == State::kClosing) return;  // what was under way when we said goodbye
    return protest(kUnexpectedFrame, "the broker sent a frame of a channel before the connection was open", turn);
  }
  if (frame.kind != FrameKind::kMethod) {
    return protest(kUnexpectedFrame, "the broker sent a message on channel 0", turn);
  }
  auto method = decode_method(frame.payload);
  if (!method.ok()) return protest(kFrameError, method.error().message, turn);
  on_method(std::move(*method), now, turn);
}

void SessionMachine::on_method(Method method, MonoTime now, Turn& turn) {
  if (const auto* close = std::get_if<Close>(&method)) return on_close(*close, turn);
  const auto unexpected = [&] { protest(kUnexpectedFrame, "the broker sent a method out of its place", turn); };
  switch (state_) {
    case State::kAwaitStart:
      if (const auto* start = std::get_if<Start>(&method)) return on_start(*start, turn);
      return unexpected();
    case State::kAwaitTune:
      if (const auto* tune = std::get_if<Tune>(&method)) return on_tune(*tune, now, turn);
      return unexpected();
    case State::kAwaitOpened:
      if (!std::holds_alternative<ConnectionOpened>(method)) return unexpected();
      state_ = State::kOpen;
      return role_.on_open(frame_max_, now, turn);
    case State::kOpen:
      return on_alarm(method, now, turn);
    case State::kClosing:
      if (std::holds_alternative<Closed>(method)) end(ConnectionEnd::Kind::kOrdered, "closed", turn);
      return;
    case State::kIdle:
    case State::kEnded:
      return;
  }
}

void SessionMachine::on_alarm(const Method& method, MonoTime now, Turn& turn) {
  if (const auto* blocked = std::get_if<Blocked>(&method)) {
    blocked_ = true;
    return role_.on_blocked(blocked->reason, now, turn);
  }
  if (!std::holds_alternative<Unblocked>(method)) {
    return protest(kUnexpectedFrame, "the broker sent a method out of its place", turn);
  }
  blocked_ = false;
  if (stuck_) stuck_ = now;
  role_.on_unblocked(now, turn);
}

void SessionMachine::on_start(const Start& start, Turn& turn) {
  const auto refuse = [&](const std::string& why) { end(ConnectionEnd::Kind::kRefused, why, turn); };
  role_.on_greeting(start);
  if (too_old(start)) {
    return refuse("the broker is RabbitMQ " + start.version + ", which is too old: 3.8 is the least, 3.10 is tested");
  }
  if (!start.confirms || !start.nacks || !start.cancel_notified) {
    return refuse(
        "the broker offers no publisher confirms, basic.nack and consumer_cancel_notify: it cannot carry safely");
  }
  const std::string mechanism = options_.external ? "EXTERNAL" : "PLAIN";
  if (std::find(start.mechanisms.begin(), start.mechanisms.end(), mechanism) == start.mechanisms.end()) {
    return refuse("the broker does not offer to log in by " + mechanism +
                  (options_.external ? ": enable its plugin rabbitmq_auth_mechanism_ssl" : ""));
  }
  const RabbitMqUrl& url = options_.url;
  const std::string response = options_.external ? "" : std::string(1, '\0') + url.user + '\0' + url.password;
  encode_start_ok(turn.out, {mechanism, response, options_.client_name});
  state_ = State::kAwaitTune;
}

void SessionMachine::on_tune(const Tune& tune, MonoTime now, Turn& turn) {
  // 0 means no limit, and no heartbeat: we bring our own.
  const std::size_t theirs = tune.frame_max == 0 ? kFrameMax : tune.frame_max;
  frame_max_ = std::min(theirs, kFrameMax);
  if (frame_max_ < kFrameMin) return protest(kNotAllowed, "the broker takes frames of less than 4096 bytes", turn);
  const std::uint16_t channels = tune.channel_max == 0 ? kChannelMax : std::min(tune.channel_max, kChannelMax);
  heartbeat_ = std::chrono::ceil<std::chrono::seconds>(options_.heartbeat);
  if (tune.heartbeat_s != 0) heartbeat_ = std::min(heartbeat_, std::chrono::seconds(tune.heartbeat_s));
  reader_.limit(frame_max_);
  heartbeat_at_ = now + heartbeat_ / 2;
  encode_tune_ok(turn.out, channels, static_cast<std::uint32_t>(frame_max_),
                 static_cast<std::uint16_t>(heartbeat_.count()));
  encode_connection_open(turn.out, options_.url.vhost);
  state_ = State::kAwaitOpened;
}

void SessionMachine::on_close(const Close& close, Turn& turn) {
  encode_connection_close_ok(turn.out);
  const std::string said = std::to_string(close.code) + " " + close.text;
  if (state_ == State::kClosing) return end(ConnectionEnd::Kind::kOrdered, said, turn);
  if (state_ == State::kAwaitTune && close.code == kAccessRefused) {
    return end(
        ConnectionEnd::Kind::kRefused,
        options_.external
            ? "the broker refused the client's certificate for the login (EXTERNAL): is there a user of its name?"
            : "the broker refused user '" + options_.url.user + "': wrong user or password, or no right to log in",
        turn);
  }
  if (state_ == State::kAwaitOpened &&
      (close.code == kNotAllowed || close.code == kAccessRefused || close.code == kNotFound)) {
    return end(ConnectionEnd::Kind::kRefused,
               "the broker refused vhost '" + options_.url.vhost + "' to " +
                   (options_.external ? "the user of the client's certificate" : "user '" + options_.url.user + "'") +
                   ": it does not exist, or the user has no permissions in it (" + said + ")",
               turn);
  }
  end(ConnectionEnd::Kind::kLost, "the broker closed the connection: " + said, turn, close.by_publish);
}

void SessionMachine::on_stream_end(const std::string& reason, Turn& turn) {
  if (state_ == State::kEnded) return;
  if (state_ == State::kClosing) return end(ConnectionEnd::Kind::kOrdered, reason, turn);
  end(ConnectionEnd::Kind::kLost, reason, turn);
}

void SessionMachine::on_write(std::size_t unsent, bool taken, MonoTime now) {
  if (unsent == 0) {
    stuck_.reset();
  } else if (taken || !stuck_) {
    stuck_ = now;
  }
}

void SessionMachine::on_tick(MonoTime now, Turn& turn) {
  if (state_ == State::kIdle || state_ == State::kEnded) return;
  if (state_ == State::kClosing) {
    if (now >= deadline_) end(ConnectionEnd::Kind::kOrdered, "the broker did not answer the goodbye", turn);
    return;
  }
  if (state_ != State::kOpen) {
    if (now < deadline_) return;
    return end(ConnectionEnd::Kind::kLost, std::string("the broker did not send ") + waiting_for() + " in time", turn);
  }
  if (now >= silent_at()) {
    return end(ConnectionEnd::Kind::kLost,
               "the broker was silent for " + std::to_string((2 * heartbeat_).count()) + " seconds", turn);
  }
  if (frame_ && now >= *frame_ + options_.answer_deadline) {
    return end(ConnectionEnd::Kind::kLost, "the broker stopped in the middle of a frame", turn);
  }
  if (stuck_ && !blocked_ && now >= *stuck_ + options_.stall_deadline) {
    return end(ConnectionEnd::Kind::kLost, "the broker takes nothing and does not say why", turn);
  }
  if (now >= heartbeat_at_) {
    heartbeat_at_ = now + heartbeat_ / 2;
    // While nothing leaves, one more would only pile up.
    if (!stuck_) encode_heartbeat(turn.out);
  }
  role_.on_tick(now, turn);
}

const char* SessionMachine::waiting_for() const {
  switch (state_) {
    case State::kAwaitStart:
      return "its greeting";
    case State::kAwaitTune:
      return "an answer to the login";
    case State::kAwaitOpened:
      return "an answer about the vhost";
    case State::kIdle:
    case State::kOpen:
    case State::kClosing:
    case State::kEnded:
      break;
  }
  return "an answer";
}

void SessionMachine::close(MonoTime now, Turn& turn) {
  if (state_ == State::kClosing || state_ == State::kEnded) return;
  if (state_ != State::kOpen) return end(ConnectionEnd::Kind::kOrdered, "closed before it was open", turn);
  encode_connection_close(turn.out, kReplySuccess, "done");
  state_ = State::kClosing;
  deadline_ = now + options_.close_deadline;
}

void SessionMachine::protest(int code, const std::string& why, Turn& turn) {
  if (state_ == State::kOpen) encode_connection_close(turn.out, code, why);
  end(ConnectionEnd::Kind::kLost, why, turn);
}

void SessionMachine::end(ConnectionEnd::Kind kind, std::string reason, Turn& turn, bool by_publish) {
  if (state_ == State::kEnded) return;
  state_ = State::kEnded;
  turn.end_with({kind, std::move(reason), by_publish});
}

std::optional<MonoTime> SessionMachine::next_deadline() const {
  switch (state_) {
    case State::kIdle:
    case State::kEnded:
      return std::nullopt;
    case State::kAwaitStart:
    case State::kAwaitTune:
    case State::kAwaitOpened:
    case State::kClosing:
      return deadline_;
    case State::kOpen:
      break;
  }
  std::optional<MonoTime> at = std::min(silent_at(), heartbeat_at_);
  if (frame_) at = sooner(at, *frame_ + options_.answer_deadline);
  if (stuck_ && !blocked_) at = sooner(at, *stuck_ + options_.stall_deadline);
  return sooner(at, role_.next_deadline());
}

}  // namespace waybill::rabbitmq
