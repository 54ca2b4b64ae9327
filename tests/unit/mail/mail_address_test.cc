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

}  // namespace
}  // namespace waybill
