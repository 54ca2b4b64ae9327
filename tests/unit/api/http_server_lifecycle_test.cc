// Starting, who may come in, and stopping.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "api/types.h"
#include "tests/unit/api/server_fixture.h"

namespace waybill::api {
namespace {

using namespace std::chrono_literals;

TEST_F(Server, APortInUseIsNamedWithWhatToDo) {
  server_.start();
  HttpOptions options;
  options.port = server_.port();
  HttpServer other(options, Router{});
  const Status started = other.start();
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("port " + std::to_string(options.port)), std::string::npos);
  EXPECT_NE(started.error().message.find("in use"), std::string::npos);
  EXPECT_NE(started.error().message.find("http.listen"), std::string::npos);
  other.stop();
}

TEST_F(Server, AnAddressThatCannotBeHadIsNamed) {
  HttpOptions options;
  options.address = "192.0.2.1";  // for documentation only (RFC 5737)
  options.port = 0;
  options.tokens = {"0123456789abcdef"};
  HttpServer server(options, Router{});
  const Status started = server.start();
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("192.0.2.1"), std::string::npos);
}

TEST_F(Server, DoesNotStartForOthersWithoutTokens) {
  HttpOptions options;
  options.address = "0.0.0.0";
  options.port = 0;
  HttpServer server(options, Router{});
  const Status started = server.start();
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("http.token_file"), std::string::npos);
  EXPECT_EQ(server.bound_port(), 0);
}

TEST_F(Server, ListensForOthersWithTokensAndAsksForThem) {
  server_.options.address = "0.0.0.0";
  server_.options.tokens = {"0123456789abcdef", "fedcba9876543210"};
  server_.start();
  const auto ask = [&](const std::string& authorization) {
    std::string request = "GET /v1/stats HTTP/1.1\r\nHost: x\r\n";
    if (!authorization.empty()) request += "Authorization: " + authorization + "\r\n";
    return connect().ask(request + "\r\n").value();
  };
  EXPECT_EQ(ask("Bearer 0123456789abcdef").status, 200);
  EXPECT_EQ(ask("bearer fedcba9876543210").status, 200);
  for (const std::string wrong : {"", "Bearer", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0",
                                  "Basic 0123456789abcdef", "0123456789abcdef"}) {
    const RawResponse response = ask(wrong);
    EXPECT_EQ(response.status, 401) << wrong;
    EXPECT_EQ(response.header("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(parse_error(response.body).value().code, "unauthorized");
  }
  RawClient client = connect();
  EXPECT_EQ(client.ask(get_text("/nowhere")).value().status, 401);
  EXPECT_EQ(client.ask(get_text("/healthz")).value().status, 200);
  const auto mail = client.ask(to_text({.body = sample_mail()}));
  EXPECT_EQ(mail.value().status, 401);
  EXPECT_EQ(parse_classic(mail->body).value().code, 201);
  EXPECT_EQ(server_.intake.count(), 0U);
}

TEST_F(Server, StopsTwiceAndWithoutAStart) {
  server_.start();
  server_.stop();
  server_.stop();
  HttpServer never(HttpOptions{}, Router{});
  never.stop();
  never.stop();
}

TEST_F(Server, StopLetsBegunRequestsFinish) {
  server_.start();
  server_.intake.hold();
  RawClient idle = connect();
  ASSERT_TRUE(idle.ask(get_text("/healthz")));
  RawClient busy = connect();
  busy.send(to_text({.body = sample_mail()}));
  server_.intake.wait_for(1);
  std::thread stopping([&] { server_.stop(); });
  EXPECT_TRUE(idle.closed_by_server());
  server_.intake.release(0);
  const auto response = busy.receive();
  stopping.join();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->header("Connection"), "close");
  EXPECT_TRUE(busy.closed_by_server());
}

TEST_F(Server, StopWaitsNoLongerThanItsGrace) {
  server_.options.stop_grace = 100ms;
  server_.start();
  server_.intake.hold();
  RawClient busy = connect();
  busy.send(to_text({.body = sample_mail()}));
  RawClient half = connect();
  half.send("POST /mail");
  server_.intake.wait_for(1);
  const MonoTime before = std::chrono::steady_clock::now();
  server_.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
  EXPECT_TRUE(busy.closed_by_server());
  server_.intake.release(0);  // goes nowhere, and harms nothing
}

TEST_F(Server, StartsAndStopsManyTimesUnderLoad) {
  for (int round = 0; round < 30; ++round) {
    TestServer server;
    server.options.stop_grace = 50ms;
    server.start();
    std::atomic<bool> stopped = false;
    std::vector<std::thread> clients;
    for (int i = 0; i < 3; ++i) {
      clients.emplace_back([&stopped, client = RawClient(server.port())]() mutable {
        while (!stopped && client.send(to_text({.body = sample_mail()})) && client.receive()) {
        }
      });
    }
    RawClient witness(server.port());
    ASSERT_TRUE(witness.ask(get_text("/healthz")));
    std::thread other([&] { server.stop(); });
    server.stop();
    other.join();
    stopped = true;
    for (std::thread& client : clients) client.join();
  }
}

}  // namespace
}  // namespace waybill::api
