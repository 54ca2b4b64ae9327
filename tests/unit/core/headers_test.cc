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
          .crashes = 2,
          .body_in_log = 300'000};
}

Headers marked(std::string text) { return {{std::string(kHeaderMark), std::move(text)}}; }

TEST(Mark, ComesBackAsItWasWritten) {
  const auto mark = read_mark(with_mark(example_message(), example_mark()));
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->log, "log-1");
  EXPECT_EQ(mark->publish_number, 42);
  EXPECT_EQ(mark->publish_time, from_millis(1'767'225'600'123));
  EXPECT_EQ(mark->digest, sha256("body"));
  EXPECT_EQ(mark->crashes, 2);
  EXPECT_EQ(mark->body_in_log, 300'000U);
}

TEST(Mark, IsOneHeaderThatPeopleCanRead) {
  const Headers headers = with_mark(example_message(), example_mark());
  EXPECT_EQ(headers.back(), std::pair(std::string("x-waybill-mark"),
                                      "log=log-1 publish=42 time=1767225600123 digest=" + to_hex(sha256("body")) +
                                          " crashes=2 body=300000 exchange=mail.exchange key=mail.routing.key"));
}

TEST(Mark, IsReadWhateverTheRouteIsCalled) {
  Message message = example_message();
  for (const char* name : {"", "two words", "a publish=7 b", "=", " ", "exchange= key="}) {
    message.route = {name, name};
    const auto mark = read_mark(with_mark(message, example_mark()));
    ASSERT_TRUE(mark.has_value()) << name;
    EXPECT_EQ(mark->publish_number, 42) << name;
    EXPECT_EQ(mark->crashes, 2) << name;
  }
}

TEST(Mark, WordsOfALaterVersionArePassedOver) {
  const auto mark = read_mark(marked("new=1 log=a later publish=3 time=4 newer="));
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->publish_number, 3);
}

TEST(Mark, LeavesTheMessagesOwnHeadersInFront) {
  const Headers headers = with_mark(example_message(), example_mark());
  EXPECT_EQ(Headers(headers.begin(), headers.begin() + 2), example_message().headers);
}

TEST(Mark, IsTakenOffAgain) {
  EXPECT_EQ(without_mark(with_mark(example_message(), example_mark())), example_message().headers);
  EXPECT_EQ(without_mark({}), Headers{});
}

TEST(Mark, WithoutCrashesOrDigestSaysNothingOfThem) {
  Mark mark = example_mark();
  mark.crashes = 0;
  mark.digest.reset();
  mark.body_in_log.reset();
  const Headers headers = with_mark(example_message(), mark);
  EXPECT_EQ(headers.back().second.find("crashes"), std::string::npos);
  EXPECT_EQ(headers.back().second.find("digest"), std::string::npos);
  const auto read = read_mark(headers);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->crashes, 0);
  EXPECT_EQ(read->digest, std::nullopt);
  EXPECT_EQ(read->body_in_log, std::nullopt);
}

TEST(Mark, IsNotReadWhenIncompleteOrGarbled) {
  EXPECT_EQ(read_mark({}), std::nullopt);
  for (const char* text :
       {"", " ", "=", "log=a", "log=a publish=1", "log=a time=1", "publish=1 time=1", "log= publish=1 time=1",
        "log=a publish=x time=1", "log=a publish=1 time=", "log=a publish=99999999999999999999 time=1",
        "log=a publish=1x time=1", "exchange= key= log=a publish=1 time=1", "log=a publish=1 time=1 body=many",
        "log publish time"}) {
    EXPECT_FALSE(read_mark(marked(text)).has_value()) << "'" << text << "'";
  }
}

TEST(Mark, WithAGarbledDigestHasNone) {
  const auto mark = read_mark(marked("log=a publish=1 time=1 digest=none crashes=many"));
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->digest, std::nullopt);
  EXPECT_EQ(mark->crashes, 0);
}

TEST(Mark, TellsItsPublishNumberAlone) {
  EXPECT_EQ(publish_number_of(with_mark(example_message(), example_mark())), 42);
  EXPECT_EQ(publish_number_of({}), 0);
  EXPECT_EQ(publish_number_of(marked("log=a publish=x")), 0);
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
  message.headers = {{"x-waybill-mark", "log=another publish=1 time=1 crashes=3"},
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
