#include "cli/batch_send.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/unit/cli/fake_server.h"

namespace waybill::cli {
namespace {

constexpr const char* kAccepted = R"({"id":"7","status":{"name":"sending","code":0},"duplicate":false})"
                                  "\n";
constexpr const char* kDuplicate = R"({"id":"7","status":{"name":"consumed","code":3},"duplicate":true})"
                                   "\n";
constexpr const char* kRefused =
    R"({"error":{"code":"invalid_request","message":"'[0].body' is missing","fields":[{"field":"[0].body","message":"is missing"}]}})"
    "\n";
constexpr const char* kFull = R"({"error":{"code":"unavailable","message":"full","fields":[]}})"
                              "\n";
constexpr const char* kDoubt = R"({"error":{"code":"in_doubt","message":"who knows","fields":[]}})"
                               "\n";

class BatchSendTest : public ::testing::Test {
 protected:
  BatchSendTest() : path_(testing::TempDir() + "batch_send_test.ndjson") {}
  ~BatchSendTest() override { std::filesystem::remove(path_); }

  Printed send(FakeServer& server, const std::string& text, bool json = false) {
    std::ofstream(path_, std::ios::binary) << text;
    return printed([&] {
      auto lines = MessageLines::open(path_);
      EXPECT_TRUE(lines.ok());
      return send_batch(server.client(), *lines, {"key", json}, pauses_.pause());
    });
  }
  static std::string lines(int count) {
    std::string text;
    for (int i = 1; i <= count; ++i) text += std::to_string(i) + "\n";
    return text;
  }

  NotedPauses pauses_;
  const std::string path_;
};

TEST_F(BatchSendTest, EachChunkHasAKeyDerivedFromTheFirstLine) {
  FakeServer server(accept_lines);
  const auto sent = send(server, "\n" + lines(2'300));
  EXPECT_EQ(sent.code, ExitCode::kDone);
  EXPECT_EQ(sent.out, "accepted: 2300, accepted before: 0, refused: 0\n");
  EXPECT_EQ(sent.err, "");
  ASSERT_EQ(server.asked.size(), 3U);
  EXPECT_EQ(server.asked[0].target, "/v1/messages");
  EXPECT_EQ(header_of(server.asked[0], "Content-Type"), "application/x-ndjson");
  EXPECT_EQ(header_of(server.asked[0], "Idempotency-Key"), "key:2");
  EXPECT_EQ(header_of(server.asked[1], "Idempotency-Key"), "key:1002");
  EXPECT_EQ(header_of(server.asked[2], "Idempotency-Key"), "key:2002");
  EXPECT_TRUE(server.asked[1].body.starts_with("1001\n1002\n"));
}

TEST_F(BatchSendTest, TellsTheLinesThatWereRefused) {
  FakeServer server(says(200, std::string(kAccepted) + kRefused + kDuplicate + kRefused));
  const auto sent = send(server, "a\n\nb\nc\nd\n");
  EXPECT_EQ(sent.code, ExitCode::kFailed);
  EXPECT_EQ(sent.out, "accepted: 1, accepted before: 1, refused: 2\n");
  EXPECT_EQ(sent.err, "line 3: body: is missing\nline 5: body: is missing\n");
}

TEST_F(BatchSendTest, TellsItAsJson) {
  FakeServer server(says(200, std::string(kAccepted) + kRefused));
  const auto sent = send(server, "a\nb\n", /*json=*/true);
  EXPECT_EQ(sent.code, ExitCode::kFailed);
  EXPECT_EQ(
      sent.out,
      R"({"errors":[{"line":2,"error":{"code":"invalid_request","message":"'[0].body' is missing","fields":)"
      R"([{"field":"[0].body","message":"is missing"}]}}],"accepted":1,"duplicates":0,"refused":1,"complete":true})"
      "\n");
  EXPECT_EQ(sent.err, "");
  FakeServer good(accept_lines);
  EXPECT_EQ(send(good, "a\n", true).out, R"({"errors":[],"accepted":1,"duplicates":0,"refused":0,"complete":true})"
                                         "\n");
}

TEST_F(BatchSendTest, WhenNoneIsAcceptedTheLinesAreStillTold) {
  FakeServer server({says(400, std::string(kRefused) + kRefused), says(409, kRefused), accept_lines});
  const auto sent = send(server, "a\nb\n");
  EXPECT_EQ(sent.code, ExitCode::kFailed);
  EXPECT_EQ(sent.out, "accepted: 0, accepted before: 0, refused: 2\n");
}

TEST_F(BatchSendTest, WaitsForAServerThatIsFull) {
  FakeServer server({says(503, std::string(kFull) + kFull, 2), fails(ErrorClass::kInDoubt), accept_lines});
  const auto sent = send(server, "a\nb\n");
  EXPECT_EQ(sent.code, ExitCode::kDone);
  EXPECT_EQ(sent.out, "accepted: 2, accepted before: 0, refused: 0\n");
  ASSERT_EQ(server.asked.size(), 3U);
  EXPECT_EQ(server.asked[2].body, server.asked[0].body);
  EXPECT_EQ(header_of(server.asked[2], "Idempotency-Key"), header_of(server.asked[0], "Idempotency-Key"));
  EXPECT_EQ(pauses_.pauses, (std::vector<Duration>{std::chrono::seconds(2), std::chrono::seconds(1)}));
}

TEST_F(BatchSendTest, AsksAgainForTheLinesThatWereNotServed) {
  FakeServer server({says(200, std::string(kAccepted) + kFull + kRefused + kDoubt),
                     says(200, std::string(kDuplicate) + kAccepted + kRefused + kDoubt),
                     says(200, std::string(kDuplicate) + kDuplicate + kRefused + kDuplicate)});
  const auto sent = send(server, "a\nb\nc\nd\n");
  EXPECT_EQ(sent.out, "accepted: 2, accepted before: 1, refused: 1\n") << "what this run had accepted is no duplicate";
  EXPECT_EQ(sent.err, "line 3: body: is missing\n");
  EXPECT_EQ(server.asked.size(), 3U);
}

TEST_F(BatchSendTest, GivesUpAfterABoundedNumberOfTriesAndSaysHowToGoOn) {
  FakeServer server({accept_lines, says(200, std::string(kAccepted) + kFull)});
  const auto sent = send(server, lines(1'002));
  EXPECT_EQ(sent.code, ExitCode::kUnreachable);
  EXPECT_EQ(server.asked.size(), 1U + Patience::kTries);
  EXPECT_EQ(sent.out, "accepted: 1001, accepted before: 0, refused: 0\n");
  EXPECT_NE(sent.err.find("from line 1001 on: "), std::string::npos) << sent.err;
  EXPECT_NE(sent.err.find("--idempotency-key key:"), std::string::npos) << sent.err;
}

TEST_F(BatchSendTest, AServerThatCannotBeReachedIsSaid) {
  FakeServer server(fails(ErrorClass::kRetry));
  EXPECT_EQ(send(server, "a\n").code, ExitCode::kUnreachable);
}

TEST_F(BatchSendTest, ARefusalOfTheRequestEndsIt) {
  for (const int status : {401, 404, 415}) {
    FakeServer server(says(status, R"({"error":{"code":"x","message":"not you","fields":[]}})"));
    const auto sent = send(server, "a\n");
    EXPECT_NE(sent.code, ExitCode::kDone);
    EXPECT_EQ(sent.out, "accepted: 0, accepted before: 0, refused: 0\n");
    EXPECT_NE(sent.err.find("not you"), std::string::npos);
    EXPECT_EQ(server.asked.size(), 1U);
  }
}

TEST_F(BatchSendTest, AServerThatTakesLessGetsLess) {
  const FakeServer::Answer picky = [](const HttpRequest& request) -> Result<HttpReply> {
    if (request.body.size() <= 6) return accept_lines(request);
    return HttpReply{413,
                     R"({"error":{"code":"body_too_large","message":"the body is larger than 6 bytes","fields":[]}})"};
  };
  FakeServer server(picky);
  const auto sent = send(server, "a\nb\nc\nd\nlonglonglong\nf\n");
  EXPECT_EQ(sent.code, ExitCode::kFailed);
  EXPECT_EQ(sent.out, "accepted: 5, accepted before: 0, refused: 1\n");
  EXPECT_EQ(sent.err, "line 5: the body is larger than 6 bytes\n");
  std::vector<std::string> keys;
  for (const auto& request : server.asked) {
    if (request.body.size() <= 6) keys.push_back(header_of(request, "Idempotency-Key"));
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"key:1", "key:4", "key:6"}));
}

TEST_F(BatchSendTest, StopsBetweenChunks) {
  FakeServer server(accept_lines);
  pauses_.stop_after = 1;
  const auto sent = send(server, lines(1'500));
  EXPECT_EQ(sent.code, ExitCode::kFailed);
  EXPECT_EQ(sent.out, "accepted: 1000, accepted before: 0, refused: 0\n");
  EXPECT_NE(sent.err.find("stopped before line 1001"), std::string::npos) << sent.err;
}

TEST_F(BatchSendTest, NothingOfAnAnswerReachesTheTerminal) {
  FakeServer server(says(400, R"({"error":{"code":"x","message":"\u001b]0;owned\u0007","fields":[]}})"));
  const auto sent = send(server, "a\n");
  EXPECT_EQ(sent.err.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace waybill::cli
