#include "mail/mail_body.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

std::string reason(const std::string& json) {
  const auto body = read_mail_body(json, {});
  return body ? "" : body.error().message;
}

TEST(MailBody, IsWrittenInTheClassicForm) {
  EXPECT_EQ(write_mail_body({"42"}, {"Hi \"you\"", "a\r\nb\x01", {"a@x", "\"b c\"@y"}}),
            R"({"msgId":"42","subject":"Hi \"you\"","content":"a\r\nb\u0001","tos":["a@x","\"b c\"@y"]})");
}

TEST(MailBody, ReadsBackWhatWasWritten) {
  const MailRequest request{"邮件 \\ / é", "\t\"quoted\"\n\xf0\x9f\x93\xa7\x7f\x1b", {"a@x", R"("b\"c"@y)"}};
  const auto body = read_mail_body(write_mail_body({"id/ä"}, request), {});
  ASSERT_TRUE(body) << body.error().message;
  EXPECT_EQ(body->msg_id, "id/ä");
  EXPECT_EQ(body->request, request);
}

TEST(MailBody, ReadsWhatOtherProgramsWrite) {
  for (const char* json : {R"({"subject":"s","content":"c","tos":"a@x;b@x"})",
                           R"({"msgId":null,"subject":"s","content":"c","tos":["a@x","b@x"]})",
                           R"({"@class":"Mail","subject":"s","content":"c","tos":"a@x,b@x","cc":{"a":[1]}})"}) {
    const auto body = read_mail_body(json, {});
    ASSERT_TRUE(body) << json << ": " << body.error().message;
    EXPECT_EQ(body->msg_id, "");
    EXPECT_EQ(body->request, (MailRequest{"s", "c", {"a@x", "b@x"}}));
  }
  const auto numbered = read_mail_body(R"({"msgId":1234567890123456789,"subject":"s","content":"c","tos":"a@x"})", {});
  ASSERT_TRUE(numbered);
  EXPECT_EQ(numbered->msg_id, "1234567890123456789");
}

TEST(MailBody, SaysEverythingThatMakesABodyUnfit) {
  EXPECT_EQ(reason(R"({"msgId":"1","subject":"a\nb","tos":"nobody"})"),
            "the message body is not a mail: "
            "subject: it contains a line break or another control character; one line is right; "
            "tos: an address is not of the form name@domain: 'nobody'; content: it is missing");
  EXPECT_EQ(reason("[]"), "the message body is not a mail: it is JSON, but not an object");
  EXPECT_NE(reason("hello").find("not valid JSON"), std::string::npos);
  EXPECT_NE(reason(R"({"msgId":[],"subject":"s","content":"c","tos":"a@x"})").find("msgId"), std::string::npos);
  EXPECT_NE(reason(R"({"msgId":"1","msgId":"2","subject":"s","content":"c","tos":"a@x"})").find("msgId"),
            std::string::npos);
}

}  // namespace
}  // namespace waybill
