#include "mail/mail_address.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

std::string reason(const std::string& address) {
  const auto status = check_mail_address(address);
  return status ? "" : status.error().message;
}

TEST(MailAddress, AcceptsWhatSmtpCarries) {
  for (const char* address :
       {"a@b", "waybill@localhost", "first.last+tag@sub.example.com", "!#$%&'*+-/=?^_`{|}~@example.com",
        "\"john doe\"@example.com", R"("a\"b\\c"@example.com)", "\"a@b,c;d\"@example.com", "x@[192.0.2.1]",
        "x@[IPv6:2001:db8::1]", "x@[ipv6:::1]", "x@1and1.example", "x@xn--bcher-kva.example", "UPPER@EXAMPLE.COM"}) {
    EXPECT_EQ(reason(address), "") << address;
  }
}

TEST(MailAddress, RefusesWhatSmtpDoesNotCarry) {
  for (const char* address : {"",           "a",     "@",         "a@",           "@b",
                              "a@b@c",      ".a@b",  "a.@b",      "a..b@c",       "a b@c",
                              "a@b c",      "a@-b",  "a@b-",      "a@b..c",       "a@.b",
                              "a@b.",       "a@b_c", "a@[1.2.3]", "a@[1.2.3.4",   "a@[IPv6:1.2.3.4]",
                              "a@[tag:x]",  "a@[]",  "\"a@b",     "\"a\"b@c",     "\"a\\\"@b",
                              "Name <a@b>", "<a@b>", "a@b>",      "a(comment)@b", "a,b@c",
                              "a@b,c@d",    "a@b/c"}) {
    EXPECT_NE(reason(address), "") << address;
  }
}

TEST(MailAddress, CountsOctets) {
  const std::string local(64, 'l');
  const std::string label(63, 'd');
  EXPECT_EQ(reason(local + "@b"), "");
  EXPECT_NE(reason(local + "l@b").find("64 bytes"), std::string::npos);
  EXPECT_EQ(reason("a@" + label), "");
  EXPECT_NE(reason("a@" + label + "d"), "");
  const std::string longest = local + "@" + label + "." + label + "." + std::string(61, 'e');
  ASSERT_EQ(longest.size(), 254U);
  EXPECT_EQ(reason(longest), "");
  EXPECT_NE(reason(longest + "e").find("254 bytes"), std::string::npos);
}

TEST(MailAddress, NeverLetsAControlCharacterThrough) {
  for (int c = 0; c < 0x20; ++c) {
    const std::string control(1, static_cast<char>(c));
    EXPECT_NE(reason("a" + control + "@b").find("control character"), std::string::npos) << c;
    EXPECT_NE(reason("\"a" + control + "\"@b").find("control character"), std::string::npos) << c;
    EXPECT_NE(reason("a@b" + control).find("control character"), std::string::npos) << c;
  }
  EXPECT_NE(reason("a@b\x7f").find("control character"), std::string::npos);
}

TEST(MailAddress, SaysThatInternationalisedAddressesAreNotSupported) {
  EXPECT_NE(reason("müller@example.com").find("internationalised"), std::string::npos);
  EXPECT_NE(reason("a@bücher.example").find("internationalised"), std::string::npos);
}

TEST(MailAddress, KeysIgnoreTheCaseOfTheDomainAlone) {
  EXPECT_EQ(mailbox_key("A.b@Example.COM"), mailbox_key("A.b@example.com"));
  EXPECT_NE(mailbox_key("A.b@example.com"), mailbox_key("a.b@example.com"));
  EXPECT_EQ(domain_of("\"a@b\"@example.com"), "example.com");
}

std::string international_reason(const std::string& address) {
  const auto status = check_international_address(address);
  return status ? "" : status.error().message;
}

TEST(MailAddress, InternationalOnesMayHoldAnyScript) {
  for (const char* address : {"a@b", "用户@例え.jp", "jörg@example.com", "a@bücher.example", "\"jörg x\"@b",
                              "用户@[192.0.2.1]", "θσερ@εχαμπλε.ψομ", "a@straße.example"}) {
    EXPECT_EQ(international_reason(address), "") << address;
  }
}

TEST(MailAddress, InternationalOnesAreHeldToTheSameRules) {
  for (const std::string& address :
       {std::string("é"),         std::string("é@"),          std::string("@é"),
        std::string("é..a@b"),    std::string("é a@b"),       std::string("a@b_é"),
        std::string("a@-é"),      std::string("é@[é]"),       std::string("\xff@b"),
        std::string("a@\xc3"),    std::string("é@b\r\n"),     std::string("\xC2\x85@b"),
        std::string("a\0é@b", 6), std::string("a\xC2\xA0@b"), std::string("a\u200b@b"),
        std::string("a\u2028@b"), std::string("a\u3000@b"),   std::string("a\u202e@b"),
        std::string("a@b\u3002"), std::string("Name <é@b>"),  "é@" + std::string(300, 'x')}) {
    EXPECT_NE(international_reason(address), "") << address;
  }
}

TEST(MailAddress, KnowsWhatNeedsSmtputf8AndHowTheRestTravels) {
  EXPECT_TRUE(needs_smtputf8("jörg@example.com"));
  EXPECT_FALSE(needs_smtputf8("a@bücher.example"));
  EXPECT_EQ(wire_address("a@Bücher.example"), "a@xn--bcher-kva.example");
  EXPECT_EQ(wire_address("a@straße.example"), "a@xn--strae-oqa.example");  // not that of strasse
  EXPECT_EQ(wire_address("用户@例え.jp"), "用户@例え.jp");
  EXPECT_EQ(wire_address("A@B"), "A@B");
  EXPECT_EQ(dns_domain_of("用户@例え.jp"), "xn--r8jz45g.jp");
  EXPECT_EQ(mailbox_key("a@BÜCHER.example"), mailbox_key("a@xn--bcher-kva.example"));
}

}  // namespace
}  // namespace waybill
