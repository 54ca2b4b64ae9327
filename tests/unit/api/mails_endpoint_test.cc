#include "api/mails_endpoint.h"

#include <gtest/gtest.h>

#include "mail/mail_body.h"
#include "tests/unit/api/fakes.h"
#include "tests/unit/api/raw_client.h"

namespace waybill::api {
namespace {

class Mails : public testing::Test {
 protected:
  RawResponse post(const std::string& body, std::vector<std::pair<std::string, std::string>> headers = {},
                   const std::string& type = "application/json") {
    RawClient client(server_.port());
    auto response =
        client.ask(to_text({.target = "/v1/mails", .content_type = type, .body = body, .headers = std::move(headers)}));
    EXPECT_TRUE(response);
    return response.value_or(RawResponse{});
  }
  static std::string mail(const std::string& more = "") {
    return R"({"subject":"s","text":"t","to":"a@x")" + (more.empty() ? "" : "," + more) + "}";
  }
  static ErrorView error_of(const RawResponse& response) {
    const auto error = parse_error(response.body);
    EXPECT_TRUE(error.ok()) << response.body;
    return error.ok() ? *error : ErrorView{};
  }
  [[nodiscard]] const Message& accepted(std::size_t index) {
    kept_ = server_.intake.accepted();
    return kept_.at(index).request.message;
  }

  TestServer server_;

 private:
  std::vector<FakeIntake::Accepted> kept_;
};

TEST_F(Mails, AMailBecomesAMessageOfItsRoute) {
  server_.mail.route = {"e", "k"};
  server_.start();
  const RawResponse response = post(mail(R"("cc":["B <b@x>"],"attachments":[{"filename":"a","content":"AP8="}])"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"id":"7000","status":{"name":"sending","code":0},"duplicate":false})");
  const Message& message = accepted(0);
  EXPECT_EQ(message.route, (Route{"e", "k"}));
  EXPECT_EQ(message.content_type, "application/json");
  EXPECT_FALSE(message.body.binary());
  const auto stored = read_any_mail_body(message.body.bytes(), {});
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->attachments.at(0).content, std::string("\0\xff", 2));
  EXPECT_EQ(stored->cc, (std::vector<Mailbox>{{"b@x", "B"}}));
}

TEST_F(Mails, ABadMailIs400WithThePlacesOfWhatIsWrong) {
  server_.start();
  const RawResponse response = post(R"({"to":["a@x","b"],"text":"t","attachments":[{"filename":"a","content":"?"}]})");
  EXPECT_EQ(response.status, 400);
  const auto error = error_of(response);
  EXPECT_EQ(error.code, "invalid_request");
  ASSERT_EQ(error.fields.size(), 2U);
  EXPECT_EQ(error.fields[0].field, "attachments[0].content");
  EXPECT_EQ(error.fields[1].field, "to[1]");
  EXPECT_EQ(server_.intake.batches(), 0U);
  EXPECT_EQ(error_of(post("{")).code, "invalid_json");
  EXPECT_EQ(post("7").status, 400);
  EXPECT_EQ(post("[]").status, 400);
  EXPECT_EQ(post(mail(), {}, "text/plain").status, 415);
  EXPECT_EQ(post(mail(), {}, "application/x-ndjson").status, 415);
}

TEST_F(Mails, AnArrayIsRecordedByOneFlushAndAnsweredInItsOrder) {
  server_.start();
  const RawResponse response = post("[" + mail() + R"(,{"to":"a@x"},7,)" + mail() + "]");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.find(R"([{"id":"7000")"), 0U) << response.body;
  EXPECT_NE(response.body.find(R"("field":"[1].text")"), std::string::npos) << response.body;
  EXPECT_NE(response.body.find(R"("field":"[2]","message":"must be a JSON object")"), std::string::npos);
  EXPECT_NE(response.body.find(R"({"id":"7001")"), std::string::npos);
  EXPECT_EQ(server_.intake.batches(), 1U);
  EXPECT_EQ(server_.intake.count(), 2U);
  EXPECT_EQ(post(R"([{"to":"a@x"}])").status, 400);
}

TEST_F(Mails, ARequestTakesFiveHundredMails) {
  server_.start();
  std::string mails;
  for (std::size_t i = 0; i < kMailsMax; ++i) mails += (i > 0 ? "," : "") + mail();
  EXPECT_EQ(post("[" + mails + "]").status, 200);
  EXPECT_EQ(server_.intake.count(), kMailsMax);
  const RawResponse refused = post("[" + mails + "," + mail() + "]");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(error_of(refused).message, "the body has 501 mails; a request takes at most 500");
}

TEST_F(Mails, MayBeSentLater) {
  server_.start();
  const auto later = std::chrono::floor<std::chrono::seconds>(SystemWallClock().now()) + std::chrono::hours(1);
  EXPECT_EQ(post(mail(R"("send_at":")" + to_rfc3339(later) + '"')).status, 200);
  EXPECT_EQ(accepted(0).not_before, WallTime(later));
  EXPECT_EQ(post(mail(R"("send_at":"2001-01-01T00:00:00Z")")).status, 200);
  EXPECT_EQ(accepted(1).not_before, std::nullopt);
  EXPECT_EQ(post(mail(R"("send_at":null)")).status, 200);
  for (const char* bad : {"7", "\"soon\"", "\"2999-01-01T00:00:00Z\"", "\"2001-01-01T00:00:00Z\",\"send_at\":null"}) {
    const RawResponse response = post(mail(R"("send_at":)" + std::string(bad)));
    EXPECT_EQ(response.status, 400) << bad;
    EXPECT_EQ(error_of(response).fields.at(0).field, "send_at") << bad;
  }
}

TEST_F(Mails, NameOnlySendersThatAreAllowed) {
  server_.mail.rules.from = "us@example.org";
  server_.mail.rules.allowed_from = *AllowedSenders::from({"@news.example.org"});
  server_.start();
  EXPECT_EQ(post(mail(R"("from":"N <a@news.example.org>")")).status, 200);
  EXPECT_EQ(post(mail(R"("from":"us@example.org")")).status, 200);
  const RawResponse refused = post("[" + mail(R"("from":"boss@example.org")") + "]");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find(R"({"field":"[0].from","message":"is not allowed: 'boss@example.org' is not within)"),
            std::string::npos)
      << refused.body;
}

TEST_F(Mails, AKeyCoversTheMailHoweverItIsWritten) {
  server_.start();
  const auto under_key = [this](const std::string& body) { return post(body, {{"Idempotency-Key", "k"}}); };
  EXPECT_NE(under_key(mail()).body.find(R"("id":"7000")"), std::string::npos);
  const RawResponse again = under_key(R"({"to":[{"address":"a@x"}], "text":"t","subject":"s","cc":null})");
  EXPECT_NE(again.body.find(R"("id":"7000")"), std::string::npos) << again.body;
  EXPECT_NE(again.body.find(R"("duplicate":true)"), std::string::npos) << again.body;
  EXPECT_EQ(under_key(mail(R"("html":"h")")).status, 422);
  EXPECT_EQ(under_key(mail(R"("send_at":"2001-01-01T00:00:00Z")")).status, 422);
  EXPECT_EQ(under_key("[" + mail() + "]").status, 200);  // its key is k#0
  EXPECT_EQ(post("[" + mail() + "]", {{"Idempotency-Key", std::string(251, 'k')}}).status, 400);
}

TEST_F(Mails, HaveALimitOfTheirOwnForRequests) {
  server_.options.limits.body_bytes = 1'000;
  server_.mail.mails_body_max = 5'000;
  server_.start();
  const auto sized = [](std::size_t bytes) { return mail(R"("html":")" + std::string(bytes, 'x') + '"'); };
  EXPECT_EQ(post(sized(4'000)).status, 200);
  const RawResponse refused = post(sized(6'000));
  EXPECT_EQ(refused.status, 413);
  EXPECT_EQ(error_of(refused).message, "the body is larger than 5000 bytes");
  RawClient client(server_.port());
  const auto classic = client.ask(to_text({.body = sized(4'000)}));
  ASSERT_TRUE(classic);
  EXPECT_EQ(classic->status, 413);
}

TEST_F(Mails, ABodyInChunksIsHeldToTheSameLimit) {
  server_.options.limits.body_bytes = 1'000;
  server_.mail.mails_body_max = 5'000;
  server_.start();
  const std::string head =
      "POST /v1/mails HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string body = mail(R"("html":")" + std::string(3'000, 'x') + '"');
  const auto chunked = [](const std::string& text) {
    std::string chunks;
    for (std::size_t at = 0; at < text.size(); at += 500) {
      const auto piece = text.substr(at, 500);
      char size[16];
      std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
      chunks += size + piece + "\r\n";
    }
    return chunks + "0\r\n\r\n";
  };
  RawClient good(server_.port());
  const auto taken = good.ask(head + chunked(body));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->status, 200) << taken->body;
  RawClient bad(server_.port());
  const auto refused = bad.ask(head + chunked(body + std::string(3'000, ' ')));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 413);
}

TEST_F(Mails, ATooLargeBodyIsNotAskedFor) {
  server_.mail.mails_body_max = 5'000;
  server_.start();
  RawClient client(server_.port());
  const auto refused = client.ask(
      "POST /v1/mails HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
      "Content-Length: 5001\r\n\r\n");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 413);
}

}  // namespace
}  // namespace waybill::api
