#include "tests/unit/api/raw_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>

#include "api/http_message.h"

namespace waybill::api {
namespace {

constexpr int kPatienceMs = 15'000;

RawResponse parse_head(std::string_view head) {
  RawResponse response;
  auto line_end = head.find("\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 ")) << head;
  std::from_chars(head.data() + 9, head.data() + 12, response.status);
  while (line_end != std::string_view::npos) {
    head.remove_prefix(line_end + 2);
    line_end = head.find("\r\n");
    const std::string_view line = head.substr(0, line_end);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    response.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return response;
}

}  // namespace

std::string RawResponse::header(std::string_view name) const {
  for (const auto& [known, value] : headers) {
    if (equal_ignoring_case(known, name)) return value;
  }
  return {};
}

RawClient::RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  EXPECT_GE(socket_, 0) << "no socket: " << errno;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << "errno " << errno;
  const int yes = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

RawClient::~RawClient() {
  if (socket_ >= 0) ::close(socket_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::read_more() {
  pollfd waiting{socket_, POLLIN, 0};
  if (::poll(&waiting, 1, kPatienceMs) <= 0) {
    ADD_FAILURE() << "the server neither answered nor closed the connection; so far: " << read_;
    return false;
  }
  std::array<char, 16384> bytes;
  const auto received = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (received <= 0) return false;
  read_.append(bytes.data(), static_cast<std::size_t>(received));
  return true;
}

std::optional<RawResponse> RawClient::receive(bool to_head) {
  std::size_t head_end;
  while ((head_end = read_.find("\r\n\r\n")) == std::string::npos) {
    if (!read_more()) return std::nullopt;
  }
  RawResponse response = parse_head(std::string_view(read_).substr(0, head_end + 2));
  read_.erase(0, head_end + 4);
  if (to_head || response.status == 100) return response;
  const std::string length_text = response.header("Content-Length");
  EXPECT_FALSE(length_text.empty());
  const std::size_t length = std::stoul(length_text);
  while (read_.size() < length) {
    if (!read_more()) return std::nullopt;
  }
  response.body = read_.substr(0, length);
  read_.erase(0, length);
  return response;
}

bool RawClient::closed_by_server() { return read_.empty() && !read_more() && read_.empty(); }

void RawClient::close_sending() { ::shutdown(socket_, SHUT_WR); }

void RawClient::reset() {
  const linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(socket_);
  socket_ = -1;
}

std::string to_text(const RawRequest& request) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!request.content_type.empty()) text += "Content-Type: " + request.content_type + "\r\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  return text + "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
}

std::string get_text(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

void allow_many_sockets() {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

}  // namespace waybill::api
