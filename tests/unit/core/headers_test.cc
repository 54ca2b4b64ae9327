#include "core/headers.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace waybill {
namespace {

Message example_message() {
  Message message;
  message.id = {"m"};
  message.route = {"mail.exchange", "mail.routing.key"};
  message.headers = {{"tenant", "7"}, {"tenant", "8"}};
  return message;
}

Mark example_mark() {
  return {.log = "log-1",
          .publish_number = 42,
          .publish_time = from_millis(1'767'225'600'123),
          .digest = sha256("body"),
          .crashes = 2};
}

void erase(Headers& headers, std::string_view name) {
  std::erase_if(headers, [&](const auto& header) { return header.first == name; });
}

void replace(Headers& headers, std::string_view name, std::string value) {
  erase(headers, name);
  headers.emplace_back(name, std::move(value));
}

TEST(Mark, ComesBackAsItWasWritten) {
  const auto mark = read_mark(with_mark(example_message(), example_mark()));
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->log, "log-1");
  EXPECT_EQ(mark->publish_number, 42);
  EXPECT_EQ(mark->publish_time, from_millis(1'767'225'600'123));
  EXPECT_EQ(mark->digest, sha256("body"));
  EXPECT_EQ(mark->crashes, 2);
}

TEST(Mark, NamesTheOriginalRoute) {
  const Headers headers = with_mark(example_message(), example_mark());
  const auto has = [&](std::string_view name, std::string_view value) {
    return std::ranges::find(headers, std::pair(std::string(name), std::string(value))) != headers.end();
  };
  EXPECT_TRUE(has(kHeaderExchange, "mail.exchange"));
  EXPECT_TRUE(has(kHeaderKey, "mail.routing.key"));
}

TEST(Mark, LeavesTheMessagesOwnHeadersInFront) {
  const Headers headers = with_mark(example_message(), example_mark());
  EXPECT_EQ(Headers(headers.begin(), headers.begin() + 2), example_message().headers);
}

TEST(Mark, IsTakenOffAgain) {
  EXPECT_EQ(without_mark(with_mark(example_message(), example_mark())), example_message().headers);
  EXPECT_EQ(without_mark({}), Headers{});
}

TEST(Mark, WithoutCrashesOrDigestHasNoSuchHeaders) {
  Mark mark = example_mark();
  mark.crashes = 0;
  mark.digest.reset();
  const Headers headers = with_mark(example_message(), mark);
  for (const auto& [name, _] : headers) {
    EXPECT_NE(name, kHeaderCrashes);
    EXPECT_NE(name, kHeaderDigest);
  }
  const auto read = read_mark(headers);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->crashes, 0);
  EXPECT_EQ(read->digest, std::nullopt);
}

TEST(Mark, IsNotReadWhenIncomplete) {
  EXPECT_EQ(read_mark({}), std::nullopt);
  for (const auto name : {kHeaderLog, kHeaderPublish, kHeaderTime}) {
    Headers headers = with_mark(example_message(), example_mark());
    erase(headers, name);
    EXPECT_FALSE(read_mark(headers).has_value()) << name;
  }
}

TEST(Mark, IsNotReadFromGarbage) {
  for (const auto name : {kHeaderPublish, kHeaderTime}) {
    for (const char* garbage : {"", "x", "99999999999999999999"}) {
      Headers headers = with_mark(example_message(), example_mark());
      replace(headers, name, garbage);
      EXPECT_FALSE(read_mark(headers).has_value()) << name << " = '" << garbage << "'";
    }
  }
}

TEST(Mark, WithAGarbledDigestHasNone) {
  Headers headers = with_mark(example_message(), example_mark());
  replace(headers, kHeaderDigest, "not a digest");
  const auto mark = read_mark(headers);
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->digest, std::nullopt);
}

TEST(Digest, ComesBackFromItsHexForm) {
  const Digest digest = sha256("waybill");
  EXPECT_EQ(parse_digest(to_hex(digest)), digest);
}

TEST(Digest, IsReadFromSixtyFourLowerCaseHexDigitsOnly) {
  const std::string hex = to_hex(sha256("waybill"));
  EXPECT_EQ(parse_digest(hex.substr(1)), std::nullopt);
  EXPECT_EQ(parse_digest(hex + "0"), std::nullopt);
  EXPECT_EQ(parse_digest(std::string(64, 'g')), std::nullopt);
  EXPECT_EQ(parse_digest(std::string(64, 'A')), std::nullopt);
  EXPECT_EQ(parse_digest(""), std::nullopt);
}

TEST(HeadersTest, NamesOfOursAmongTheMessagesOwnAreNotTakenForTheMark) {
  Message message;
  message.headers = {{"x-waybill-log", "another"},
                     {"x-waybill-crashes", "3"},
                     {"x-custom", "kept"},
                     {std::string(kHeaderDeadOf), "m"}};
  const auto headers = with_mark(message, Mark{"ours", 7, from_millis(1), std::nullopt, 0});
  const auto mark = read_mark(headers);
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->log, "ours");
  EXPECT_EQ(mark->crashes, 0);
  EXPECT_EQ(headers.front(), (std::pair<std::string, std::string>{"x-custom", "kept"}));
  EXPECT_EQ(headers[1].second, "m") << "what a dead-letter copy is a copy of";
}

}  // namespace
}  // namespace waybill
