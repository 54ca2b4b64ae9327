#include "mail/mail_request.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace waybill {
namespace {

using Tos = std::vector<std::string>;

// A request with one member replaced by other JSON.
std::string request_with(const std::string& name, const std::string& value) {
  std::array<std::pair<std::string, std::string>, 3> members = {
      {{"subject", R"("Hello")"}, {"content", R"("How are you?")"}, {"tos", R"("a@example.com")"}}};
  std::string text;
  for (auto& [key, json] : members) text += (text.empty() ? "{\"" : ",\"") + key + "\":" + (key == name ? value : json);
  return text + "}";
}

FieldErrors errors_of(const std::string& json, const MailLimits& limits = {}) {
  const auto parsed = parse_mail_request(json, limits);
  const auto* errors = std::get_if<FieldErrors>(&parsed);
  return errors == nullptr ? FieldErrors{} : *errors;
}

std::vector<std::string> bad_fields(const std::string& json) {
  std::vector<std::string> names;
  for (const auto& error : errors_of(json)) names.push_back(error.field);
  std::sort(names.begin(), names.end());
  return names;
}

Tos tos_of(const std::string& tos_json) {
  const auto parsed = parse_mail_request(request_with("tos", tos_json), {});
  const auto* request = std::get_if<MailRequest>(&parsed);
  EXPECT_NE(request, nullptr) << tos_json << ": " << to_string(std::get<FieldErrors>(parsed));
  return request == nullptr ? Tos{} : request->tos;
}

// The one error there is, which is `field`'s.
std::string only_error(const std::string& json, const std::string& field, const MailLimits& limits = {}) {
  const auto errors = errors_of(json, limits);
  EXPECT_EQ(errors.size(), 1U) << json << ": " << to_string(errors);
  if (errors.size() != 1) return "";
  EXPECT_EQ(errors[0].field, field);
  return errors[0].message;
}

TEST(MailRequest, ReadsTheClassicBody) {
  const auto parsed = parse_mail_request(R"({"tos":"a@example.com","content":"线\r\n二","subject":"邮件 é"})", {});
  ASSERT_TRUE(std::holds_alternative<MailRequest>(parsed)) << to_string(std::get<FieldErrors>(parsed));
  EXPECT_EQ(std::get<MailRequest>(parsed), (MailRequest{"邮件 é", "线\r\n二", {"a@example.com"}}));
}

TEST(MailRequest, TosIsAStringAListOrAnArray) {
  EXPECT_EQ(tos_of(R"("a@x,b@x;c@x")"), (Tos{"a@x", "b@x", "c@x"}));
  EXPECT_EQ(tos_of(R"("  a@x , b@x ;; c@x ; ")"), (Tos{"a@x", "b@x", "c@x"}));
  EXPECT_EQ(tos_of(R"(["a@x"," b@x "])"), (Tos{"a@x", "b@x"}));
  EXPECT_EQ(tos_of(R"("\"a,b;c\"@x,d@x")"), (Tos{"\"a,b;c\"@x", "d@x"}));
  EXPECT_EQ(tos_of(R"("\"a\\\",b\"@x;d@x")"), (Tos{R"("a\",b"@x)", "d@x"}));
}

TEST(MailRequest, FoldsARecipientNamedTwice) {
  EXPECT_EQ(tos_of(R"(["a@Example.com","b@x","a@example.COM","A@example.com"])"),
            (Tos{"a@Example.com", "b@x", "A@example.com"}));
}

TEST(MailRequest, TakesFiftyRecipientsAfterFoldingAndNoMore) {
  std::string fifty;
  for (int i = 0; i < 50; ++i) fifty += "u" + std::to_string(i) + "@x,";
  EXPECT_EQ(tos_of("\"" + fifty + fifty + "\"").size(), 50U);
  EXPECT_EQ(only_error(request_with("tos", "\"" + fifty + "one@x\""), "tos"), "there are more than 50 recipients");
}

TEST(MailRequest, NamesEveryBadFieldAtOnce) {
  EXPECT_EQ(bad_fields("{}"), (std::vector<std::string>{"content", "subject", "tos"}));
  EXPECT_EQ(bad_fields(R"({"subject":"a\nb","content":7,"tos":"nobody","cc":"x@y","bcc":1})"),
            (std::vector<std::string>{"bcc", "cc", "content", "subject", "tos"}));
}

TEST(MailRequest, RefusesTheWrongTypeAndSaysTheRight) {
  for (const char* json : {"1", "null", "true", "{}", "[]", "[\"a\"]", "1.5"}) {
    EXPECT_EQ(only_error(request_with("subject", json), "subject"), "it must be a string");
    EXPECT_EQ(only_error(request_with("content", json), "content"), "it must be a string");
  }
  for (const char* json : {"1", "null", "false", "{}", "[1]", "[\"a@x\",null]", "[[\"a@x\"]]"}) {
    EXPECT_EQ(only_error(request_with("tos", json), "tos"), "it must be a string or an array of strings");
  }
}

TEST(MailRequest, RefusesEmptyFields) {
  for (const char* json : {R"("")", R"("  ")", R"(" \t\r\n")"}) {
    EXPECT_EQ(only_error(request_with("subject", json), "subject"), "it is empty");
    EXPECT_EQ(only_error(request_with("content", json), "content"), "it is empty");
  }
  for (const char* json : {R"("")", "[]", R"(" , ;")"}) {
    EXPECT_EQ(only_error(request_with("tos", json), "tos"), "it names no address");
  }
  EXPECT_EQ(only_error(request_with("tos", R"(["a@x",""])"), "tos"), "an address is empty: ''");
}

TEST(MailRequest, RefusesControlCharactersInTheSubject) {
  for (const char* json : {R"("a\r\nBcc: b@x")", R"("a\nb")", R"("a\rb")", R"("a\u0000b")", R"("a\tb")",
                           R"("a\u001bb")", R"("a\u007fb")", R"("a\u0085b")", R"("a\u009f")"}) {
    EXPECT_NE(only_error(request_with("subject", json), "subject").find("control character"), std::string::npos)
        << json;
  }
  EXPECT_TRUE(errors_of(request_with("subject", R"("\u00a0 £")")).empty());
}

TEST(MailRequest, ContentIsAnyTextWithoutNul) {
  EXPECT_TRUE(errors_of(request_with("content", R"("a\r\n\tb\u001b\n.\n")")).empty());
  EXPECT_EQ(only_error(request_with("content", R"("a\u0000b")"), "content"), "it contains a NUL character");
}

TEST(MailRequest, RefusesInvalidUtf8AndNamesTheField) {
  for (const char* bytes : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80"}) {
    const auto json = "\"" + std::string(bytes) + "\"";
    EXPECT_EQ(only_error(request_with("subject", json), "subject"), "it is not valid UTF-8");
    EXPECT_EQ(only_error(request_with("content", json), "content"), "it is not valid UTF-8");
    EXPECT_NE(only_error(request_with("tos", "\"a@x" + std::string(bytes) + "\""), "tos").find("must be ASCII"),
              std::string::npos);
  }
}

TEST(MailRequest, ShowsBadAddressesCleanedCutAndCounted) {
  EXPECT_EQ(only_error(request_with("tos", R"(["a@x","b\r\nX: y@x"])"), "tos"),
            "an address contains a control character: 'b??X: y@x'");
  const auto message = only_error(request_with("tos", "\"" + std::string(3'000, 'a') + "\""), "tos");
  EXPECT_LT(message.size(), 200U);
  std::string many;
  for (int i = 0; i < 5'000; ++i) many += "bad,";
  const auto counted = only_error(request_with("tos", "\"" + many + "\""), "tos");
  EXPECT_NE(counted.find("4995 more"), std::string::npos) << counted;
  EXPECT_LT(counted.size(), 1'000U);
}

TEST(MailRequest, BoundsWhatItSaysAboutUnknownFields) {
  std::string json = R"({"subject":"s","content":"c","tos":"a@x")";
  for (int i = 0; i < 100; ++i) json += ",\"\\u0000field" + std::to_string(i) + "\":1";
  const auto errors = errors_of(json + "}");
  ASSERT_EQ(errors.size(), 17U);
  EXPECT_EQ(errors.front().field, "?field0");
  EXPECT_EQ(errors.back(), (FieldError{"body", "it has 84 more unknown fields"}));
}

TEST(MailRequest, NamesAnUnknownFieldThatHasNoName) {
  only_error(R"({"subject":"a","content":"c","tos":"a@x","":1})", "''");
}

TEST(MailRequest, RefusesARepeatedField) {
  EXPECT_EQ(only_error(R"({"subject":"a","subject":"b","content":"c","tos":"a@x"})", "subject"),
            "it is given more than once");
  EXPECT_EQ(only_error(R"({"subject":"a","content":"c","tos":"a@x","tos":["b@x"]})", "tos"),
            "it is given more than once");
}

TEST(MailRequest, KeepsItsLimitsToTheByte) {
  MailLimits limits;
  limits.subject_bytes_max = 4;
  limits.content_bytes_max = 4;
  EXPECT_TRUE(errors_of(R"({"subject":"éé","content":"\n\n\na","tos":"a@x"})", limits).empty());
  EXPECT_EQ(only_error(R"({"subject":"ééa","content":"c","tos":"a@x"})", "subject", limits),
            "it is longer than 4 bytes");
  EXPECT_EQ(only_error(R"({"subject":"a","content":"ccccc","tos":"a@x"})", "content", limits),
            "it is longer than 4 bytes");
}

TEST(MailRequest, TheLargestRequestFitsIntoTheLargestDocument) {
  const MailLimits limits;
  std::string escaped;
  for (std::size_t i = 0; i < limits.content_bytes_max; ++i) escaped += "\\u0001";
  EXPECT_TRUE(errors_of(request_with("content", "\"" + escaped + "\""), limits).empty());
  const std::string spaces(limits.document_bytes_max(), ' ');
  EXPECT_NE(only_error(spaces + request_with("", ""), "body").find("longer than"), std::string::npos);
}

TEST(MailRequest, RefusesWhatIsNoJsonObjectAsAWhole) {
  for (const char* json : {"", "subject=a", "[]", "{\"subject\":", "{} {}"}) {
    EXPECT_FALSE(only_error(json, "body").empty()) << json;
  }
}

TEST(MailRequest, ChecksRequestsThatWereNeverJson) {
  EXPECT_TRUE(check_mail_request({"s", "c", {"a@x"}}, {}).empty());
  EXPECT_EQ(to_string(check_mail_request({"s\n", std::string("c\0", 2), {"a@x", "b"}}, {})),
            "subject: it contains a line break or another control character; one line is right; "
            "content: it contains a NUL character; tos: an address is not of the form name@domain: 'b'");
}

}  // namespace
}  // namespace waybill
