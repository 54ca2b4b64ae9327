#include "cli/client.h"

#include <gtest/gtest.h>

namespace waybill::cli {
namespace {

Client answering(int status, std::string body) {
  return Client([status, body = std::move(body)](const HttpRequest&) -> Result<HttpReply> {
    return HttpReply{status, body};
  });
}

TEST(ClientTest, ASuccessIsItsBody) {
  const auto answer = answering(200, "{}").get("/v1/stats");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(*answer, "{}");
}

TEST(ClientTest, WhatTheServerSaysDecidesTheExitCode) {
  const std::string error = R"({"error":{"code":"x","message":"it is so","fields":[]}})";
  for (const auto& [status, code] : std::vector<std::pair<int, ExitCode>>{{400, ExitCode::kFailed},
                                                                          {401, ExitCode::kFailed},
                                                                          {404, ExitCode::kNotFound},
                                                                          {409, ExitCode::kForbidden},
                                                                          {422, ExitCode::kFailed},
                                                                          {408, ExitCode::kUnreachable},
                                                                          {503, ExitCode::kUnreachable}}) {
    const auto answer = answering(status, error).get("/");
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(exit_code_for(answer.error().what), code) << status;
    EXPECT_TRUE(answer.error().message.starts_with("it is so")) << answer.error().message;
  }
}

TEST(ClientTest, BadFieldsAreNamedInBothForms) {
  for (const std::string body :
       {R"({"error":{"code":"x","message":"no","fields":[{"field":"outcome","message":"is wrong"}]}})",
        R"({"code":201,"msg":"no","data":{"errors":[{"field":"outcome","message":"is wrong"}]}})"}) {
    const auto answer = answering(400, body).post("/", "{}");
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().message, "no\n  outcome: is wrong");
  }
}

TEST(ClientTest, AnAnswerThatIsNotOursIsSaidByItsStatus) {
  const auto answer = answering(502, "<html>").get("/");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().message, "the server answered with status 502");
}

TEST(ClientTest, WhatMayHaveHappenedIsToldFromWhatDidNot) {
  const auto class_of = [](int status, const std::string& body) {
    return answering(status, body).post("/", "{}").error().what;
  };
  const auto v1 = [](const std::string& code) {
    return R"({"error":{"code":")" + code + R"(","message":"m","fields":[]}})";
  };
  const auto classic = [](const std::string& data) { return R"({"code":-1,"msg":"m","data":)" + data + "}"; };
  EXPECT_EQ(class_of(503, v1("unavailable")), ErrorClass::kOverload);
  EXPECT_EQ(class_of(503, v1("in_doubt")), ErrorClass::kInDoubt);
  EXPECT_EQ(class_of(503, classic(R"({"reason":"unavailable"})")), ErrorClass::kOverload);
  EXPECT_EQ(class_of(503, classic(R"({"reason":"in_doubt"})")), ErrorClass::kInDoubt);
  EXPECT_EQ(class_of(503, classic("null")), ErrorClass::kInDoubt) << "it does not say that nothing happened";
  EXPECT_EQ(class_of(503, "<html>"), ErrorClass::kInDoubt);
  EXPECT_EQ(class_of(502, "<html>"), ErrorClass::kInDoubt);
  EXPECT_EQ(class_of(408, v1("request_timeout")), ErrorClass::kOverload);
}

TEST(ClientTest, AMissingTokenSaysHowToGiveOne) {
  const auto answer = answering(401, "").get("/");
  ASSERT_FALSE(answer.ok());
  EXPECT_NE(answer.error().message.find("--token-file"), std::string::npos);
}

TEST(ClientTest, APostCarriesJson) {
  HttpRequest seen;
  const Client client([&seen](const HttpRequest& request) -> Result<HttpReply> {
    seen = request;
    return HttpReply{200, ""};
  });
  ASSERT_TRUE(client.post("/mail/send/v2", "{\"a\":1}", {{"Idempotency-Key", "k"}}).ok());
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/mail/send/v2");
  EXPECT_EQ(seen.body, "{\"a\":1}");
  EXPECT_EQ(seen.headers, (HttpHeaders{{"Idempotency-Key", "k"}, {"Content-Type", "application/json"}}));
}

TEST(ClientTest, IdsAreEncodedIntoTheTarget) { EXPECT_EQ(message_target("a/b c"), "/v1/messages/a%2Fb%20c"); }

TEST(ClientTest, EveryLineOfAReportIsEscaped) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(report(make_error(ErrorClass::kNotFound, "one\x1b[31m\n  two\r")), ExitCode::kNotFound);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "waybill: one\\u001b[31m\n  two\\u000d\n");
}

}  // namespace
}  // namespace waybill::cli
