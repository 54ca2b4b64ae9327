#include "mail/mime.h"

#include <gtest/gtest.h>

#include <thread>

namespace waybill {
namespace {

const MimeStamp kStamp{{"42"}, "waybill@example.com", from_millis(1'767'225'600'125)};

std::string mime(const MailRequest& request, const MimeStamp& stamp = kStamp) {
  const auto bytes = build_mime(request, stamp);
  EXPECT_TRUE(bytes) << bytes.error().message;
  return bytes ? *bytes : "";
}

// Lines without their CRLF; fails the test if the bytes are not made of lines as SMTP carries them.
std::vector<std::string> lines_of(const std::string& bytes) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto end = bytes.find("\r\n", at);
    if (end == std::string::npos) {
      ADD_FAILURE() << "the last line has no end";
      break;
    }
    lines.push_back(bytes.substr(at, end - at));
    EXPECT_LE(lines.back().size(), 998U);
    EXPECT_EQ(lines.back().find_first_of(std::string("\r\n\0", 3)), std::string::npos);
    for (const char c : lines.back()) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
    at = end + 2;
  }
  return lines;
}

TEST(Mime, WritesAPlainMailPlainly) {
  EXPECT_EQ(mime({"Hello", "How are you?", {"a@example.com", "\"b c\"@example.com"}}),
            "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
            "From: waybill@example.com\r\n"
            "Subject: Hello\r\n"
            "To: a@example.com, \"b c\"@example.com\r\n"
            "Message-ID: <42@waybill.example.com>\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 7bit\r\n"
            "\r\n"
            "How are you?\r\n");
}

TEST(Mime, IsMadeOfAsciiLinesWhateverGoesIn) {
  std::string everything;
  for (int c = 1; c < 0x80; ++c) everything += static_cast<char>(c);
  const std::string wide = "邮件é\xf0\x9f\x93\xa7";
  std::string repeated;
  for (int i = 0; i < 60; ++i) repeated += wide;
  std::vector<std::string> many;
  for (int i = 0; i < 50; ++i) many.push_back(std::string(60, 'u') + std::to_string(i) + "@" + std::string(60, 'd'));
  for (const auto& content : {everything, repeated, std::string(100'000, 'x'), std::string("\r\r\n\n\rx\r"),
                              std::string(".\r\n..\r\nFrom me\n \n\t"), "a" + repeated + "\n" + everything}) {
    for (const auto& subject : {std::string("s"), repeated, std::string(998, 's'), std::string(498, 'a') + " " + wide,
                                std::string("=?utf-8?Q?a?= =? ?="), std::string("  outer  "), std::string("a  b")}) {
      for (const auto& line : lines_of(mime({subject, content, many}))) {
        const bool folded = line.starts_with(" ") || line.starts_with("\t");
        EXPECT_TRUE(!folded || line.find_first_not_of(" \t") != std::string::npos);
      }
    }
  }
}

TEST(Mime, KeepsEncodedWordsWithinTheirLength) {
  std::string subject;
  for (int i = 0; i < 100; ++i) subject += "邮é\xf0\x9f\x93\xa7 x";
  int words = 0;
  for (const auto& line : lines_of(mime({subject, "c", {"a@x"}}))) {
    for (auto at = line.find("=?"); at != std::string::npos; at = line.find("=?", at + 2)) {
      const auto end = line.find("?=", at + 10);
      ASSERT_NE(end, std::string::npos) << line;
      EXPECT_LE(end + 2 - at, 75U) << line;
      ++words;
      at = end;
    }
  }
  EXPECT_GT(words, 20);
}

TEST(Mime, EqualInputGivesEqualBytes) {
  const MailRequest request{"邮件", "内容\n", {"a@x", "b@x"}};
  EXPECT_EQ(mime(request), mime(request));
  auto later = kStamp;
  later.date += std::chrono::seconds(1);
  EXPECT_NE(mime(request), mime(request, later));
}

TEST(Mime, TheMessageIdComesFromTheIdAndTheSendersDomain) {
  EXPECT_EQ(mime_message_id({"42"}, "waybill@example.com"), "<42@waybill.example.com>");
  EXPECT_EQ(mime_message_id({"42"}, "\"a@b\"@[192.0.2.1]"), "<42@[192.0.2.1]>");
  const auto odd = mime_message_id({"<a>@b\r\nX: 邮件"}, "waybill@localhost");
  EXPECT_EQ(odd.find_first_not_of("<>=@.abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos) << odd;
  auto stamp = kStamp;
  stamp.id = {"订单/7"};
  const auto bytes = mime({"s", "c", {"a@x"}}, stamp);
  EXPECT_NE(bytes.find("Message-ID: " + mime_message_id(stamp.id, stamp.from) + "\r\n"), std::string::npos);
}

TEST(Mime, RefusesWhatWouldBreakTheForm) {
  const MailRequest good{"s", "c", {"a@x"}};
  for (const MailRequest& bad :
       {MailRequest{"s\r\nBcc: b@x", "c", {"a@x"}}, MailRequest{"s", std::string("\0", 1), {"a@x"}},
        MailRequest{"s", "\xff", {"a@x"}}, MailRequest{"s", "c", {"a@x\r\nBcc: b@x"}}, MailRequest{"s", "c", {}},
        MailRequest{"", "c", {"a@x"}}}) {
    const auto refused = build_mime(bad, kStamp);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what, ErrorClass::kPermanent);
  }
  auto stamp = kStamp;
  stamp.from = "nobody\n";
  EXPECT_FALSE(build_mime(good, stamp));
  for (const auto millis : {INT64_MIN / 2, INT64_MAX / 2}) {
    stamp = kStamp;
    stamp.date = from_millis(millis);
    EXPECT_FALSE(build_mime(good, stamp)) << millis;
  }
}

TEST(Mime, IsWrittenByManyThreadsAtOnce) {
  const MailRequest request{"邮件", "内容\n", {"a@x"}};
  std::vector<std::string> made(8);
  std::vector<std::thread> threads;
  for (auto& bytes : made) {
    threads.emplace_back([&bytes, &request] {
      for (int i = 0; i < 100; ++i) bytes = *build_mime(request, kStamp);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& bytes : made) EXPECT_EQ(bytes, made.front());
  EXPECT_FALSE(made.front().empty());
}

}  // namespace
}  // namespace waybill
