// What the machines of one connection say to each other. Pure: no I/O, no clock; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "broker/rabbitmq/protocol/frame_reader.h"
#include "broker/rabbitmq/protocol/methods.h"

namespace waybill::rabbitmq {

/// How a connection ended.
struct ConnectionEnd {
  enum class Kind {
    kOrdered,  ///< we wanted it
    kLost,     ///< network, silence, the broker's restart: trying again helps
    kRefused,  ///< login, vhost, certificate, protocol: a person must change something
  };
  Kind kind = Kind::kLost;
  std::string reason;       ///< one sentence
  bool by_publish = false;  ///< a publish was at fault
};

/// What one turn of the machines wants done.
struct Turn {
  std::string out;                   ///< to be written; whole frames
  std::optional<ConnectionEnd> end;  ///< close the socket, once `out` has had its chance
  /// The first reason stands.
  void end_with(ConnectionEnd why) {
    if (!end) end = std::move(why);
  }
};

/// What a connection is for: publishing, consuming, declaring or looking. Driven by its session machine.
class ConnectionRole {
 public:
  virtual ~ConnectionRole() = default;
  /// The broker has said who it is. It may still be refused.
  virtual void on_greeting(const Start& /*start*/) {}
  /// The connection is open: channels may be.
  virtual void on_open(std::size_t frame_max, MonoTime now, Turn& turn) = 0;
  /// A frame of a channel. Its methods and contents are the role's.
  virtual void on_frame(const Frame& frame, MonoTime now, Turn& turn) = 0;
  /// The broker takes nothing more from us for now (an alarm), or does again.
  virtual void on_blocked(const std::string& reason, MonoTime now, Turn& turn) = 0;
  virtual void on_unblocked(MonoTime now, Turn& turn) = 0;
  virtual void on_tick(MonoTime now, Turn& turn) = 0;
  /// The connection has ended, also before it was open; the next `on_open` begins anew.
  virtual void on_end(const ConnectionEnd& end) = 0;
  [[nodiscard]] virtual std::optional<MonoTime> next_deadline() const = 0;
};

[[nodiscard]] inline std::optional<MonoTime> sooner(std::optional<MonoTime> a, std::optional<MonoTime> b) {
  if (!a || !b) return a ? a : b;
  return *a < *b ? a : b;
}

}  // namespace waybill::rabbitmq
