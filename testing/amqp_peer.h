// A broker that a test plays over a real socket, line by line: it says what it is told to, when it is told to, and
// nothing else. Every wait has a deadline, after which std::runtime_error is thrown. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace waybill {

class AmqpPeer {
 public:
  /// Listens on 127.0.0.1, on a free port.
  AmqpPeer();
  ~AmqpPeer();
  AmqpPeer(const AmqpPeer&) = delete;
  AmqpPeer& operator=(const AmqpPeer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// Waits for a client; one that was there before is forgotten, but not closed.
  void accept();
  void send(std::string_view bytes);
  /// Waits until the client has said this (amqp_frames.h), and skips what it said before.
  void expect(std::string_view said);
  /// Waits until the client has closed its end.
  void expect_end();
  /// Closes the connection, and the port if asked.
  void hang_up();
  void stop_listening();

  /// A client that is accepted, greeted and logged in.
  void accept_and_open(std::uint16_t heartbeat_s = 60, std::uint32_t frame_max = 131'072);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill
