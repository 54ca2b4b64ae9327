#include "api/message_send_endpoint.h"

#include <gtest/gtest.h>

#include "api/types.h"
#include "tests/unit/api/fakes.h"
#include "tests/unit/api/raw_client.h"

namespace waybill::api {
namespace {

using ItemAnswer = std::variant<MessageAnswer, ErrorView>;

class MessageSend : public testing::Test {
 protected:
  static constexpr const char* kLines = "application/x-ndjson";

  void SetUp() override { server_.start(); }

  RawResponse post(const std::string& body, std::vector<std::pair<std::string, std::string>> headers = {},
                   const std::string& type = "application/json") {
    RawClient client(server_.port());
    auto response = client.ask(request_text(body, std::move(headers), type));
    EXPECT_TRUE(response);
    return response.value_or(RawResponse{});
  }
  static std::string request_text(const std::string& body,
                                  std::vector<std::pair<std::string, std::string>> headers = {},
                                  const std::string& type = "application/json") {
    return to_text({.target = "/v1/messages", .content_type = type, .body = body, .headers = std::move(headers)});
  }
  static std::string item(const std::string& more = "", const std::string& body = "b") {
    return R"({"exchange":"e","routing_key":"k","body":")" + body + '"' + (more.empty() ? "" : "," + more) + "}";
  }
  static std::vector<ItemAnswer> lines_of(const std::string& text) {
    std::vector<ItemAnswer> answers;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = text.find('\n', at);
      EXPECT_NE(end, std::string::npos) << "every line has its end";
      auto answer = parse_message_answer(std::string_view(text).substr(at, end - at));
      EXPECT_TRUE(answer.ok()) << text;
      if (answer.ok()) answers.push_back(*answer);
      at = end + 1;
    }
    return answers;
  }
  static ErrorView error_of(const RawResponse& response) {
    const auto error = parse_error(response.body);
    EXPECT_TRUE(error.ok()) << response.body;
    return error.ok() ? *error : ErrorView{};
  }

  TestServer server_;
};

TEST_F(MessageSend, OneMessageIsAnsweredByItself) {
  const RawResponse response = post(item());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("Content-Type"), "application/json");
  EXPECT_EQ(response.body, R"({"id":"7000","status":{"name":"sending","code":0},"duplicate":false})");
  EXPECT_EQ(server_.intake.accepted().at(0).request.message.route, (Route{"e", "k"}));
}

TEST_F(MessageSend, OneBadMessageIs400) {
  const RawResponse response = post(item(R"("extra":1)"));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(error_of(response).fields.at(0).field, "extra");
  EXPECT_EQ(server_.intake.batches(), 0U);
}

TEST_F(MessageSend, AnArrayIsAnsweredByAnArrayInItsOrder) {
  const RawResponse response = post("[" + item(R"("id":"b")") + ",{}," + item(R"("id":"a\"")") + "]");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(
      response.body,
      R"([{"id":"b","status":{"name":"sending","code":0},"duplicate":false},)"
      R"({"error":{"code":"invalid_request","message":"'[1].exchange' is missing; 2 more of its fields are wrong",)"
      R"("fields":[{"field":"[1].exchange","message":"is missing"},{"field":"[1].routing_key","message":)"
      R"("is missing"},{"field":"[1].body","message":"is missing"}]}},)"
      R"({"id":"a\"","status":{"name":"sending","code":0},"duplicate":false}])");
  EXPECT_EQ(server_.intake.batches(), 1U) << "one flush for all";
  EXPECT_EQ(server_.intake.count(), 2U);
}

TEST_F(MessageSend, LinesAreAnsweredByLines) {
  const RawResponse response = post(item(R"("id":"1")") + "\nnonsense\n" + item(R"("id":"3")") + "\n", {}, kLines);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("Content-Type"), kLines);
  const auto answers = lines_of(response.body);
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(std::get<MessageAnswer>(answers[0]), (MessageAnswer{"1", State::kSending, false}));
  EXPECT_EQ(std::get<ErrorView>(answers[1]).fields.at(0).field, "[1]");
  EXPECT_EQ(std::get<MessageAnswer>(answers[2]).id, "3");
}

TEST_F(MessageSend, AKnownIdIsADuplicateOrAConflict) {
  EXPECT_EQ(post(item(R"("id":"1")")).status, 200);
  EXPECT_EQ(post(item(R"("id":"1")")).body, R"({"id":"1","status":{"name":"consumed","code":3},"duplicate":true})");
  const RawResponse other = post(item(R"("id":"1")", "other"));
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(error_of(other).code, "conflict");
  EXPECT_NE(error_of(other).message.find("'1'"), std::string::npos);
  const auto answers = lines_of(post(item(R"("id":"1")") + "\n" + item(R"("id":"1")", "other") + "\n" +
                                         item(R"("id":"2")") + "\n" + item(R"("id":"2")"),
                                     {}, kLines)
                                    .body);
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_TRUE(std::get<MessageAnswer>(answers[0]).duplicate);
  EXPECT_EQ(std::get<ErrorView>(answers[1]).code, "conflict");
  EXPECT_FALSE(std::get<MessageAnswer>(answers[2]).duplicate);
  EXPECT_TRUE(std::get<MessageAnswer>(answers[3]).duplicate) << "also within one request";
}

TEST_F(MessageSend, WhatWasDueInThePastIsDueNow) {
  const std::string ahead = to_rfc3339(SystemWallClock().now() + std::chrono::hours(1));
  post("[" + item(R"("deliver_at":"2020-01-01T00:00:00Z")") + "," + item(R"("deliver_at":")" + ahead + '"') + "]");
  const auto accepted = server_.intake.accepted();
  ASSERT_EQ(accepted.size(), 2U);
  EXPECT_FALSE(accepted[0].request.message.not_before);
  EXPECT_EQ(accepted[1].request.message.not_before, parse_rfc3339(ahead));
}

TEST_F(MessageSend, EachMessageOfManyHasAKeyOfItsOwn) {
  const std::string body = item() + "\n{}\n" + item("", "c");
  const auto first = lines_of(post(body, {{"Idempotency-Key", "k"}}, kLines).body);
  const auto accepted = server_.intake.accepted();
  ASSERT_EQ(accepted.size(), 2U);
  EXPECT_EQ(accepted[0].request.key->key, "k#0");
  EXPECT_EQ(accepted[1].request.key->key, "k#2");
  EXPECT_EQ(accepted[0].request.key->endpoint, "/v1/messages");
  const auto repeated = lines_of(post(body, {{"Idempotency-Key", "k"}}, kLines).body);
  ASSERT_EQ(repeated.size(), 3U);
  EXPECT_EQ(std::get<MessageAnswer>(repeated[0]).id, std::get<MessageAnswer>(first[0]).id);
  EXPECT_TRUE(std::get<MessageAnswer>(repeated[0]).duplicate);
  EXPECT_EQ(std::get<MessageAnswer>(repeated[2]).id, std::get<MessageAnswer>(first[2]).id);
}

TEST_F(MessageSend, OneMessageHasTheKeyItself) {
  EXPECT_EQ(post(item(), {{"Idempotency-Key", "k"}}).status, 200);
  EXPECT_EQ(server_.intake.accepted().at(0).request.key->key, "k");
  EXPECT_NE(post(item(), {{"Idempotency-Key", "k"}}).body.find(R"("duplicate":true)"), std::string::npos);
  EXPECT_EQ(post(item("", "other"), {{"Idempotency-Key", "k"}}).status, 422);
  EXPECT_EQ(error_of(post(item(R"("deliver_at":"2020-01-01T00:00:00Z")"), {{"Idempotency-Key", "k"}})).code,
            "key_reused");
}

TEST_F(MessageSend, AKeyForManyIsShorter) {
  const std::string most(250, 'k');
  EXPECT_EQ(post("[" + item() + "]", {{"Idempotency-Key", most}}).status, 200);
  EXPECT_EQ(post("[" + item() + "]", {{"Idempotency-Key", most + "k"}}).status, 400);
  EXPECT_EQ(post(item(), {{"Idempotency-Key", std::string(255, 'k')}}).status, 200);
  EXPECT_EQ(post(item(), {{"Idempotency-Key", std::string(256, 'k')}}).status, 400);
  EXPECT_EQ(error_of(post(item(), {{"Idempotency-Key", "\"\""}})).fields.at(0).field, "Idempotency-Key");
}

TEST_F(MessageSend, WithNoneAcceptedTheStatusFitsAll) {
  const std::string two = "[" + item() + "," + item() + "]";
  const auto status = [&](const Result<AppendAnswer>& first, const Result<AppendAnswer>& second) {
    server_.intake.answer_nth_with(0, first);
    server_.intake.answer_nth_with(1, second);
    return post(two);
  };
  using Kind = AppendAnswer::Kind;
  const AppendAnswer conflict{Kind::kConflict, MessageId{"x"}};
  const AppendAnswer reused{Kind::kKeyReused, MessageId{"x"}};
  const AppendAnswer duplicate{Kind::kDuplicate, MessageId{"x"}};
  const Error permanent = make_error(ErrorClass::kPermanent, "too large");
  const Error overload = make_error(ErrorClass::kOverload, "full");
  const Error doubt = make_error(ErrorClass::kInDoubt, "no answer");
  EXPECT_EQ(status(conflict, conflict).status, 409);
  EXPECT_EQ(status(permanent, permanent).status, 400);
  EXPECT_EQ(status(reused, reused).status, 422);
  EXPECT_EQ(status(conflict, permanent).status, 400);
  EXPECT_EQ(status(overload, overload).status, 503);
  EXPECT_EQ(status(overload, overload).header("Retry-After"), "1");
  EXPECT_EQ(status(conflict, doubt).status, 503);
  EXPECT_EQ(status(duplicate, overload).status, 200) << "a duplicate was accepted";
  const RawResponse in_doubt = status(doubt, doubt);
  EXPECT_EQ(in_doubt.status, 503);
  EXPECT_NE(in_doubt.body.find(R"("code":"in_doubt","message":"it may have been accepted)"), std::string::npos);
  EXPECT_EQ(post("[{},7]").status, 400);
}

TEST_F(MessageSend, OneMessageHasTheStatusOfItsError) {
  for (const auto& [what, status] : std::vector<std::pair<ErrorClass, int>>{{ErrorClass::kPermanent, 400},
                                                                            {ErrorClass::kOverload, 503},
                                                                            {ErrorClass::kRetry, 503},
                                                                            {ErrorClass::kInDoubt, 503}}) {
    server_.intake.answer_with(make_error(what, "as planted"));
    const RawResponse response = post(item());
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(!response.header("Retry-After").empty(), status == 503);
  }
}

TEST_F(MessageSend, ARepetitionThatIsNotAnsweredInTimeIsAConflict) {
  server_.intake.hold();
  const std::string request = request_text("[" + item() + "]", {{"Idempotency-Key", "k"}});
  RawClient first(server_.port());
  first.send(request);
  server_.intake.wait_for(1);
  RawClient second(server_.port());
  second.send(request);
  server_.intake.wait_for(2);
  const Error in_doubt = make_error(ErrorClass::kInDoubt, "no answer from the log");
  server_.intake.release_all(in_doubt);
  EXPECT_EQ(second.receive().value().status, 409);
  server_.intake.release_all(in_doubt);
  EXPECT_EQ(first.receive().value().status, 503);
}

TEST_F(MessageSend, RefusesWhatItCannotRead) {
  EXPECT_EQ(post(item(), {}, "text/plain").status, 415);
  EXPECT_EQ(post(item(), {}, "").status, 415);
  EXPECT_EQ(post(item(), {}, "application/x-ndjson; charset=latin1").status, 415);
  EXPECT_EQ(post(item(), {}, "application/x-ndjson; charset=utf-8").status, 200);
  EXPECT_EQ(post(item(), {{"Content-Encoding", "gzip"}}).status, 415);
  EXPECT_EQ(error_of(post("[" + item())).code, "invalid_json");
  EXPECT_EQ(error_of(post("", {}, kLines)).code, "invalid_request");
  EXPECT_EQ(post("[" + std::string(2U << 20U, ' ') + "]").status, 413);
  RawClient client(server_.port());
  EXPECT_EQ(client.ask(to_text({.target = "/v1/messages?x=1", .body = item()})).value().status, 400);
  EXPECT_EQ(server_.intake.count(), 1U);
}

TEST_F(MessageSend, ABadOneStoresNothingOfAWholeRequestThatIsNoJson) {
  EXPECT_EQ(post("[" + item() + "," + item() + ",").status, 400);
  EXPECT_EQ(server_.intake.batches(), 0U);
}

TEST_F(MessageSend, AThousandAtOnce) {
  std::string lines;
  for (int i = 0; i < 1'000; ++i) lines += item(R"("id":")" + std::to_string(i) + '"') + "\n";
  const auto answers = lines_of(post(lines, {}, kLines).body);
  ASSERT_EQ(answers.size(), 1'000U);
  for (int i = 0; i < 1'000; ++i)
    EXPECT_EQ(std::get<MessageAnswer>(answers[static_cast<std::size_t>(i)]).id, std::to_string(i));
  EXPECT_EQ(server_.intake.batches(), 1U);
  const RawResponse refused = post(lines + item(), {}, kLines);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(error_of(refused).fields.at(0).field, "[1000]");
  EXPECT_EQ(server_.intake.batches(), 1U);
}

TEST_F(MessageSend, PassesTheRequestsDeadlineOn) {
  const MonoTime before = std::chrono::steady_clock::now();
  post(item());
  EXPECT_GE(server_.intake.accepted().at(0).deadline, before + server_.options.request_deadline);
}

TEST_F(MessageSend, AThrowingIntakeIsAnswered) {
  server_.intake.throw_on_accept();
  EXPECT_EQ(post(item()).status, 503);
  EXPECT_EQ(post("[").status, 400);
}

}  // namespace
}  // namespace waybill::api
