#include "api/mail_send_endpoint.h"

#include <gtest/gtest.h>

#include "api/types.h"
#include "tests/unit/api/fakes.h"
#include "tests/unit/api/raw_client.h"

namespace waybill::api {
namespace {

class MailSend : public testing::Test {
 protected:
  void SetUp() override { server_.start(); }

  RawResponse post(const std::string& body, std::vector<std::pair<std::string, std::string>> headers = {}) {
    RawClient client(server_.port());
    auto response = client.ask(to_text({.body = body, .headers = std::move(headers)}));
    EXPECT_TRUE(response);
    return response.value_or(RawResponse{});
  }

  static ClassicView classic(const RawResponse& response) {
    const auto view = parse_classic(response.body);
    EXPECT_TRUE(view.ok()) << response.body;
    return view.ok() ? view.value() : ClassicView{};
  }

  // Refused, in the classic form, naming the field, and nothing was handed to intake.
  void expect_refused(const std::string& body, const std::string& field) {
    const RawResponse response = post(body);
    EXPECT_EQ(response.status, 400) << body;
    const ClassicView view = classic(response);
    EXPECT_EQ(view.code, 201);
    EXPECT_FALSE(view.msg.empty());
    const bool named = std::any_of(view.errors.begin(), view.errors.end(),
                                   [&](const FieldError& error) { return error.field == field; });
    EXPECT_TRUE(named) << "'" << field << "' is not named: " << response.body;
    EXPECT_EQ(server_.intake.count(), 0U);
  }

  TestServer server_;
};

TEST_F(MailSend, AnswersTheClassicEnvelopeWithTheIdThatIntakeGave) {
  const RawResponse response = post(sample_mail());
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("Content-Type"), "application/json");
  EXPECT_EQ(response.body, R"({"code":0,"msg":"成功","data":{"msgId":"7000"}})");
}

TEST_F(MailSend, HandsIntakeTheRouteAndABodyThatCarriesTheDrawnId) {
  post(sample_mail());
  const auto accepted = server_.intake.accepted();
  ASSERT_EQ(accepted.size(), 1U);
  const IntakeRequest& request = accepted.front().request;
  EXPECT_TRUE(request.message.id.value.empty());
  EXPECT_EQ(request.message.route, (Route{"mail.exchange", "mail.routing.key"}));
  EXPECT_EQ(request.message.content_type, "application/json");
  EXPECT_FALSE(request.key);
  EXPECT_FALSE(request.message.body.binary());
  EXPECT_EQ(request.message.body.bytes(),
            R"({"msgId":"7000","subject":"Greetings","content":"Hello there","tos":["ann@example.org"]})");
}

TEST_F(MailSend, TakesSeveralRecipientsInEveryForm) {
  for (const std::string tos : {R"("ann@example.org, bob@example.org")", R"("ann@example.org;bob@example.org")",
                                R"(["ann@example.org","bob@example.org"])"}) {
    EXPECT_EQ(post(R"({"subject":"s","content":"c","tos":)" + tos + "}").status, 200) << tos;
    EXPECT_NE(server_.intake.accepted().back().request.message.body.bytes().find(
                  R"("tos":["ann@example.org","bob@example.org"])"),
              std::string::npos);
  }
}

TEST_F(MailSend, NamesEveryBadField) {
  const RawResponse response = post(R"({"subject":"","tos":"nobody","extra":1})");
  EXPECT_EQ(response.status, 400);
  const ClassicView view = classic(response);
  std::vector<std::string> named;
  for (const FieldError& error : view.errors) named.push_back(error.field);
  std::sort(named.begin(), named.end());
  EXPECT_EQ(named, (std::vector<std::string>{"content", "extra", "subject", "tos"}));
  for (const std::string& field : named) EXPECT_NE(view.msg.find(field), std::string::npos) << view.msg;
}

TEST_F(MailSend, RefusesWhatIsNotJson) {
  expect_refused("not json", "body");
  expect_refused("", "body");
  expect_refused(R"({"subject":"s","content":"c","tos":"ann@example.org")", "body");
  expect_refused(sample_mail() + "x", "body");
  expect_refused(R"(["subject"])", "body");
}

TEST_F(MailSend, RefusesDeepJson) {
  std::string deep = R"({"subject":"s","content":"c","tos":)";
  deep += std::string(200'000, '[');
  expect_refused(deep, "body");
}

TEST_F(MailSend, RefusesMissingAndEmptyFields) {
  expect_refused(R"({"content":"c","tos":"ann@example.org"})", "subject");
  expect_refused(R"({"subject":"s","tos":"ann@example.org"})", "content");
  expect_refused(R"({"subject":"s","content":"c"})", "tos");
  expect_refused(R"({"subject":"","content":"c","tos":"ann@example.org"})", "subject");
  expect_refused(R"({"subject":"s","content":"","tos":"ann@example.org"})", "content");
  expect_refused(R"({"subject":"s","content":"c","tos":""})", "tos");
  expect_refused(R"({"subject":"s","content":"c","tos":[]})", "tos");
  expect_refused(R"({"subject":null,"content":"c","tos":"ann@example.org"})", "subject");
  expect_refused(R"({"subject":7,"content":"c","tos":"ann@example.org"})", "subject");
}

TEST_F(MailSend, RefusesAnOverlongSubject) {
  expect_refused(R"({"subject":")" + std::string(20'000, 's') + R"(","content":"c","tos":"ann@example.org"})",
                 "subject");
}

TEST_F(MailSend, RefusesControlCharacters) {
  for (const std::string hostile : {R"(a\r\nBcc: eve@example.org)", R"(a\nb)", R"(a\rb)", R"(a\u0000b)"}) {
    expect_refused(R"({"subject":")" + hostile + R"(","content":"c","tos":"ann@example.org"})", "subject");
    expect_refused(R"({"subject":"s","content":"c","tos":"ann@example.org)" + hostile + R"("})", "tos");
  }
  expect_refused(R"({"subject":"s","content":"a\u0000b","tos":"ann@example.org"})", "content");
}

TEST_F(MailSend, RefusesInvalidAddresses) {
  for (const std::string address : {"nobody", "@example.org", "ann@", "a b@example.org", "ann@example.org, nobody"}) {
    expect_refused(R"({"subject":"s","content":"c","tos":")" + address + R"("})", "tos");
  }
}

TEST_F(MailSend, RefusesInvalidUtf8) {
  const RawResponse response = post("{\"subject\":\"\xC3\x28\",\"content\":\"c\",\"tos\":\"ann@example.org\"}");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(classic(response).code, 201);
  EXPECT_EQ(server_.intake.count(), 0U);
}

TEST_F(MailSend, RefusesUnknownFields) {
  expect_refused(R"({"subject":"s","content":"c","tos":"ann@example.org","bcc":"eve@example.org"})", "bcc");
}

TEST_F(MailSend, RefusesAnotherContentType) {
  for (const std::string type :
       {"text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=gbk", "application/jsonx"}) {
    RawClient client(server_.port());
    const auto response = client.ask(to_text({.content_type = type, .body = sample_mail()}));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 415) << type;
    EXPECT_EQ(classic(*response).code, 201);
  }
  const RawResponse encoded = post(sample_mail(), {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(encoded.status, 415);
  EXPECT_EQ(server_.intake.count(), 0U);
}

TEST_F(MailSend, TakesJsonWithItsCharset) {
  RawClient client(server_.port());
  const auto response =
      client.ask(to_text({.content_type = "Application/JSON; charset=\"UTF-8\"", .body = sample_mail()}));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
}

TEST_F(MailSend, RefusesAWrongMethodWithAllow) {
  for (const std::string method : {"GET", "PUT", "DELETE", "OPTIONS", "HEAD"}) {
    RawClient client(server_.port());
    client.send(to_text({.method = method}));
    const auto response = client.receive(/*to_head=*/method == "HEAD");
    ASSERT_TRUE(response) << method;
    EXPECT_EQ(response->status, 405) << method;
    EXPECT_EQ(response->header("Allow"), "POST");
    if (method != "HEAD") {
      EXPECT_EQ(classic(*response).code, 201);
    }
  }
}

TEST_F(MailSend, RefusesQueryParameters) {
  RawClient client(server_.port());
  const auto response = client.ask(to_text({.target = "/mail/send/v2?debug=1", .body = sample_mail()}));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 400);
  EXPECT_EQ(classic(*response).errors.at(0).field, "debug");
}

TEST_F(MailSend, RefusesABodyOverTheLimitInTheClassicForm) {
  RawClient client(server_.port());
  const auto response = client.ask(to_text({.body = std::string((1U << 20U) + 1, ' ')}));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 413);
  EXPECT_EQ(classic(*response).code, 201);
}

TEST_F(MailSend, SaysWhatToDoWhenTheLogIsUnavailable) {
  for (const ErrorClass what : {ErrorClass::kOverload, ErrorClass::kRetry}) {
    server_.intake.answer_with(make_error(what, "the log does not answer; nothing was recorded"));
    const RawResponse response = post(sample_mail());
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.header("Retry-After"), "1");
    EXPECT_EQ(classic(response).code, -1);
    EXPECT_EQ(classic(response).msg, "the log does not answer; nothing was recorded");
    EXPECT_EQ(classic(response).reason, "unavailable");
  }
}

TEST_F(MailSend, SaysThatItMayHaveBeenAcceptedWhenInDoubt) {
  server_.intake.answer_with(make_error(ErrorClass::kInDoubt, "no answer from the log"));
  const RawResponse response = post(sample_mail());
  EXPECT_EQ(response.status, 503);
  EXPECT_FALSE(response.header("Retry-After").empty());
  EXPECT_EQ(classic(response).code, -1);
  EXPECT_NE(classic(response).msg.find("may have been accepted"), std::string::npos);
  EXPECT_NE(classic(response).msg.find("same Idempotency-Key"), std::string::npos);
  EXPECT_EQ(classic(response).reason, "in_doubt");
}

TEST_F(MailSend, MapsWhatIntakeRefuses) {
  server_.intake.answer_with(make_error(ErrorClass::kPermanent, "the message is too large"));
  EXPECT_EQ(post(sample_mail()).status, 400);
  server_.intake.answer_with(make_error(ErrorClass::kConflict, "another request with this key is in flight"));
  const RawResponse conflict = post(sample_mail());
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(classic(conflict).code, 201);
}

TEST_F(MailSend, AnEqualRequestUnderTheSameKeyGetsTheSameAnswer) {
  const std::string same = R"({ "tos" : ["ann@example.org"], "content":"Hello there","subject":"Greetings"})";
  const RawResponse first = post(sample_mail(), {{"Idempotency-Key", "\"order-1\""}});
  const RawResponse again = post(same, {{"idempotency-key", " order-1 "}});
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(again.body, first.body);
  const auto accepted = server_.intake.accepted();
  ASSERT_TRUE(accepted.at(0).request.key);
  EXPECT_EQ(accepted.at(0).request.key->key, "order-1");
  EXPECT_EQ(accepted.at(0).request.key->endpoint, "/mail/send/v2");
}

TEST_F(MailSend, AnotherRequestUnderTheSameKeyIsRefused) {
  post(sample_mail(), {{"Idempotency-Key", "order-1"}});
  const RawResponse other =
      post(R"({"subject":"Other","content":"Hello there","tos":"ann@example.org"})", {{"Idempotency-Key", "order-1"}});
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(classic(other).code, 201);
}

TEST_F(MailSend, ARepetitionThatIsNotAnsweredInTimeIsAConflict) {
  server_.intake.hold();
  const std::string request = to_text({.body = sample_mail(), .headers = {{"Idempotency-Key", "order-1"}}});
  RawClient first(server_.port());
  first.send(request);
  server_.intake.wait_for(1);
  RawClient second(server_.port());
  second.send(request);
  server_.intake.wait_for(2);
  const Error in_doubt = make_error(ErrorClass::kInDoubt, "no answer from the log");
  server_.intake.release(1, in_doubt);
  EXPECT_EQ(second.receive().value().status, 409);
  server_.intake.release(0, in_doubt);
  EXPECT_EQ(first.receive().value().status, 503);

  first.send(request);
  server_.intake.wait_for(3);
  server_.intake.release(2, in_doubt);
  EXPECT_EQ(first.receive().value().status, 503) << "nobody else was waiting any more";
}

TEST_F(MailSend, ARepetitionInFlightGetsTheFirstOnesAnswer) {
  server_.intake.hold();
  const std::string request = to_text({.body = sample_mail(), .headers = {{"Idempotency-Key", "order-1"}}});
  RawClient first(server_.port());
  first.send(request);
  server_.intake.wait_for(1);
  RawClient second(server_.port());
  second.send(request);
  server_.intake.wait_for(2);
  const AppendAnswer duplicate{AppendAnswer::Kind::kDuplicate, MessageId{"7000"}};
  server_.intake.release(1, duplicate);
  server_.intake.release(0);
  EXPECT_EQ(second.receive().value().body, first.receive().value().body);
}

TEST_F(MailSend, RefusesUnusableKeys) {
  EXPECT_EQ(post(sample_mail(), {{"Idempotency-Key", std::string(255, 'k')}}).status, 200);
  EXPECT_EQ(post(sample_mail(), {{"Idempotency-Key", std::string(256, 'k')}}).status, 400);
  EXPECT_EQ(post(sample_mail(), {{"Idempotency-Key", "\"\""}}).status, 400);
  EXPECT_EQ(post(sample_mail(), {{"Idempotency-Key", "k\xC3\xA9"}}).status, 400);
  const RawResponse twice = post(sample_mail(), {{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}});
  EXPECT_EQ(twice.status, 400);
  EXPECT_EQ(classic(twice).errors.at(0).field, "Idempotency-Key");
  EXPECT_EQ(server_.intake.count(), 1U);
}

TEST_F(MailSend, PassesTheRequestsDeadlineOn) {
  const MonoTime before = std::chrono::steady_clock::now();
  post(sample_mail());
  const MonoTime after = std::chrono::steady_clock::now();
  const MonoTime deadline = server_.intake.accepted().at(0).deadline;
  EXPECT_GE(deadline, before + server_.options.request_deadline);
  EXPECT_LE(deadline, after + server_.options.request_deadline);
}

TEST_F(MailSend, AThrowingIntakeIsAnsweredAndTheServerGoesOn) {
  server_.intake.throw_on_accept();
  const RawResponse response = post(sample_mail());
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(classic(response).code, -1);
  EXPECT_EQ(post("{}").status, 400);
}

}  // namespace
}  // namespace waybill::api
