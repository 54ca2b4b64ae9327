// How requests are found in the bytes of a connection, and which are refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "api/types.h"
#include "tests/unit/api/server_fixture.h"

namespace waybill::api {
namespace {

TEST_F(Server, KeepsAConnectionForManyRequests) {
  server_.start();
  RawClient client = connect();
  for (int i = 0; i < 50; ++i) {
    const auto response = client.ask(to_text({.body = sample_mail()}));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->header("Connection"), "");
    EXPECT_EQ(parse_classic(response->body).value().msg_id, std::to_string(7'000 + i));
  }
}

TEST_F(Server, ClosesWhenTheClientAsksForIt) {
  server_.start();
  RawClient client = connect();
  const auto response = client.ask(to_text({.body = sample_mail(), .headers = {{"Connection", "close"}}}));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->header("Connection"), "close");
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(Server, SpeaksHttp10) {
  server_.start();
  RawClient plain = connect();
  const auto once = plain.ask("GET /healthz HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(once);
  EXPECT_EQ(once->status, 200);
  EXPECT_TRUE(plain.closed_by_server());

  RawClient keeping = connect();
  for (int i = 0; i < 2; ++i) {
    const auto response = keeping.ask("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ASSERT_TRUE(response);
    EXPECT_EQ(response->header("Connection"), "keep-alive");
  }
}

TEST_F(Server, AnswersPipelinedRequestsInOrder) {
  server_.start();
  server_.intake.hold();
  RawClient client = connect();
  std::string both = to_text({.body = sample_mail()}) + get_text("/healthz") + to_text({.body = "{}"});
  client.send(both);
  server_.intake.wait_for(1);
  server_.intake.release(0);
  const auto first = client.receive();
  const auto second = client.receive();
  const auto third = client.receive();
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(first->status, 200);
  EXPECT_EQ(second->body, R"({"status":"ok"})");
  EXPECT_EQ(third->status, 400);
}

TEST_F(Server, ReadsARequestThatComesByteByByte) {
  server_.start();
  RawClient client = connect();
  const std::string request = to_text({.body = sample_mail()});
  for (const char byte : request) client.send(std::string_view(&byte, 1));
  const auto response = client.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
}

TEST_F(Server, ReadsAChunkedBody) {
  server_.start();
  RawClient client = connect();
  const std::string mail = sample_mail();
  char size[16];
  std::snprintf(size, sizeof size, "%zx", mail.size() - 10);
  const auto response = client.ask(
      "POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
      "a\r\n" +
      mail.substr(0, 10) + "\r\n" + size + ";ext=1\r\n" + mail.substr(10) + "\r\n0\r\nX-Trailer: 1\r\n\r\n");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  const auto next = client.ask(get_text("/healthz"));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->status, 200);
}

TEST_F(Server, TakesABodyOfExactlyTheLimit) {
  server_.start();
  RawClient client = connect();
  std::string body = sample_mail();
  body.append((1U << 20U) - body.size(), ' ');
  const auto response = client.ask(to_text({.body = body}));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
}

TEST_F(Server, RefusesABodyOverTheLimitBeforeReadingIt) {
  server_.start();
  expect_refused_and_closed(
      "POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1048577\r\n\r\n",
      413);
  expect_refused_and_closed("POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                            400);
  expect_still_serving();
}

TEST_F(Server, BoundsChunkedBodiesWhileReading) {
  server_.start();
  RawClient client = connect();
  client.send("POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
  for (int i = 0; i < 17; ++i) client.send(chunk);
  const auto response = client.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 413);
  EXPECT_EQ(parse_classic(response->body).value().code, 201);
  expect_refused_and_closed(
      "POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 413);
  expect_refused_and_closed("POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400);
  expect_refused_and_closed(
      "POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(200'000, 'e'),
      400);
  EXPECT_EQ(server_.intake.count(), 0U);
}

TEST_F(Server, RefusesTooLargeHeaders) {
  server_.start();
  expect_refused_and_closed("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Big: " + std::string(20'000, 'x'), 431);
  expect_refused_and_closed("GET /" + std::string(20'000, 'x'), 431);
  std::string many = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 2'000; ++i) many += "X-N" + std::to_string(i) + ": 1\r\n";
  expect_refused_and_closed(many + "\r\n", 431);
  expect_still_serving();
}

TEST_F(Server, BoundsHeadersThatComeInSmallPieces) {
  server_.start();
  RawClient client = connect();
  client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n");
  const std::string line = "X-Line: " + std::string(90, 'v') + "\r\n";
  std::size_t sent = 0;
  while (sent < (64U << 10U) && client.send(line)) sent += line.size();
  const auto response = client.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 431);
}

TEST_F(Server, RefusesWhatIsNotHttp) {
  server_.start();
  for (const std::string junk :
       {"hello\r\n\r\n", "GET /healthz HTTP/2.0\r\n\r\n", "GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost x\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"}) {
    expect_refused_and_closed(junk, 400);
  }
  expect_still_serving();
}

TEST_F(Server, RefusesAmbiguousFraming) {
  server_.start();
  const std::string head = "POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
  for (const std::string framing :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n", "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: xchunked\r\n"}) {
    expect_refused_and_closed(head + framing + "\r\n0\r\n\r\n", 400);
  }
  expect_refused_and_closed("POST /mail/send/v2 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
  EXPECT_EQ(server_.intake.count(), 0U);
}

TEST_F(Server, HalfARequestIsNothing) {
  server_.start();
  const std::string whole = to_text({.body = sample_mail()});
  for (std::size_t length = 1; length < whole.size(); length += 7) {
    RawClient client = connect();
    client.send(whole.substr(0, length));
    client.close_sending();
    EXPECT_TRUE(client.closed_by_server()) << length;
  }
  {
    RawClient client = connect();
    client.send(whole.substr(0, whole.size() - 1));
    client.reset();
  }
  expect_still_serving();
  EXPECT_EQ(server_.intake.count(), 1U);
}

TEST_F(Server, AnswersAClientThatHasClosedItsSendingSide) {
  server_.start();
  RawClient client = connect();
  client.send(to_text({.body = sample_mail()}));
  client.close_sending();
  const auto response = client.receive();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(Server, AnswersExpectContinueBeforeTheBody) {
  server_.start();
  RawClient client = connect();
  const std::string mail = sample_mail();
  client.send(
      "POST /mail/send/v2 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
      "Content-Length: " +
      std::to_string(mail.size()) + "\r\n\r\n");
  const auto go_on = client.receive();
  ASSERT_TRUE(go_on);
  EXPECT_EQ(go_on->status, 100);
  const auto response = client.ask(mail);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
}

TEST_F(Server, RefusesInsteadOfContinuing) {
  server_.start();
  const std::string head = " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ";
  expect_refused_and_closed("POST /mail/send/v2" + head + "9999999\r\n\r\n", 413);
  expect_refused_and_closed("POST /nowhere" + head + "10\r\n\r\n", 404);
}

TEST_F(Server, AnswersNotFoundInTheV1Form) {
  server_.start();
  for (const std::string target : {"/", "/v1", "/v1/messages/", "/v1/messages/7/", "/v1/messages/7/none", "//healthz",
                                   "/mail/send/v2/", "*", "/HEALTHZ"}) {
    RawClient client = connect();
    const auto response = client.ask(get_text(target));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 404) << target;
    EXPECT_EQ(parse_error(response->body).value().code, "not_found");
  }
}

TEST_F(Server, KeepsTheConnectionAfterARequestWithoutABodyWasRefused) {
  server_.start();
  RawClient client = connect();
  ASSERT_EQ(client.ask(get_text("/nowhere")).value().status, 404);
  EXPECT_EQ(client.ask(get_text("/healthz")).value().status, 200);
}

TEST_F(Server, AnswersHeadWithTheLengthOnly) {
  server_.start();
  RawClient client = connect();
  client.send("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = client.receive(/*to_head=*/true);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->header("Content-Length"), "15");
  EXPECT_EQ(client.ask(get_text("/healthz")).value().body, R"({"status":"ok"})");
}

TEST_F(Server, TakesAbsoluteTargets) {
  server_.start();
  RawClient client = connect();
  EXPECT_EQ(client.ask(get_text("http://localhost:1/healthz")).value().status, 200);
}

}  // namespace
}  // namespace waybill::api
