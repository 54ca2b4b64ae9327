#include "api/types.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace waybill::api {
namespace {

MessageView sample() {
  MessageView message;
  message.id = "12345678901234567";
  message.status = State::kOutcomeUnknown;
  message.on_hold = true;
  message.exchange = "mail.exchange";
  message.routing_key = "mail.routing.key";
  message.queue = "mail.queue";
  message.try_count = 1;
  message.attempt = 2;
  message.lapse_count = 3;
  message.unknown_count = 4;
  message.again_count = 5;
  message.publish_count = 6'000'000'000;
  message.create_time = from_millis(1'700'000'000'001);
  message.update_time = from_millis(1'700'000'000'002);
  message.next_try_time = from_millis(1'700'000'000'003);
  message.not_before = from_millis(1'700'000'000'004);
  message.publish_time = from_millis(1'700'000'000'005);
  message.confirm_time = from_millis(1'700'000'000'006);
  message.claim_time = from_millis(1'700'000'000'007);
  message.consume_time = from_millis(1'700'000'000'999);
  message.result = "file";
  message.last_error = "a \"quoted\"\nline";
  message.owner = "node#0000000000000001";
  message.content_type = "text/plain";
  message.retry_policy = "fixed 3 8000";
  message.headers = {{"b", "2"}, {"a", "1"}};
  message.body_bytes = 11;
  message.body = "hello \xE4\xBD\xA0 \x01";
  message.events = {{from_millis(1'700'000'000'000), "returned", 0, 9, "312 NO_ROUTE"}};
  message.recipients = {{"a@x", "refused", 550, "5.1.1", "no such user", "mx.test:25", from_millis(1'700'000'000'008)},
                        {"b@x", "unknown", 0, "", "", "", from_millis(1'700'000'000'009)}};
  return message;
}

TEST(Types, AMessageReadsAsItWasWritten) {
  const auto read = parse_message(to_json(sample()));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read.value(), sample());
}

TEST(Types, AnEmptyMessageReadsAsItWasWritten) {
  const auto read = parse_message(to_json(MessageView{}));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read.value(), MessageView{});
}

TEST(Types, TellsAnUndecidedQueueFromAnExternalOne) {
  MessageView message;
  EXPECT_EQ(parse_message(to_json(message)).value().queue, std::nullopt);
  message.queue = "";
  EXPECT_EQ(parse_message(to_json(message)).value().queue, "");
}

TEST(Types, AnyBytesOfABodyComeBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  MessageView message;
  message.body = bytes;
  EXPECT_EQ(parse_message(to_json(message)).value().body, bytes);
}

TEST(Types, TextThatIsNotUtf8IsShownWithReplacements) {
  MessageView message;
  message.last_error = "a\xC3(b\xF0\x9F\x98\x80\xFF";
  EXPECT_EQ(parse_message(to_json(message)).value().last_error, "a\xEF\xBF\xBD(b\xF0\x9F\x98\x80\xEF\xBF\xBD");
}

TEST(Types, OfARepeatedHeaderTheLastValueIsShown) {
  MessageView message;
  message.headers = {{"a", "1"}, {"a", "2"}};
  EXPECT_EQ(parse_message(to_json(message)).value().headers, (Headers{{"a", "2"}}));
}

TEST(Types, AListLeavesBodiesAndEventsOut) {
  const auto list = parse_message_list(to_json(MessageListView{{sample(), sample()}}));
  ASSERT_TRUE(list.ok()) << list.error().message;
  MessageView expected = sample();
  expected.body.reset();
  expected.events.clear();
  expected.recipients.clear();
  EXPECT_EQ(list.value().messages, (std::vector<MessageView>{expected, expected}));
}

TEST(Types, TheOtherAnswersReadAsTheyWereWritten) {
  const StatsView stats{{1, 2, 3, 4, 5, 6, 7, 8}, 9, 10, from_millis(1), from_millis(2)};
  EXPECT_EQ(parse_stats(to_json(stats)).value(), stats);
  EXPECT_EQ(parse_stats(to_json(StatsView{})).value(), StatsView{});
  const StateChange change{"7", State::kDead};
  EXPECT_EQ(parse_state_change(to_json(change)).value(), change);
  const ReadyView ready{false, "why"};
  EXPECT_EQ(parse_ready(to_json(ready)).value(), ready);
  const ErrorView error{"conflict", "too late", {{"a", "b"}, {"c", "d"}}};
  EXPECT_EQ(parse_error(to_json(error)).value(), error);
}

TEST(Types, TheClassicAnswerHasItsThreeForms) {
  const ClassicView accepted{0, "成功", "42", {}};
  EXPECT_EQ(to_json(accepted), R"({"code":0,"msg":"成功","data":{"msgId":"42"}})");
  const ClassicView refused{201, "subject: it is empty", "", {{"subject", "it is empty"}}};
  EXPECT_EQ(
      to_json(refused),
      R"({"code":201,"msg":"subject: it is empty","data":{"errors":[{"field":"subject","message":"it is empty"}]}})");
  const ClassicView failed{-1, "try later", "", {}};
  EXPECT_EQ(to_json(failed), R"({"code":-1,"msg":"try later","data":null})");
  const ClassicView doubtful{-1, "try later", "", {}, "in_doubt"};
  EXPECT_EQ(to_json(doubtful), R"({"code":-1,"msg":"try later","data":{"reason":"in_doubt"}})");
  EXPECT_EQ(parse_classic(to_json(doubtful)).value(), doubtful);
  for (const ClassicView& answer : {accepted, refused, failed})
    EXPECT_EQ(parse_classic(to_json(answer)).value(), answer);
}

TEST(Types, AnswersOfANewerServerAreRead) {
  EXPECT_EQ(parse_ready(R"({"ready":true,"reason":null,"since":[1,{"x":2}]})").value(), (ReadyView{true, ""}));
}

TEST(Types, AnUnreadableAnswerSaysWhatIsWrong) {
  EXPECT_EQ(parse_ready("<html>").error().message, "the server's answer is not a JSON object");
  EXPECT_EQ(parse_ready("[]").error().message, "the server's answer is not a JSON object");
  EXPECT_EQ(parse_ready(R"({"reason":null})").error().message, "the server's answer has no 'ready'");
  EXPECT_EQ(parse_ready(R"({"ready":1,"reason":null})").error().message,
            "the server's answer has a 'ready' that is not true or false");
  EXPECT_FALSE(parse_state_change(R"({"id":"1","status":{"name":"new_state"}})").ok());
  EXPECT_FALSE(parse_message_list(R"({"messages":[1]})").ok());
  EXPECT_FALSE(parse_error(R"({"error":"x"})").ok());
  EXPECT_FALSE(parse_classic(R"({"code":0,"msg":"m","data":[]})").ok());
  EXPECT_FALSE(parse_classic(R"({"code":0.5,"msg":"m","data":null})").ok());
}

TEST(Types, TimesOfTheWrongFormAreRefused) {
  const auto with_time = [](const std::string& time) {
    return R"({"states":{"sending":0,"sent":0,"send_failed":0,"consumed":0,"consume_failed":0,"dead":0,)"
           R"("outcome_unknown":0,"cancelled":0},"lapse_count":0,"unknown_count":0,"oldest_open":null,"now":")" +
           time + "\"}";
  };
  EXPECT_EQ(to_millis(parse_stats(with_time("2024-02-29T23:59:59.999Z")).value().now), 1'709'251'199'999);
  for (const std::string wrong : {"2023-02-29T00:00:00.000Z", "2024-02-29 00:00:00.000Z", "2024-02-29T00:00:00.000+",
                                  "", "2024-0x-29T00:00:00.000Z"}) {
    EXPECT_FALSE(parse_stats(with_time(wrong)).ok()) << wrong;
  }
}

TEST(Types, RequestsReadAsTheyWereWritten) {
  EXPECT_TRUE(std::get<RetryRequest>(parse_retry_request(to_json(RetryRequest{true}))).again);
  EXPECT_FALSE(std::get<RetryRequest>(parse_retry_request(to_json(RetryRequest{false}))).again);
  EXPECT_FALSE(std::get<RetryRequest>(parse_retry_request("")).again);
  EXPECT_TRUE(std::get<ResolveRequest>(parse_resolve_request(to_json(ResolveRequest{true}))).happened);
  EXPECT_FALSE(std::get<ResolveRequest>(parse_resolve_request(to_json(ResolveRequest{false}))).happened);
  EXPECT_EQ(to_json(SendMail{"s", "c", {"a@b.c", "d@e.f"}}),
            R"({"subject":"s","content":"c","tos":["a@b.c","d@e.f"]})");
}

TEST(Base64, FollowsTheVectorsOfTheStandard) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, RefusesWhatItWouldNotWrite) {
  for (const std::string wrong :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Z===", "====", "Zm 9", "Zm9v\n", "Zm-v"}) {
    EXPECT_FALSE(base64_decode(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace waybill::api
