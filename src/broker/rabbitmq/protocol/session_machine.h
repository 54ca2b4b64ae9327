// One AMQP connection from the first byte to the last: handshake, tuning, heartbeats, alarms, the end. Frames of
// channels go to its role. Pure: no I/O, no clock; one thread. Every state has a deadline.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "broker/rabbitmq/protocol/connection_role.h"
#include "broker/rabbitmq/protocol/methods.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"

namespace waybill::rabbitmq {

class SessionMachine {
 public:
  /// Both outlive it.
  SessionMachine(const RabbitMqOptions& options, ConnectionRole& role) : options_(options), role_(role) {}

  /// The stream is up: for the first time, and only once.
  void on_connected(MonoTime now, Turn& turn);
  void on_bytes(std::string_view bytes, MonoTime now, Turn& turn);
  void on_tick(MonoTime now, Turn& turn);
  /// The stream failed or was closed by the peer.
  void on_stream_end(const std::string& reason, Turn& turn);
  /// What waits for the socket: `unsent` bytes, of which `taken` it has taken since the last time.
  void on_write(std::size_t unsent, bool taken, MonoTime now);
  /// Ends in order: what was said before is still sent.
  void close(MonoTime now, Turn& turn);

  [[nodiscard]] bool open() const { return state_ == State::kOpen; }
  [[nodiscard]] std::optional<MonoTime> next_deadline() const;

 private:
  enum class State { kIdle, kAwaitStart, kAwaitTune, kAwaitOpened, kOpen, kClosing, kEnded };

  void on_frame(const Frame& frame, MonoTime now, Turn& turn);
  void on_method(Method method, MonoTime now, Turn& turn);
  void on_start(const Start& start, Turn& turn);
  void on_tune(const Tune& tune, MonoTime now, Turn& turn);
  void on_close(const Close& close, Turn& turn);
  void on_alarm(const Method& method, MonoTime now, Turn& turn);
  void end(ConnectionEnd::Kind kind, std::string reason, Turn& turn, bool by_publish = false);
  /// The peer broke the protocol: it is told, and left.
  void protest(int code, const std::string& why, Turn& turn);
  [[nodiscard]] const char* waiting_for() const;
  [[nodiscard]] MonoTime silent_at() const { return heard_ + 2 * heartbeat_; }

  const RabbitMqOptions& options_;
  ConnectionRole& role_;
  State state_ = State::kIdle;
  FrameReader reader_;
  std::size_t frame_max_ = kFrameMin;
  std::chrono::seconds heartbeat_{0};
  MonoTime deadline_;              // of every state but kOpen
  MonoTime heard_;                 // when something was received last
  MonoTime heartbeat_at_;          // when ours is due
  std::optional<MonoTime> frame_;  // since when a frame is incomplete
  std::optional<MonoTime> stuck_;  // since when the socket takes nothing
  bool blocked_ = false;
};

}  // namespace waybill::rabbitmq
