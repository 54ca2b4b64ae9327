#include "bench/loopback.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "bench/answer_reader.h"

namespace waybill::bench {
namespace {

Error refuse(const std::string& what) { return make_error(ErrorClass::kRetry, what); }

// False: not by the deadline.
bool await_readable(int socket, MonoTime deadline) {
  const auto left = std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now()).count();
  pollfd source{socket, POLLIN, 0};
  return ::poll(&source, 1, static_cast<int>(std::max<std::int64_t>(0, left))) > 0;
}

}  // namespace

std::string authorization(const std::string& token) {
  return token.empty() ? std::string() : "Authorization: Bearer " + token + "\r\n";
}

Result<std::uint16_t> free_port() {
  const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), any, size) != 0 || ::getsockname(socket.get(), any, &size) != 0)
    return refuse(std::string("no port is free: ") + std::strerror(errno));
  return ntohs(address.sin_port);
}

Result<FileDescriptor> connect_to(std::uint16_t port) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return refuse(std::string("cannot make a socket: ") + std::strerror(errno));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Over loopback this ends at once, one way or the other, unless the server's backlog is full.
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return refuse("cannot connect to 127.0.0.1:" + std::to_string(port) + ": " + std::strerror(errno));
  }
  const int on = 1;
  if (::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      ::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) {
    return refuse(std::string("cannot prepare a socket: ") + std::strerror(errno));
  }
  return socket;
}

Result<std::string> http_get(std::uint16_t port, const std::string& target, const std::string& token,
                             MonoTime deadline) {
  const auto socket = connect_to(port);
  if (!socket.ok()) return socket.error();
  const std::string request =
      "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + authorization(token) + "\r\n";
  // A fresh socket has room for it.
  if (Status sent = write_all(*socket, request, target); !sent.ok()) return sent.error();
  AnswerReader reader;
  std::array<char, 16'384> bytes;
  while (await_readable(socket->get(), deadline)) {
    const auto got = ::recv(socket->get(), bytes.data(), bytes.size(), 0);
    if (got <= 0) return refuse("the server closed the connection before it had answered " + target);
    reader.append({bytes.data(), static_cast<std::size_t>(got)});
    const auto answer = reader.read();
    if (reader.broken()) return refuse("the server's answer to " + target + " cannot be read");
    if (!answer) continue;
    if (answer->status == 200) return std::string(answer->body);
    return refuse("the server answered " + target + " with " + std::to_string(answer->status));
  }
  return refuse("the server did not answer " + target + " in time");
}

}  // namespace waybill::bench
