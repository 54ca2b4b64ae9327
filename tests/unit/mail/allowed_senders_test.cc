#include "mail/allowed_senders.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

AllowedSenders allowed(const std::vector<std::string>& entries) {
  const auto made = AllowedSenders::from(entries);
  EXPECT_TRUE(made) << made.error().message;
  return made ? *made : AllowedSenders();
}

TEST(AllowedSenders, AreAddressesAndWholeDomains) {
  const auto senders = allowed({"news@example.org", "@Example.com", "@bücher.example"});
  for (const char* good : {"news@EXAMPLE.org", "anyone@example.com", "\"a@b\"@example.com", "x@bücher.example",
                           "x@xn--bcher-kva.example"}) {
    EXPECT_TRUE(senders.allows(good)) << good;
  }
  for (const char* bad : {"News@example.org", "other@example.org", "a@sub.example.com", "a@example.com.evil",
                          "\"@example.com\"@evil.example", "a@notexample.com"}) {
    EXPECT_FALSE(senders.allows(bad)) << bad;
  }
}

TEST(AllowedSenders, NoneNamedMeansEverybodyButNotForSmtp) {
  EXPECT_TRUE(AllowedSenders().allows("a@b"));
  EXPECT_TRUE(allowed({}).everybody());
  EXPECT_NE(check_senders_for_smtp({}, "a@b").error().message.find("mail.allowed_from is empty"), std::string::npos);
  EXPECT_TRUE(check_senders_for_smtp(allowed({"@b"}), "a@b"));
  EXPECT_NE(check_senders_for_smtp(allowed({"@c"}), "a@b").error().message.find("mail.from 'a@b'"), std::string::npos);
}

TEST(AllowedSenders, RefusesWhatIsNeither) {
  for (const char* bad : {"", "@", "example.org", "*@example.org", "Name <a@b>", "@a@b", "a@b\r\n", "*"}) {
    const auto made = AllowedSenders::from({"a@b", bad});
    // An asterisk is a letter of a local part, and names one mailbox.
    if (std::string(bad) == "*@example.org") continue;
    EXPECT_FALSE(made) << bad;
  }
}

}  // namespace
}  // namespace waybill
