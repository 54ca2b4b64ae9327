// A door between a client and a server that tests can shut: cut what goes through, let it stall, or pass it on in small
// pieces. One thread of its own; all verbs from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace waybill {

class TcpGate {
 public:
  /// Listens on 127.0.0.1, on a free port, and connects to `host`:`port` for each client.
  TcpGate(const std::string& host, std::uint16_t port);
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// Closes every connection; new ones pass.
  void cut();
  /// Nothing passes in either direction any more, and nobody is told: a half-open link. False: what waits passes.
  void stall(bool on);
  /// At most so many bytes at once in either direction; 0: as they come.
  void fragment(std::size_t bytes);
  /// New connections are closed at once.
  void refuse(bool on);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill
