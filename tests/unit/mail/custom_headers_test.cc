#include "mail/custom_headers.h"

#include <gtest/gtest.h>

#include "mail/media_type.h"

namespace waybill {
namespace {

std::string value_reason(const std::string& name, const std::string& value) {
  return header_value_problem(name, value, 4'096).value_or("");
}

TEST(CustomHeaders, AllowsWhatOnlyDescribesAMail) {
  for (const char* name :
       {"X-Campaign", "x-a_b", "In-Reply-To", "references", "Auto-Submitted", "PRECEDENCE", "List-Id"}) {
    EXPECT_EQ(header_name_problem(name).value_or(""), "") << name;
  }
}

TEST(CustomHeaders, RefusesWhatRoutesForgesOrStructuresAMail) {
  for (const char* name : {"From",
                           "TO",
                           "cc",
                           "Bcc",
                           "Date",
                           "Subject",
                           "Message-ID",
                           "Content-Type",
                           "Content-Anything",
                           "MIME-Version",
                           "Received",
                           "DKIM-Signature",
                           "ARC-Seal",
                           "Sender",
                           "Reply-To",
                           "Return-Path",
                           "Resent-Bcc",
                           "Delivered-To",
                           "Authentication-Results",
                           "Received-SPF",
                           "X-",
                           "X-Waybill-Anything",
                           "Whatever"}) {
    EXPECT_TRUE(header_name_problem(name)) << name;
  }
  EXPECT_NE(header_name_problem("Foo")->find("auto-submitted, comments"), std::string::npos);
  EXPECT_NE(header_name_problem("List-Unsubscribe")->find("list_unsubscribe"), std::string::npos);
  for (const auto& name : std::vector<std::string>{"", "X-A:", "X-A B", "X-A\r\nBcc", "X-é", "X-A\n", {"X-A\0", 4}}) {
    EXPECT_TRUE(header_name_problem(name)) << name;
  }
  EXPECT_TRUE(header_name_problem("X-" + std::string(75, 'x')));
}

TEST(CustomHeaders, RefusesValuesThatCouldEndAHeader) {
  EXPECT_EQ(value_reason("X-A", "any text, é and 邮件"), "");
  for (const auto& bad : std::vector<std::string>{"a\r\nBcc: b", "a\nb", "a\rb", {"a\0", 2}, "a\tb", "\xC2\x85"}) {
    EXPECT_NE(value_reason("X-A", bad).find("control character"), std::string::npos);
  }
  for (const char* bad : {"", " ", " a", "a ", "\xff"}) EXPECT_NE(value_reason("X-A", bad), "") << bad;
  EXPECT_NE(value_reason("X-A", std::string(901, 'x')).find("900"), std::string::npos);
  EXPECT_NE(value_reason("X-A", "a" + std::string(4'096, ' ')).find("4096"), std::string::npos);
}

TEST(CustomHeaders, HoldsWhatProgramsReadToItsForm) {
  EXPECT_EQ(value_reason("References", "<1@a>  <2.x@[b]>"), "");
  for (const char* bad : {"1@a", "<1@a", "<@a>", "<1@>", "<1>", "<1@a>, <2@b>", "<1 2@a>", "<<1@a>", "<é@a>"}) {
    EXPECT_NE(value_reason("In-Reply-To", bad), "") << bad;
  }
  EXPECT_NE(value_reason("Precedence", "é"), "");
}

TEST(MediaType, IsReadWithItsParameters) {
  const auto media = read_media_type(R"(Text/CSV; Charset="utf-8";header=present)");
  ASSERT_TRUE(media);
  EXPECT_EQ(media->type + "/" + media->subtype, "text/csv");
  const std::vector<std::pair<std::string, std::string>> expected = {{"charset", "utf-8"}, {"header", "present"}};
  EXPECT_EQ(media->parameters, expected);
  EXPECT_FALSE(media_type_problem("application/vnd.a+b.c"));
}

TEST(MediaType, RefusesWhatIsNoneOrHasAStructure) {
  for (const char* bad :
       {"", "text", "text/", "/plain", "text/plain;", "text/plain; a", "text/plain; a=", "text/plain x",
        "text/plain; a=\"b", "text/plain; a=b; A=c", "text/plain\r\nX: y", "text/é", "multipart/mixed",
        "Message/RFC822", "text/plain; name=x", "text/plain; name*0=x", "text/plain; boundary=x"}) {
    EXPECT_TRUE(media_type_problem(bad)) << bad;
  }
}

}  // namespace
}  // namespace waybill
