#include "cli/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <thread>

namespace waybill::cli {
namespace {

// Accepts one connection on its own thread, reads until `until` has come, answers and closes. Without an answer it
// holds the connection until the client goes.
class OneShotServer {
 public:
  OneShotServer(std::string until, std::optional<std::string> answer)
      : until_(std::move(until)), answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 1) != 0) ADD_FAILURE() << "cannot listen";
    if (::getsockname(listener_, generic, &size) != 0) ADD_FAILURE() << "no port";
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~OneShotServer() {
    thread_.join();
    ::close(listener_);
  }
  OneShotServer(const OneShotServer&) = delete;
  OneShotServer& operator=(const OneShotServer&) = delete;

  [[nodiscard]] ServerAddress address() const { return {"127.0.0.1", port_}; }
  /// After the exchange.
  [[nodiscard]] const std::string& received() const { return received_; }
  void join() {
    thread_.join(), thread_ = std::thread([] {});
  }

 private:
  void serve() {
    pollfd coming{listener_, POLLIN, 0};
    if (::poll(&coming, 1, 10'000) != 1) return;
    const int connection = ::accept(listener_, nullptr, nullptr);
    std::array<char, 4096> part{};
    ssize_t got = 1;
    while (got > 0 && (received_.find(until_) == std::string::npos || !answer_)) {
      pollfd readable{connection, POLLIN, 0};
      if (::poll(&readable, 1, 10'000) != 1) break;
      got = ::read(connection, part.data(), part.size());
      if (got > 0) received_.append(part.data(), static_cast<std::size_t>(got));
    }
    if (answer_ && ::write(connection, answer_->data(), answer_->size()) < 0) ADD_FAILURE() << "cannot answer";
    ::close(connection);
  }

  const std::string until_;
  const std::optional<std::string> answer_;
  const int listener_;
  std::uint16_t port_ = 0;
  std::string received_;
  std::thread thread_;
};

TEST(HttpClientTest, ARequestIsSentAndItsReplyRead) {
  OneShotServer server("{\"a\":1}", "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnope!");
  const auto reply =
      exchange(server.address(), {.method = "POST", .target = "/x?y=1", .headers = {{"X-A", "b"}}, .body = "{\"a\":1}"},
               Duration(5'000));
  server.join();
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->status, 404);
  EXPECT_EQ(reply->body, "nope!");
  EXPECT_TRUE(server.received().starts_with("POST /x?y=1 HTTP/1.1\r\n")) << server.received();
  EXPECT_NE(server.received().find("X-A: b\r\n"), std::string::npos);
  EXPECT_NE(server.received().find("Content-Length: 7\r\n"), std::string::npos);
  EXPECT_NE(server.received().find("Host: 127.0.0.1:"), std::string::npos);
}

TEST(HttpClientTest, ARefusedConnectionMeansThatNothingHappened) {
  const auto reply = exchange({"127.0.0.1", 1}, {}, Duration(5'000));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().what, ErrorClass::kRetry);
  EXPECT_NE(reply.error().message.find("no server answers at http://127.0.0.1:1"), std::string::npos);
}

TEST(HttpClientTest, AConnectionThatBreaksLeavesTheRequestInDoubt) {
  OneShotServer server("\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf");
  const auto reply = exchange(server.address(), {}, Duration(5'000));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().what, ErrorClass::kInDoubt);
}

TEST(HttpClientTest, AServerThatDoesNotAnswerIsLeftAfterTheTimeout) {
  OneShotServer server("\r\n\r\n", std::nullopt);
  const auto begun = std::chrono::steady_clock::now();
  const auto reply = exchange(server.address(), {}, Duration(100));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().what, ErrorClass::kInDoubt);
  EXPECT_NE(reply.error().message.find("no answer within 100 ms"), std::string::npos);
}

TEST(HttpClientTest, ServersAreNamedByUrl) {
  EXPECT_EQ(parse_server_url("http://127.0.0.1:8420")->host, "127.0.0.1");
  EXPECT_EQ(parse_server_url("http://mail.example.org:80/")->port, 80);
  EXPECT_EQ(parse_server_url("http://[::1]:8420")->host, "::1");
  for (const char* wrong : {"", "127.0.0.1:8420", "https://127.0.0.1:8420", "http://127.0.0.1", "http://:80",
                            "http://a:0", "http://a:65536", "http://a:80/path", "http://u@a:80", "http://::1:80"}) {
    EXPECT_FALSE(parse_server_url(wrong).ok()) << wrong;
  }
}

TEST(HttpClientTest, EverythingButUnreservedCharactersIsEncoded) {
  EXPECT_EQ(percent_encode("aZ0-._~"), "aZ0-._~");
  EXPECT_EQ(percent_encode("a/b?c%\xc3\xa9 \n"), "a%2Fb%3Fc%25%C3%A9%20%0A");
}

}  // namespace
}  // namespace waybill::cli
