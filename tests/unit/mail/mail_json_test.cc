#include "mail/mail_json.h"

#include <gtest/gtest.h>

#include "mail/field_notes.h"
#include "mail/mail_body.h"

namespace waybill {
namespace {

constexpr std::string_view kEverything = R"({"mail_version":2,
  "subject":"邮件","text":"t","html":"<p>","from":"张伟 <s@example.org>",
  "to":"a@x, \"B, C\" <b@x>","cc":{"address":"c@x","name":"C"},"bcc":["d@x",{"address":"e@x"}],"reply_to":"r@x",
  "attachments":[{"filename":"a.png","content":"AP8=","content_type":"image/png","content_id":"<logo>"},
                 {"filename":"附件.txt","content":""}],
  "headers":{"X-A":"b"},"list_unsubscribe":"https://x.example/u","list_unsubscribe_post":true,
  "tags":["t1","t2"],"metadata":{"order":"7","note":"a\nb"}})";

MailOrErrors read(std::string_view json, const MailLimits& limits = {}, const std::string& place = {}) {
  return read_mail(*read_json_tree(json, {}), limits, place);
}

/// The errors for a mail with these members beside a text and a recipient.
std::string errors_of(const std::string& members, const MailLimits& limits = {}, const std::string& place = {}) {
  const auto mail = read(R"({"text":"t","to":"a@x",)" + members + "}", limits, place);
  const auto* errors = std::get_if<FieldErrors>(&mail);
  return errors == nullptr ? "" : to_sentence(*errors);
}

TEST(MailJson, ReadsAMailAndWritesItBack) {
  const auto mail = read_any_mail_body(kEverything, {});
  ASSERT_TRUE(mail) << mail.error().message;
  EXPECT_EQ(mail->from, (Mailbox{"s@example.org", "张伟"}));
  EXPECT_EQ(mail->to, (std::vector<Mailbox>{{"a@x", ""}, {"b@x", "B, C"}}));
  EXPECT_EQ(mail->cc, (std::vector<Mailbox>{{"c@x", "C"}}));
  EXPECT_EQ(mail->bcc, (std::vector<Mailbox>{{"d@x", ""}, {"e@x", ""}}));
  ASSERT_EQ(mail->attachments.size(), 2U);
  EXPECT_EQ(mail->attachments[0].content, std::string("\0\xff", 2));
  EXPECT_EQ(mail->attachments[0].content_id, "logo");
  EXPECT_EQ(mail->metadata[1].second, "a\nb");
  EXPECT_TRUE(mail->list_unsubscribe_post);
  EXPECT_EQ(recipients_of(*mail), (std::vector<std::string>{"a@x", "b@x", "c@x", "d@x", "e@x"}));

  const auto body = write_mail_body(*mail);
  const auto again = read_any_mail_body(body, {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, *mail);
  EXPECT_EQ(write_mail_body(*again), body);
}

TEST(MailJson, NamesThePlaceOfWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {R"("attachments":[{"filename":"a","content":""},{"filename":"b","content":"x"}])",
       "'attachments[1].content' must be base64"},
      {R"("attachments":[{"filename":"a"}])", "'attachments[0].content' is missing"},
      {R"("attachments":[{"content":""}])", "'attachments[0].filename' is missing"},
      {R"("attachments":[{"filename":"a/b","content":""}])", "'attachments[0].filename' holds a path"},
      {R"("attachments":[{"filename":"a","content":"","size":1}])", "'attachments[0].size' is not a known field"},
      {R"("attachments":{})", "'attachments' must be an array of objects"},
      {R"("attachments":[7])", "'attachments[0]' must be an object"},
      {R"("cc":["b@x","nobody"])", "'cc[1]' cannot be used: an address is not of the form name@domain: 'nobody'"},
      {R"("cc":[{"name":"x"}])", "'cc[0].address' is missing"},
      {R"("cc":[["b@x"]])", "'cc[0]' must be a text such as"},
      {R"("cc":7)", "'cc' must be an array of mailboxes"},
      {R"("from":["a@x"])", "'from' must be a text such as"},
      {R"("subject":7)", "'subject' must be a string"},
      {R"("text":"u")", "'text' is given more than once"},
      {R"("headers":{"X-A":7})", "'headers.X-A' must be a string"},
      {R"("headers":{"X-A":"1","x-a":"2"})", "'headers.x-a' is given more than once"},
      {R"("headers":[])", "'headers' must be an object of strings"},
      {R"("list_unsubscribe":"http://x")", "'list_unsubscribe[0]' begins with neither https:// nor mailto:"},
      {R"("list_unsubscribe":"mailto:a@x","list_unsubscribe_post":true)",
       "'list_unsubscribe_post' needs an https:// address"},
      {R"("list_unsubscribe_post":1)", "'list_unsubscribe_post' must be true or false"},
      {R"("tags":[""])", "'tags[0]' is empty"},
      {R"("metadata":{"a":{}})", "'metadata.a' must be a string"},
      {R"("subjekt":"x")", "'subjekt' is not a known field"},
  };
  for (const auto& [members, sentence] : wrong)
    EXPECT_EQ(errors_of(members).find(sentence), 0U) << members << ": " << errors_of(members);
  EXPECT_EQ(errors_of(R"("tags":7)", {}, "[3]"), "'[3].tags' must be an array of strings");
  EXPECT_EQ(errors_of(R"("cc":null,"attachments":null)"), "");
}

TEST(MailJson, SaysAllThatIsWrongButNotWithoutEnd) {
  const auto mail = read(R"({"to":[1,2,3],"subject":4,"x":5})");
  EXPECT_EQ(std::get<FieldErrors>(mail).size(), 6U);  // the text is missing too
  std::string members;
  for (int i = 0; i < 1'000; ++i) members += (i > 0 ? ",\"x" : "\"x") + std::to_string(i) + "\":1";
  const auto many = read("{" + members + "}");
  EXPECT_EQ(std::get<FieldErrors>(many).size(), FieldNotes::kMost);
  EXPECT_NE(std::get<FieldErrors>(many).back().message.find("more of its fields"), std::string::npos);
}

TEST(MailJson, HoldsAMailToItsLimits) {
  MailLimits limits;
  limits.bytes_max = 10;
  limits.recipients_max = 2;
  limits.attachments_max = 1;
  limits.tags_max = 1;
  EXPECT_EQ(errors_of(R"("html":"123456789")", limits), "");
  EXPECT_NE(errors_of(R"("html":"1234567890")", limits).find("at most 10 are right"), std::string::npos);
  EXPECT_NE(errors_of(R"("attachments":[{"filename":"a","content":"MTIzNDU2Nzg5MA=="}])", limits).find("of 11 bytes"),
            std::string::npos);
  EXPECT_NE(errors_of(R"("attachments":[{},{}])", limits).find("'attachments' has 2 items"), std::string::npos);
  EXPECT_NE(errors_of(R"("tags":["a","b"])", limits).find("'tags' has 2 items"), std::string::npos);
  // Who is named twice is one recipient.
  EXPECT_EQ(errors_of(R"("cc":"A@X, a@X, b@x")", limits).find("'to' and cc and bcc name more than 2"), 0U);
  EXPECT_EQ(errors_of(R"("cc":"a@X, b@x")", limits), "");
  EXPECT_NE(errors_of(R"("cc":"a@x,a@x,a@x,a@x,a@x")", limits).find("names more than 4"), std::string::npos);
}

TEST(MailJson, ManyAddressesAreRefusedUnread) {
  std::string many = "x";
  for (int i = 0; i < 100'000; ++i) many += ",x";
  EXPECT_EQ(errors_of(R"("cc":")" + many + '"'), "'cc' names more than 100 addresses");
  const std::string long_domain(1'000'000, 'y');
  EXPECT_NE(errors_of(R"("cc":"a@é)" + long_domain + '"').find("longer than 254 bytes"), std::string::npos);
}

TEST(MailJson, AsksForSomeoneAndSomething) {
  const auto mail = read(R"({"subject":"s"})");
  EXPECT_EQ(
      to_sentence(std::get<FieldErrors>(mail)),
      "'to' names no address, and neither do cc and bcc; 'text' is missing, and so are html and attachments: there is "
      "nothing to send");
  EXPECT_TRUE(std::holds_alternative<Mail>(read(R"({"bcc":"a@x","html":"h"})")));
  const auto not_object = read("[]");
  EXPECT_EQ(std::get<FieldErrors>(not_object).front(), (FieldError{"body", "must be a JSON object"}));
}

TEST(MailBodyOfBothForms, ClassicOnesKeepWorking) {
  const MailRequest request{"s", "mentions mail_version", {"a@x", "b@x"}};
  const auto mail = read_any_mail_body(write_mail_body({"42"}, request), {});
  ASSERT_TRUE(mail) << mail.error().message;
  EXPECT_EQ(*mail, to_mail(request));
  EXPECT_TRUE(read_any_mail_body(R"({"subject":"s","content":"c","tos":"a@x","theirs":{"mail_version":9}})", {}));
  const auto bad = read_any_mail_body(R"({"subject":"s"})", {});
  EXPECT_EQ(bad.error().message, "the message body is not a mail: content: it is missing; tos: it is missing");
}

TEST(MailBodyOfBothForms, AFullerOneIsReadStrictly) {
  for (const char* version : {"1", "3", "\"2\"", "null", "2.0"}) {
    const auto mail = read_any_mail_body(R"({"to":"a@x","text":"t","mail_version":)" + std::string(version) + "}", {});
    ASSERT_FALSE(mail) << version;
    EXPECT_NE(mail.error().message.find("'mail_version' is not one that is known here; 2 is"), std::string::npos);
  }
  const auto classic_field = read_any_mail_body(R"({"mail_version":2,"to":"a@x","text":"t","msgId":"1"})", {});
  EXPECT_NE(classic_field.error().message.find("'msgId' is not a known field"), std::string::npos);
  EXPECT_FALSE(read_any_mail_body(R"({"mail_version":2,)", {}));
  EXPECT_FALSE(read_any_mail_body(R"({"mail_version":2,"mail_version":2,"to":"a@x","text":"t"})", {}));
}

}  // namespace
}  // namespace waybill
