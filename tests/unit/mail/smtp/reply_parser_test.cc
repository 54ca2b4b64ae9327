#include "mail/smtp/reply_parser.h"

#include <gtest/gtest.h>

#include <vector>

#include "mail/smtp/extensions.h"

namespace waybill::smtp {
namespace {

// All replies in `bytes`, fed in pieces of `piece`; an error becomes a reply of code 0 that carries it.
std::vector<Reply> parse(std::string_view bytes, std::size_t piece = 1'000'000) {
  ReplyParser parser;
  std::vector<Reply> replies;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    parser.feed(bytes.substr(at, piece));
    for (;;) {
      auto next = parser.next();
      if (!next) {
        replies.push_back({0, "", next.error().message});
        return replies;
      }
      if (!next->has_value()) break;
      replies.push_back(**next);
    }
  }
  return replies;
}

TEST(ReplyParser, ReadsCodeEnhancedCodeAndText) {
  EXPECT_EQ(parse("550 5.1.1 no such user\r\n"), (std::vector<Reply>{{550, "5.1.1", "no such user"}}));
  EXPECT_EQ(parse("250 ok\n"), (std::vector<Reply>{{250, "", "ok"}}));
}

TEST(ReplyParser, ReadsACodeAlone) {
  EXPECT_EQ(parse("250\r\n354 \r\n"), (std::vector<Reply>{{250, "", ""}, {354, "", ""}}));
}

TEST(ReplyParser, JoinsTheLinesOfOneReply) {
  EXPECT_EQ(parse("550-5.7.1 we do not\r\n550-\r\n550 5.7.1 want this\r\n"),
            (std::vector<Reply>{{550, "5.7.1", "we do not want this"}}));
  EXPECT_EQ(parse("250-one\r\n250\r\n"), (std::vector<Reply>{{250, "", "one"}}));
}

TEST(ReplyParser, AnEnhancedCodeOfAnotherClassIsText) {
  EXPECT_EQ(parse("450 5.1.1 odd\r\n"), (std::vector<Reply>{{450, "", "5.1.1 odd"}}));
  EXPECT_EQ(parse("550 5.1.1111 odd\r\n"), (std::vector<Reply>{{550, "", "5.1.1111 odd"}}));
  EXPECT_EQ(parse("550 5.1\r\n"), (std::vector<Reply>{{550, "", "5.1"}}));
  EXPECT_EQ(parse("550 5.1.1\r\n"), (std::vector<Reply>{{550, "5.1.1", ""}}));
}

TEST(ReplyParser, PiecesOfAnySizeMakeTheSameReplies) {
  const std::string bytes = "250-a\r\n250 b\r\n421 4.3.2 bye\r\n250\r\n";
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) EXPECT_EQ(parse(bytes, piece), parse(bytes)) << piece;
}

TEST(ReplyParser, WhatIsNotAReplyIsRefused) {
  for (const char* bytes : {"hello\r\n", "\r\n", "25\r\n", "150 early\r\n", "650 late\r\n", "250x\r\n", "2500 x\r\n",
                            "250-a\r\n251 b\r\n", "HTTP/1.1 200 OK\r\n"}) {
    const auto replies = parse(bytes);
    ASSERT_EQ(replies.size(), 1U) << bytes;
    EXPECT_EQ(replies[0].code, 0) << bytes;
  }
}

TEST(ReplyParser, LineAndReplyAreBounded) {
  ReplyParser parser;
  parser.feed(std::string(kReplyLineMax + 1, '2'));
  EXPECT_FALSE(parser.next());
  std::string many;
  for (int i = 0; i < 101; ++i) many += "250-x\r\n";
  EXPECT_EQ(parse(many + "250 x\r\n").back().code, 0);
  const auto longest = parse("250 " + std::string(kReplyLineMax - 5, 'x') + "\r\n");
  ASSERT_EQ(longest.size(), 1U);
  EXPECT_EQ(longest[0].text.size(), kReplyTextMax);
}

TEST(ReplyParser, TextIsFitToShow) {
  EXPECT_EQ(parse(std::string("250 a\0b\x1b[31m\r\n", 14))[0].text, "a b [31m");
  EXPECT_EQ(parse("250 caf\xc3\xa9\r\n")[0].text, "caf\xc3\xa9");
  EXPECT_EQ(parse("250 caf\xe9\r\n")[0].text, "caf?");
  std::string cut = "x";
  while (cut.size() <= kReplyTextMax) cut += "\xc3\xa9";
  EXPECT_EQ(fit_to_show(cut).size(), kReplyTextMax - 1);  // 1000 would be within a character
}

TEST(ReplyParser, KnowsOfARest) {
  ReplyParser parser;
  parser.feed("250 a\r\n2");
  ASSERT_TRUE(parser.next());
  EXPECT_TRUE(parser.has_rest());
  parser.feed("50-b\r\n");
  ASSERT_TRUE(parser.next());
  EXPECT_TRUE(parser.has_rest());
  parser.feed("250 c\r\n");
  ASSERT_TRUE(parser.next());
  EXPECT_FALSE(parser.has_rest());
}

TEST(ExtensionListener, KeepsWhatTheLastEhloWasAnswered) {
  ExtensionListener listener;
  for (const char* line : {"220 mx ESMTP\r\n", "250-mx PIPELINING\r\n", "250-STARTTLS\r\n", "250 PIPELINING\r\n",
                           "220 go\r\n", "250-mx\r\n", "250-size 1000\r\n", "250-8bitmime\r\n", "250-AUTH=LOGIN\r\n",
                           "250 SMTPUTF8\r\n", "235 in\r\n"}) {
    listener.hear(line);
  }
  const Extensions expected{
      .pipelining = false, .eight_bit_mime = true, .smtp_utf8 = true, .size = true, .size_max = 1000, .auth = true};
  EXPECT_EQ(listener.offered(), expected);
  EXPECT_EQ(listener.last_refusal(), "");
}

TEST(ExtensionListener, RemembersTheLastRefusal) {
  ExtensionListener listener;
  listener.hear("250 plain\r\n");
  listener.hear("535 5.7.8 wrong\x1b password\r\n");
  EXPECT_EQ(listener.offered(), Extensions{});
  EXPECT_EQ(listener.last_refusal(), "535 5.7.8 wrong  password");
}

}  // namespace
}  // namespace waybill::smtp
