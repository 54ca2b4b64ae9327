#include "api/message_request.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace waybill::api {
namespace {

constexpr WallTime kNow = from_millis(1'769'846'400'000);  // 2026-01-31T08:00:00Z

std::string item(const std::string& more = "", const std::string& body = R"("body":"b")") {
  return R"({"exchange":"e","routing_key":"k",)" + body + (more.empty() ? "" : "," + more) + "}";
}

MessagesRequest read(const std::string& json) {
  auto parsed = parse_messages(json, kNow);
  EXPECT_TRUE(std::holds_alternative<MessagesRequest>(parsed)) << json << ": " << std::get<ErrorView>(parsed).message;
  return std::get<MessagesRequest>(std::move(parsed));
}

Message read_one(const std::string& json) {
  MessagesRequest request = read(json);
  EXPECT_EQ(request.form, MessagesRequest::Form::kOne);
  EXPECT_EQ(request.messages.size(), 1U);
  auto* error = std::get_if<ErrorView>(&request.messages.at(0));
  EXPECT_EQ(error, nullptr) << json << ": " << error->message;
  return std::get<Message>(std::move(request.messages.at(0)));
}

// The fields that are named as wrong in the only message.
std::vector<std::string> refused(const std::string& json) {
  const MessagesRequest request = read(json);
  const auto* error = std::get_if<ErrorView>(&request.messages.at(0));
  EXPECT_NE(error, nullptr) << json;
  if (error == nullptr) return {};
  EXPECT_EQ(error->code, "invalid_request");
  EXPECT_FALSE(error->message.empty());
  std::vector<std::string> fields;
  for (const FieldError& field : error->fields) fields.push_back(field.field);
  return fields;
}

using Fields = std::vector<std::string>;

TEST(MessageRequest, EveryFieldIsRead) {
  const Message message = read_one(
      R"( {"id":"order-1","exchange":"e","routing_key":"k.1","body":"text","content_type":"text/plain",)"
      R"("headers":{"b":"2","a":""},"deliver_at":"2026-02-01T08:00:00.5+00:00","retry":{"attempts":5,"delay_ms":100}} )");
  EXPECT_EQ(message.id.value, "order-1");
  EXPECT_EQ(message.route, (Route{"e", "k.1"}));
  EXPECT_EQ(message.body, Body("text"));
  EXPECT_EQ(message.content_type, "text/plain");
  EXPECT_EQ(message.headers, (Headers{{"b", "2"}, {"a", ""}}));
  EXPECT_EQ(message.not_before, kNow + std::chrono::hours(24) + Duration(500));
  EXPECT_EQ(message.retry, (RetryPolicy{5, FixedDelay{Duration(100)}}));
}

TEST(MessageRequest, WhatIsLeftOutStaysEmpty) {
  const Message message = read_one(R"({"exchange":"","routing_key":"","body":""})");
  EXPECT_EQ(message.id.value, "");
  EXPECT_EQ(message.route, (Route{"", ""}));
  EXPECT_EQ(message.body, Body(""));
  EXPECT_TRUE(message.content_type.empty() && message.headers.empty() && !message.retry && !message.not_before);
}

TEST(MessageRequest, AStringIsItsText) {
  EXPECT_EQ(read_one(item("", R"("body":"a \"b\" \\ \/ \n \u00e9 \ud83d\ude00 Grüße")")).body.bytes(),
            "a \"b\" \\ / \n \u00e9 \U0001F600 Grüße");
  EXPECT_FALSE(read_one(item()).body.binary());
  const Message zero = read_one(item("", R"("body":"a\u0000b")"));
  EXPECT_EQ(zero.body.bytes(), std::string("a\0b", 3));
  EXPECT_TRUE(zero.body.binary()) << "text columns hold no NUL";
  const std::string large(300'000, 'x');
  EXPECT_EQ(read_one(item("", R"("body":")" + large + R"(")")).body.bytes(), large);
  EXPECT_EQ(read_one(item("", R"("body":")" + large + R"(\n)" + large + R"(")")).body.bytes(), large + "\n" + large);
}

TEST(MessageRequest, OtherJsonIsItsCompactText) {
  const auto body = [](const std::string& json) { return read_one(item("", R"("body": )" + json)).body.bytes(); };
  EXPECT_EQ(
      body(
          R"({ "a" : [ 1 , 2.50 , -0 , 1e3, 18446744073709551615, true , null , "x\ny\u0001" ] , "b" : { } , "a":[]})"),
      R"({"a":[1,2.50,-0,1e3,18446744073709551615,true,null,"x\ny\u0001"],"b":{},"a":[]})");
  EXPECT_EQ(body("[ ]"), "[]");
  EXPECT_EQ(body("[[],{},[[1]]]"), "[[],{},[[1]]]");
  EXPECT_EQ(body("7"), "7");
  EXPECT_EQ(body("-0.5E-3"), "-0.5E-3");
  EXPECT_EQ(body("1e999"), "1e999") << "no number is too large to be text";
  EXPECT_EQ(body("true"), "true");
  EXPECT_EQ(body("null"), "null");
  EXPECT_EQ(body(R"({"ü\"":"ö"})"), R"({"ü\"":"ö"})");
  EXPECT_FALSE(read_one(item("", R"("body":{})")).body.binary());
}

TEST(MessageRequest, Base64IsBytes) {
  const Message message = read_one(item("", R"("body_base64":"AP/+IHo=")"));
  EXPECT_EQ(message.body, Body(std::string("\x00\xff\xfe z", 5), /*binary=*/true));
  EXPECT_EQ(read_one(item("", R"("body_base64":"")")).body.size(), 0U);
  for (const char* wrong : {"A", "AP/+IHo", "AP/+IHp=", "AP/-IHo=", "AP/+ IHo="}) {
    EXPECT_EQ(refused(item("", R"("body_base64":")" + std::string(wrong) + '"')), Fields{"body_base64"}) << wrong;
  }
}

TEST(MessageRequest, MissingFieldsAreNamed) {
  EXPECT_EQ(refused("{}"), (Fields{"exchange", "routing_key", "body"}));
  EXPECT_EQ(refused(R"({"exchange":"e","body":"b"})"), Fields{"routing_key"});
  EXPECT_EQ(refused(item("", R"("content_type":"x")")), Fields{"body"});
  EXPECT_EQ(refused(item(R"("body_base64":"")")), Fields{"body_base64"});
}

TEST(MessageRequest, UnknownAndRepeatedFieldsAreRefused) {
  EXPECT_EQ(refused(item(R"("extra":{"exchange":["x",{}]})")), Fields{"extra"});
  EXPECT_EQ(refused(item(R"("Body":"b")")), Fields{"Body"});
  EXPECT_EQ(refused(item(R"("body":"c")")), Fields{"body"});
  EXPECT_EQ(refused(item(R"("exchange":"e")")), Fields{"exchange"});
  EXPECT_EQ(refused(item(R"("body":{"a":1},"body":[1])")), (Fields{"body", "body"}));
  EXPECT_EQ(refused(item(R"("headers":{"a":"1","a":"1"})")), Fields{"headers.a"});
  EXPECT_EQ(refused(item(R"("headers":{},"headers":{"b":"1"})")), Fields{"headers"});
  EXPECT_EQ(refused(item(R"("deliver_at":"2026-01-31T08:00:00Z","deliver_at":"2026-01-31T08:00:00Z")")),
            Fields{"deliver_at"});
}

TEST(MessageRequest, WrongTypesAreRefused) {
  for (const char* value : {"7", "1.5", "true", "null", "[]", "[1,[2]]", "{}", R"({"a":{"b":[1]}})"}) {
    for (const char* field : {"id", "content_type", "deliver_at", "retry"}) {
      EXPECT_EQ(refused(item('"' + std::string(field) + "\":" + value)), Fields{field}) << value;
    }
    EXPECT_EQ(refused(R"({"exchange":)" + std::string(value) + R"(,"routing_key":"k","body":"b"})"),
              Fields{"exchange"});
    EXPECT_EQ(refused(item("", R"("body_base64":)" + std::string(value))), Fields{"body_base64"});
  }
  for (const char* value : {"7", "\"a\"", "null", "[]", R"([{"a":"b"}])"}) {
    EXPECT_EQ(refused(item(R"("headers":)" + std::string(value))), Fields{"headers"}) << value;
  }
  for (const char* value : {"7", "null", "true", "[]", "{}", R"([{"a":"b"}])", R"({"a":["b"]})"}) {
    EXPECT_EQ(refused(item(R"("headers":{"x":)" + std::string(value) + R"(,"y":"1"})")), Fields{"headers.x"}) << value;
  }
}

TEST(MessageRequest, NamesAreBoundedTextWithoutControlCharacters) {
  const std::string most(255, 'n');
  EXPECT_EQ(read_one(R"({"exchange":")" + most + R"(","routing_key":")" + most + R"(","body":"b"})").route,
            (Route{most, most}));
  for (const std::string& bad : {most + "n", std::string(R"(a\u0000b)"), std::string(R"(a\nb)"), std::string("\xC3("),
                                 std::string("\xED\xA0\x80")}) {
    EXPECT_EQ(refused(R"({"exchange":")" + bad + R"(","routing_key":"k","body":"b"})"), Fields{"exchange"});
    EXPECT_EQ(refused(R"({"exchange":"e","routing_key":")" + bad + R"(","body":"b"})"), Fields{"routing_key"});
    EXPECT_EQ(refused(item(R"("content_type":")" + bad + '"')), Fields{"content_type"});
    EXPECT_EQ(refused(item(R"("id":")" + bad + '"')), Fields{"id"});
    EXPECT_EQ(refused(item(R"("headers":{")" + bad + R"(":"v"})")).size(), 1U);
  }
}

TEST(MessageRequest, IdsThatAreReservedOrTooLongAreRefused) {
  EXPECT_EQ(read_one(item(R"("id":")" + std::string(155, 'i') + '"')).id.value.size(), 155U);
  EXPECT_EQ(refused(item(R"("id":")" + std::string(156, 'i') + '"')), Fields{"id"});
  EXPECT_EQ(refused(item(R"("id":"")")), Fields{"id"});
  EXPECT_EQ(refused(item(R"("id":"waybill.dead.7.1")")), Fields{"id"});
}

TEST(MessageRequest, HeadersAreBoundedAndOursAreReserved) {
  for (const char* name : {"x-waybill-log", "x-waybill-", "X-Waybill-Digest", "x-wAYBILL-new"}) {
    EXPECT_EQ(refused(item(R"("headers":{")" + std::string(name) + R"(":"v"})")),
              Fields{"headers." + std::string(name)});
  }
  EXPECT_EQ(read_one(item(R"("headers":{"x-waybil":"v"})")).headers.size(), 1U);
  EXPECT_EQ(refused(item(R"("headers":{"":"v"})")), Fields{"headers"});
  EXPECT_EQ(refused(item(R"("headers":{"a":")"
                         "\xFF"
                         R"("})")),
            Fields{"headers.a"});
  std::string many;
  for (int i = 0; i < 64; ++i) many += (i == 0 ? "" : ",") + ('"' + std::to_string(i) + R"(":"v")");
  EXPECT_EQ(read_one(item(R"("headers":{)" + many + "}")).headers.size(), 64U);
  EXPECT_EQ(refused(item(R"("headers":{)" + many + R"(,"65":"v"})")), Fields{"headers"});
  EXPECT_EQ(refused(item(R"("headers":{"a":")" + std::string(32'768, 'v') + R"("})")), Fields{"headers"});
}

TEST(MessageRequest, DeliverAtIsATimeUpToAYearAhead) {
  const auto at = [](const std::string& time) { return item(R"("deliver_at":")" + time + '"'); };
  const WallTime latest = kNow + std::chrono::hours(24 * 366);
  EXPECT_EQ(read_one(at(to_rfc3339(latest))).not_before, latest);
  EXPECT_EQ(refused(at(to_rfc3339(latest + Duration(1)))), Fields{"deliver_at"});
  EXPECT_EQ(refused(at("9999-12-31T23:59:59Z")), Fields{"deliver_at"});
  EXPECT_EQ(read_one(at("0000-01-01T00:00:00Z")).not_before, from_millis(-62'167'219'200'000));
  for (const char* wrong : {"", "tomorrow", "2026-02-01", "2026-02-01T08:00:00", "1769846400"}) {
    EXPECT_EQ(refused(at(wrong)), Fields{"deliver_at"}) << wrong;
  }
}

TEST(MessageRequest, RetryPoliciesInEveryForm) {
  const auto policy = [](const std::string& json) {
    return to_string(read_one(item(R"("retry":)" + json)).retry.value());
  };
  EXPECT_EQ(policy(R"({"attempts":3,"delay_ms":8000})"), "fixed 3 8000");
  EXPECT_EQ(policy(R"({"longest_ms":60000,"first_ms":1000,"attempts":10})"), "exponential 10 1000 60000");
  EXPECT_EQ(policy(R"({"attempts":4,"delays_ms":[1000,5000,30000]})"), "list 4 1000,5000,30000");
  EXPECT_EQ(policy(R"({"attempts":1,"delay_ms":0})"), "fixed 1 0");
  EXPECT_EQ(policy(R"("exponential 10 1000 60000")"), "exponential 10 1000 60000");
  for (const char* wrong : {"{}",
                            R"({"attempts":3})",
                            R"({"delay_ms":8000})",
                            R"({"attempts":0,"delay_ms":1})",
                            R"({"attempts":1001,"delay_ms":1})",
                            R"({"attempts":3,"delay_ms":-1})",
                            R"({"attempts":3,"delay_ms":86400001})",
                            R"({"attempts":3,"delay_ms":1.5})",
                            R"({"attempts":3,"delay_ms":1e3})",
                            R"({"attempts":"3","delay_ms":1})",
                            R"({"attempts":3,"delay_ms":null})",
                            R"({"attempts":3,"delay_ms":[1]})",
                            R"({"attempts":3,"delay_ms":{"a":1}})",
                            R"({"attempts":3,"delays_ms":[]})",
                            R"({"attempts":3,"delays_ms":7})",
                            R"({"attempts":3,"delays_ms":["7"]})",
                            R"({"attempts":3,"delays_ms":[[7]]})",
                            R"({"attempts":3,"delays_ms":[{}]})",
                            R"({"attempts":3,"first_ms":1})",
                            R"({"attempts":3,"delay_ms":1,"delays_ms":[1]})",
                            R"({"attempts":3,"first_ms":1,"longest_ms":1,"delay_ms":1})",
                            R"({"attempts":3,"attempts":3,"delay_ms":1})",
                            R"({"attempts":3,"delay_ms":1,"jitter":1})",
                            R"({"attempts":[3],"delay_ms":1})",
                            R"({"attempts":99999999999999999999999,"delay_ms":1})",
                            R"("")",
                            R"("often")",
                            "7",
                            "[3]"}) {
    EXPECT_EQ(refused(item(R"("retry":)" + std::string(wrong))), Fields{"retry"}) << wrong;
  }
  std::string list = "[0";
  for (int i = 0; i < 100; ++i) list += ",0";
  EXPECT_EQ(refused(item(R"("retry":{"attempts":3,"delays_ms":)" + list + "]}")), Fields{"retry"});
}

TEST(MessageRequest, AnArrayKeepsItsOrderAndOneBadItemRefusesOnlyItself) {
  const MessagesRequest request = read("[" + item(R"("id":"0")") + ",7," + item(R"("extra":1)") + ",[[{}]],\"x\",{}," +
                                       item(R"("id":"6")") + ",null]");
  EXPECT_EQ(request.form, MessagesRequest::Form::kArray);
  ASSERT_EQ(request.messages.size(), 8U);
  EXPECT_EQ(std::get<Message>(request.messages[0]).id.value, "0");
  EXPECT_EQ(std::get<Message>(request.messages[6]).id.value, "6");
  const auto first_field = [&](std::size_t at) { return std::get<ErrorView>(request.messages[at]).fields.at(0).field; };
  EXPECT_EQ(first_field(1), "[1]");
  EXPECT_EQ(first_field(2), "[2].extra");
  EXPECT_EQ(first_field(3), "[3]");
  EXPECT_EQ(first_field(4), "[4]");
  EXPECT_EQ(first_field(5), "[5].exchange");
  EXPECT_EQ(first_field(7), "[7]");
  EXPECT_EQ(std::get<ErrorView>(request.messages[2]).message, "'[2].extra' is not a known field");
  EXPECT_EQ(std::get<ErrorView>(request.messages[1]).fields.size(), 1U) << "of a number nothing is missing";
}

TEST(MessageRequest, AnArrayOfOneIsStillAnArray) {
  EXPECT_EQ(read("[" + item() + "]").form, MessagesRequest::Form::kArray);
}

TEST(MessageRequest, WhatIsNotJsonIsRefusedAsAWhole) {
  for (const std::string& text :
       {std::string(""), std::string(" "), std::string("x"), std::string("7"), std::string("\"a\""),
        std::string("null"), std::string("{"), item() + "x", item() + item(), item() + ",", "[" + item(),
        "[" + item() + ",]", std::string("\xEF\xBB\xBF{}"), item("", R"("body":"\ud800")"),
        item("", "\"body\":\"a\nb\""), item("", R"("body":01)"),

        std::string(R"({"body":NaN})"), std::string(1'000'000, '['), "[" + item() + "]]"}) {
    const auto parsed = parse_messages(text, kNow);
    const auto* error = std::get_if<ErrorView>(&parsed);
    ASSERT_NE(error, nullptr) << text.substr(0, 100);
    EXPECT_EQ(error->code, "invalid_json") << text.substr(0, 100);
    EXPECT_EQ(error->fields.size(), 1U);
    EXPECT_FALSE(error->message.empty());
  }
}

TEST(MessageRequest, DepthIsBoundedAndThePlaceNamed) {
  const auto nested = [](std::size_t depth) {
    return "[" + item() + "," + item("", R"("body":)" + std::string(depth, '[') + std::string(depth, ']')) + "]";
  };
  EXPECT_EQ(std::get<Message>(read(nested(30)).messages[1]).body.bytes().size(), 60U);
  const auto parsed = parse_messages(nested(31), kNow);
  EXPECT_EQ(std::get<ErrorView>(parsed).fields.at(0).field, "[1]");
  EXPECT_NE(std::get<ErrorView>(parsed).message.find("deeper than 32 levels"), std::string::npos);
}

TEST(MessageRequest, ThereMustBeMessagesButNotTooMany) {
  const auto error_of = [](const Parsed<MessagesRequest>& parsed) { return std::get<ErrorView>(parsed).message; };
  EXPECT_EQ(error_of(parse_messages("[]", kNow)), "there is no message in the body");
  EXPECT_EQ(error_of(parse_message_lines(" \r\n\n", kNow)), "there is no message in the body");
  std::string items;
  std::string lines;
  for (int i = 0; i < 1'000; ++i) {
    items += (i == 0 ? "" : ",") + item();
    lines += item() + "\n";
  }
  EXPECT_EQ(read("[" + items + "]").messages.size(), 1'000U);
  EXPECT_EQ(std::get<MessagesRequest>(parse_message_lines(lines + "\n \n", kNow)).messages.size(), 1'000U);
  for (const std::string& one : {item(), std::string("7")}) {
    EXPECT_NE(error_of(parse_messages("[" + items + "," + one + "]", kNow)).find("'[1000]' is one too many"),
              std::string::npos);
    EXPECT_NE(error_of(parse_message_lines(lines + one, kNow)).find("'[1000]' is one too many"), std::string::npos);
  }
}

TEST(MessageRequest, LinesAreReadOneByOne) {
  const std::string text = item(R"("id":"0")") + "\r\n\n  \n" + "{\"exchange\":\n" + item(R"("id":"2")") + "7\n" + "[" +
                           item() + "]\n" + "7\n" + item(R"("body":"x")") + "\n" + item("", R"("body":"\ud800")") +
                           "\n" + item(R"("id":"7")");
  const auto parsed = parse_message_lines(text, kNow);
  const auto& request = std::get<MessagesRequest>(parsed);
  EXPECT_EQ(request.form, MessagesRequest::Form::kLines);
  ASSERT_EQ(request.messages.size(), 8U);
  EXPECT_EQ(std::get<Message>(request.messages[0]).id.value, "0");
  EXPECT_EQ(std::get<Message>(request.messages[7]).id.value, "7");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"[1]", "invalid_json"}, {"[2]", "invalid_json"},         {"[3]", "invalid_json"},
      {"[4]", "invalid_json"}, {"[5].body", "invalid_request"}, {"[6]", "invalid_json"}};
  for (std::size_t i = 1; i <= 6; ++i) {
    const auto& error = std::get<ErrorView>(request.messages[i]);
    EXPECT_EQ(error.fields.at(0).field, expected[i - 1].first);
    EXPECT_EQ(error.code, expected[i - 1].second) << i;
  }
}

TEST(MessageRequest, OneLineIsStillMany) {
  EXPECT_EQ(std::get<MessagesRequest>(parse_message_lines(item(), kNow)).form, MessagesRequest::Form::kLines);
}

TEST(MessageRequest, ErrorsAreBoundedAndShort) {
  std::string more = R"("first":1)";
  for (int i = 0; i < 5'000; ++i) more += R"(,"u)" + std::to_string(i) + R"(":{})";
  more += R"(,")" + std::string(100'000, 'n') + R"(":1)";
  const MessagesRequest request = read(item(more));
  const auto& error = std::get<ErrorView>(request.messages[0]);
  EXPECT_EQ(error.fields.size(), 16U);
  EXPECT_EQ(error.message, "'first' is not a known field; 5001 more of its fields are wrong");
  EXPECT_LT(to_json(error).size(), 4'000U);
  EXPECT_LT(refused(item('"' + std::string(100'000, 'n') + "\":1")).at(0).size(), 100U);
}

TEST(MessageRequest, NothingOfAMessageReachesTheNext) {
  const MessagesRequest request =
      read("[" +
           item(R"("id":"0","headers":{"a":"1"},"content_type":"c","retry":{"attempts":2,"delay_ms":1},)"
                R"("deliver_at":"2026-02-01T00:00:00Z")") +
           R"(,{"routing_key":"k","body":"x"},)" + item("", R"("body":[1])") + "]");
  const Message& last = std::get<Message>(request.messages[2]);
  EXPECT_TRUE(last.id.value.empty() && last.headers.empty() && last.content_type.empty() && !last.retry &&
              !last.not_before);
  EXPECT_EQ(last.body.bytes(), "[1]");
  EXPECT_EQ(std::get<ErrorView>(request.messages[1]).fields.at(0).field, "[1].exchange");
}

TEST(RequestDigest, IsThatOfTheMessageHoweverItIsWritten) {
  const std::string plain = R"({"exchange":"e","routing_key":"k","body":"[1,2]","headers":{"a":"1","b":"2"}})";
  const Digest digest = request_digest(read_one(plain));
  for (const char* same :
       {R"({"headers":{"b":"2","a":"1"},"body":[ 1, 2 ],"routing_key":"k","exchange":"\u0065"})",
        R"({"exchange":"e","routing_key":"k","body_base64":"WzEsMl0=","headers":{"a":"1","b":"2"}})"}) {
    EXPECT_EQ(request_digest(read_one(same)), digest) << same;
  }
}

TEST(RequestDigest, EveryFieldCounts) {
  std::vector<Digest> digests;
  for (const std::string& json :
       {item(), item(R"("id":"k")"), item(R"("content_type":"k")"), item(R"("headers":{"a":"1"})"),
        item(R"("headers":{"a":"2"})"), item(R"("headers":{"a1":""})"), item(R"("deliver_at":"2026-02-01T00:00:00Z")"),
        item(R"("deliver_at":"2020-02-01T00:00:00Z")"), item(R"("retry":{"attempts":2,"delay_ms":1})"),
        item(R"("retry":{"attempts":2,"delays_ms":[1]})"), item("", R"("body":"c")"),
        std::string(R"({"exchange":"ek","routing_key":"","body":"b"})"),
        std::string(R"({"exchange":"","routing_key":"ek","body":"b"})")}) {
    digests.push_back(request_digest(read_one(json)));
  }
  std::sort(digests.begin(), digests.end());
  EXPECT_EQ(std::adjacent_find(digests.begin(), digests.end()), digests.end());
}

}  // namespace
}  // namespace waybill::api
