#include "testing/amqp_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <stdexcept>

#include "testing/amqp_frames.h"

namespace waybill {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience(10);

class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

void wait_for(int fd, short events, const char* what) {
  pollfd entry{fd, events, 0};
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience).count();
  if (::poll(&entry, 1, static_cast<int>(patience)) != 1) throw std::runtime_error(std::string("waited for ") + what);
}

/// Whole frames at the front of what was received.
std::size_t whole_frames(std::string_view bytes) {
  std::size_t at = 0;
  while (true) {
    const auto rest = bytes.substr(at);
    if (rest.starts_with("AMQP") && rest.size() >= 8) {
      at += 8;
      continue;
    }
    if (rest.size() < rabbitmq::kFrameHead) return at;
    std::size_t size = 0;
    for (const char byte : rest.substr(3, 4)) size = size << 8U | static_cast<unsigned char>(byte);
    if (rest.size() < size + rabbitmq::kFrameOverhead) return at;
    at += size + rabbitmq::kFrameOverhead;
  }
}

}  // namespace

struct AmqpPeer::Impl {
  /// False at the client's end.
  bool receive() {
    wait_for(client.fd(), POLLIN, "the client");
    std::array<char, 65'536> bytes{};
    const auto size = ::recv(client.fd(), bytes.data(), bytes.size(), 0);
    if (size <= 0) return false;
    received.append(bytes.data(), static_cast<std::size_t>(size));
    const auto whole = whole_frames(received);
    for (auto& one : rabbitmq::peer::read_client(std::string_view(received).substr(0, whole))) {
      said.push_back(std::move(one));
    }
    received.erase(0, whole);
    return true;
  }

  Socket listening;
  Socket client;
  std::vector<Socket> forgotten;
  std::string received;
  std::deque<std::string> said;
};

AmqpPeer::AmqpPeer() : impl_(std::make_unique<Impl>()) {
  impl_->listening = Socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* const any = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(impl_->listening.fd(), any, sizeof address) != 0 || ::listen(impl_->listening.fd(), 16) != 0) {
    throw std::runtime_error("no port to listen on");
  }
}

AmqpPeer::~AmqpPeer() = default;

std::uint16_t AmqpPeer::port() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(impl_->listening.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void AmqpPeer::accept() {
  wait_for(impl_->listening.fd(), POLLIN, "a client");
  if (impl_->client.fd() >= 0) impl_->forgotten.push_back(std::move(impl_->client));
  impl_->client = Socket(::accept4(impl_->listening.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  impl_->received.clear();
  impl_->said.clear();
}

void AmqpPeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    wait_for(impl_->client.fd(), POLLOUT, "room");
    const auto size = ::send(impl_->client.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) throw std::runtime_error("the client is gone");
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

void AmqpPeer::expect(std::string_view said) {
  const auto give_up = Clock::now() + kPatience;
  while (Clock::now() < give_up) {
    while (!impl_->said.empty()) {
      const std::string one = std::move(impl_->said.front());
      impl_->said.pop_front();
      if (one == said) return;
    }
    if (!impl_->receive()) throw std::runtime_error("the client ended and did not say " + std::string(said));
  }
  throw std::runtime_error("the client did not say " + std::string(said));
}

void AmqpPeer::expect_end() {
  const auto give_up = Clock::now() + kPatience;
  while (impl_->receive()) {
    if (Clock::now() > give_up) throw std::runtime_error("the client did not end");
  }
}

void AmqpPeer::hang_up() { impl_->client.close(); }
void AmqpPeer::stop_listening() { impl_->listening.close(); }

void AmqpPeer::accept_and_open(std::uint16_t heartbeat_s, std::uint32_t frame_max) {
  namespace peer = rabbitmq::peer;
  accept();
  expect("protocol");
  send(peer::start());
  expect("connection.start-ok 0");
  send(peer::tune(2047, frame_max, heartbeat_s));
  expect("connection.open 0");
  send(peer::opened());
}

}  // namespace waybill
