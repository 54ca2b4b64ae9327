// Slow clients, silent endpoints, many at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "api/types.h"
#include "tests/unit/api/server_fixture.h"

namespace waybill::api {
namespace {

using namespace std::chrono_literals;

TEST_F(Server, BoundsTheMemoryOfAllBodiesTogether) {
  server_.options.bodies_bytes_max = 100'000;
  server_.start();
  const std::string half_body(60'000, ' ');
  const std::string head =
      "POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Content-Length: 70000\r\n\r\n";
  RawClient first = connect();
  first.send(head + half_body);
  RawClient second = connect();
  second.send(head + half_body);
  // Whichever is read last goes beyond the limit; its end frees what it held.
  RawClient third = connect();
  const auto healthy = third.ask(get_text("/healthz"));
  ASSERT_TRUE(healthy);
  EXPECT_EQ(healthy->status, 200);
  first.send(std::string(10'000, ' '));
  second.send(std::string(10'000, ' '));
  const auto one = first.receive();
  const auto other = second.receive();
  ASSERT_TRUE(one && other);
  EXPECT_EQ(std::min(one->status, other->status), 400);
  EXPECT_EQ(std::max(one->status, other->status), 503);
  expect_still_serving();
}

TEST_F(Server, AClientThatLeavesBeforeItsAnswerHarmsNobody) {
  server_.start();
  server_.intake.hold();
  {
    RawClient client = connect();
    client.send(to_text({.body = sample_mail()}));
    server_.intake.wait_for(1);
    client.reset();
  }
  server_.intake.release(0);
  RawClient client = connect();
  const auto response = client.ask(get_text("/healthz"));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
}

TEST_F(Server, RefusesASlowHeader) {
  server_.options.header_deadline = 100ms;
  server_.start();
  expect_refused_and_closed("POST /mail/send/v2 HTTP/1.1\r\nHo", 408);
}

TEST_F(Server, RefusesASlowBodyInTheFormOfItsEndpoint) {
  server_.options.body_deadline = 100ms;
  server_.start();
  RawClient client = connect();
  client.send("POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{");
  const auto response = client.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 408);
  EXPECT_EQ(parse_classic(response->body).value().code, 201);
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(Server, TheHeadersDeadlineIsNotMovedByDribbling) {
  server_.options.header_deadline = 300ms;
  server_.start();
  RawClient client = connect();
  client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n");
  std::atomic<bool> answered = false;
  std::thread dribble([&] {
    // A pace, not a wait: quicker ones would run into the limit of the headers instead.
    while (!answered && client.send("a")) std::this_thread::sleep_for(5ms);
  });
  const auto response = client.receive();
  answered = true;
  dribble.join();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 408);
}

TEST_F(Server, ClosesIdleConnectionsWithoutAWord) {
  server_.options.idle_limit = 500ms;
  server_.start();
  RawClient silent = connect();
  EXPECT_TRUE(silent.closed_by_server());
  RawClient used = connect();
  ASSERT_TRUE(used.ask(get_text("/healthz")));
  EXPECT_TRUE(used.closed_by_server());
}

TEST_F(Server, DropsAClientThatDoesNotReadItsAnswers) {
  server_.options.write_deadline = 200ms;
  MessageDetail detail;
  detail.row.message.body = Body(std::string(1U << 20U, 'b'));
  server_.operations.details["big"] = detail;
  server_.start();
  RawClient client = connect();
  const std::string ask = get_text("/v1/messages/big?body=1");
  // Once nothing is read any more, the server stops reading too, and then gives up.
  bool open = true;
  for (int i = 0; i < 100'000 && open; ++i) open = client.send(ask);
  EXPECT_FALSE(open);
}

TEST_F(Server, GivesUpOnAnEndpointThatDoesNotAnswer) {
  server_.options.request_deadline = 500ms;
  server_.start();
  server_.intake.hold();
  RawClient client = connect();
  const auto late = client.ask(to_text({.body = sample_mail()}));
  ASSERT_TRUE(late);
  EXPECT_EQ(late->status, 503);
  EXPECT_FALSE(late->header("Retry-After").empty());
  EXPECT_EQ(parse_classic(late->body).value().code, -1);
  EXPECT_NE(parse_classic(late->body).value().msg.find("may have been accepted"), std::string::npos);
  EXPECT_EQ(parse_classic(late->body).value().reason, "in_doubt");
  // The late answer belongs to no request any more; the next one gets its own.
  client.send(to_text({.body = sample_mail()}));
  server_.intake.wait_for(2);
  server_.intake.release(0);
  server_.intake.release(1);
  const auto response = client.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(parse_classic(response->body).value().msg_id, "7001");
}

TEST_F(Server, WhatHasNoKeyIsNotAdvisedToUseOneWhenItsAnswerIsLate) {
  server_.options.request_deadline = 200ms;
  server_.operations.silent = true;
  server_.start();
  for (const auto& [target, body] : std::vector<std::pair<std::string, std::string>>{
           {"/v1/messages/7/cancel", "{}"},
           {"/v1/messages/7/retry", "{}"},
           {"/v1/messages/7/resolve", R"({"outcome":"done"})"},
           {"/v1/messages/7/reschedule", R"({"deliver_at":"2026-01-31T08:00:00Z"})"},
           {"/v1/messages/retry", "{}"},
           {"/v1/messages/cancel", R"({"queue":"q"})"},
           {"/v1/prune", R"({"older_than":"7d"})"}}) {
    RawClient client = connect();
    const auto late = client.ask(to_text({.target = target, .body = body}));
    ASSERT_TRUE(late) << target;
    EXPECT_EQ(late->status, 503) << target;
    const auto error = parse_error(late->body).value();
    EXPECT_EQ(error.code, "in_doubt");
    EXPECT_TRUE(error.message.starts_with("no answer came in time; it may have been done")) << error.message;
    EXPECT_EQ(error.message.find("Idempotency-Key"), std::string::npos) << error.message;
  }
  RawClient client = connect();
  const auto read = client.ask(get_text("/v1/stats"));
  ASSERT_TRUE(read);
  EXPECT_EQ(parse_error(read->body).value().code, "unavailable") << "asking changes nothing";
}

TEST_F(Server, EachConnectionGetsItsOwnAnswerWhateverTheOrder) {
  constexpr std::size_t kClients = 100;
  server_.start();
  server_.intake.hold();
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(connect());
    clients.back().send(
        to_text({.body = R"({"subject":"n)" + std::to_string(i) + R"(","content":"c","tos":"ann@example.org"})"}));
  }
  server_.intake.wait_for(kClients);
  for (std::size_t i = kClients; i-- > 0;) server_.intake.release(i);
  std::map<std::string, std::string> subject_of;
  for (const auto& accepted : server_.intake.accepted()) {
    subject_of[accepted.id.value] = accepted.request.message.body.bytes();
  }
  for (std::size_t i = 0; i < kClients; ++i) {
    const auto response = clients[i].receive();
    ASSERT_TRUE(response);
    const std::string id = parse_classic(response->body).value().msg_id;
    EXPECT_NE(subject_of[id].find("\"n" + std::to_string(i) + "\""), std::string::npos) << id;
  }
}

TEST_F(Server, AThousandRequestsAtOnce) {
  constexpr std::size_t kClients = 1'000;
  allow_many_sockets();
  server_.start();
  std::vector<RawClient> clients;
  clients.reserve(kClients);
  for (std::size_t i = 0; i < kClients; ++i) clients.push_back(connect());
  for (RawClient& client : clients)
    client.send(to_text({.body = sample_mail(), .headers = {{"Idempotency-Key", "k"}}}));
  std::map<std::string, int> ids;
  for (RawClient& client : clients) {
    const auto response = client.receive();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    ++ids[parse_classic(response->body).value().msg_id];
  }
  EXPECT_EQ(ids.size(), 1U);
  EXPECT_EQ(server_.intake.count(), kClients);
}

TEST_F(Server, ConnectionsBeyondTheLimitAreToldSo) {
  server_.options.connections_max = 2;
  server_.start();
  RawClient first = connect();
  ASSERT_TRUE(first.ask(get_text("/healthz")));
  RawClient second = connect();
  ASSERT_TRUE(second.ask(get_text("/healthz")));
  {
    RawClient third = connect();
    const auto refused = third.ask(get_text("/healthz"));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 503);
    EXPECT_FALSE(refused->header("Retry-After").empty());
    EXPECT_TRUE(third.closed_by_server());
  }
  first.close_sending();
  EXPECT_TRUE(first.closed_by_server());
  RawClient fourth = connect();
  EXPECT_EQ(fourth.ask(get_text("/healthz")).value().status, 200);
  EXPECT_EQ(second.ask(get_text("/healthz")).value().status, 200);
}

TEST_F(Server, ManyMoreConnectionsThanAllowedEndInAnswersAndTheServerRecovers) {
  allow_many_sockets();
  server_.options.connections_max = 4;
  server_.options.idle_limit = 500ms;
  server_.start();
  std::vector<RawClient> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(connect());
    clients.back().send(get_text("/healthz"));
  }
  int served = 0;
  int refused = 0;
  for (RawClient& client : clients) {
    const auto response = client.receive();
    ASSERT_TRUE(response);
    ++(response->status == 200 ? served : refused);
  }
  EXPECT_GE(served, 4);
  EXPECT_EQ(served + refused, 200);
  clients.clear();
  RawClient last = connect();
  EXPECT_TRUE(last.ask(get_text("/healthz")));
}

}  // namespace
}  // namespace waybill::api
