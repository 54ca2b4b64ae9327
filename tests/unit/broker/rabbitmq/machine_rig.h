// A session machine with a role, and a test in the place of the broker and of the clock.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/rabbitmq/protocol/session_machine.h"
#include "testing/amqp_frames.h"

namespace waybill::rabbitmq {

using Said = std::vector<std::string>;

inline RabbitMqOptions rig_options() {
  RabbitMqOptions options;
  options.url.addresses = {{"127.0.0.1", 5672}};
  return options;
}

class MachineRig {
 public:
  MachineRig(const RabbitMqOptions& options, ConnectionRole& role) : machine_(options, role), role_(role) {}

  Said connect() {
    return turn([&](Turn& turn) { machine_.on_connected(now_, turn); });
  }
  /// What the client says to that.
  Said hear(std::string_view bytes) {
    return turn([&](Turn& turn) { machine_.on_bytes(bytes, now_, turn); });
  }
  Said close() {
    return turn([&](Turn& turn) { machine_.close(now_, turn); });
  }
  Said stream_ends() {
    return turn([&](Turn& turn) { machine_.on_stream_end("reset by peer", turn); });
  }
  /// Time passes, with an alarm whenever the machine asked for one.
  Said pass(Duration time) {
    const MonoTime until = now_ + time;
    Said said;
    while (!ended() && machine_.next_deadline() && *machine_.next_deadline() <= until) {
      now_ = std::max(now_, *machine_.next_deadline());
      for (auto& one : turn([&](Turn& turn) { machine_.on_tick(now_, turn); })) said.push_back(std::move(one));
    }
    now_ = until;
    return said;
  }
  /// An act of the role's.
  template <class Act>
  Said act(const Act& action) {
    return turn([&](Turn& turn) { action(now_, turn); });
  }
  /// Up to the open connection; what the client says first on it.
  Said open(std::uint16_t heartbeat_s = 60) {
    connect();
    hear(peer::start());
    hear(peer::tune(2047, 131'072, heartbeat_s));
    return hear(peer::opened());
  }

  [[nodiscard]] bool ended() const { return end_.has_value(); }
  [[nodiscard]] const ConnectionEnd& end() const { return end_.value(); }
  [[nodiscard]] SessionMachine& machine() { return machine_; }
  [[nodiscard]] MonoTime now() const { return now_; }
  /// What was said last, as bytes.
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  template <class Act>
  Said turn(const Act& action) {
    Turn turn;
    action(turn);
    if (turn.end && !end_) {
      end_ = turn.end;
      role_.on_end(*turn.end);
    }
    bytes_ = turn.out;
    return peer::read_client(turn.out);
  }

  SessionMachine machine_;
  ConnectionRole& role_;
  MonoTime now_ = MonoTime(std::chrono::hours(1));
  std::optional<ConnectionEnd> end_;
  std::string bytes_;
};

}  // namespace waybill::rabbitmq
