#include "mail/mailbox.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

std::string reason(const Mailbox& mailbox) {
  const auto status = check_mailbox(mailbox);
  return status ? "" : status.error().message;
}

TEST(Mailbox, IsReadInTheFormsPeopleWrite) {
  const std::vector<std::pair<std::string, Mailbox>> forms = {
      {"a@b", {"a@b", ""}},
      {"  a@b ", {"a@b", ""}},
      {"<a@b>", {"a@b", ""}},
      {"Jane Doe <a@b>", {"a@b", "Jane Doe"}},
      {"张伟 <a@b>", {"a@b", "张伟"}},
      {R"("Doe, \"J\" \\" <a@b>)", {"a@b", R"(Doe, "J" \)"}},
      {R"("john doe"@b)", {R"("john doe"@b)", ""}},
      {R"(J <"a<b>"@c>)", {R"("a<b>"@c)", "J"}},
  };
  for (const auto& [text, expected] : forms) {
    const auto read = read_mailbox(text);
    ASSERT_TRUE(read) << text << ": " << read.error().message;
    EXPECT_EQ(*read, expected) << text;
    EXPECT_EQ(reason(*read), "") << text;
  }
}

TEST(Mailbox, RefusesFormsThatMeanNothing) {
  for (const char* text :
       {"Jane <a@b", "Jane <a@b> x", "\"Jane\" Doe <a@b>", "Ja\"ne <a@b>", "a,b <a@b>", "a>b <a@b>"}) {
    const auto read = read_mailbox(text);
    EXPECT_TRUE(!read || !check_mailbox(*read)) << text;
  }
}

TEST(Mailbox, RefusesNamesThatCouldEndAHeader) {
  EXPECT_EQ(reason({"a@b", "x"}), "");
  for (const auto& bad : std::vector<std::string>{"a\rb", "a\nb", {"a\0b", 3}, "a\x7f", "\xC2\x85"}) {
    EXPECT_NE(reason({"a@b", bad}).find("control character"), std::string::npos);
    EXPECT_NE(reason({bad, ""}), "");
  }
  EXPECT_NE(reason({"a@b", "\xff"}).find("UTF-8"), std::string::npos);
  EXPECT_NE(reason({"a@b", std::string(256, 'x')}).find("255"), std::string::npos);
}

TEST(Mailbox, ListsAreCutOutsideQuotesAndBrackets) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(split_mailboxes(R"(a@b, "Doe, J; \"x\"" <c@d>;;  <"e,f"@g> ,)", 9),
            (Parts{"a@b", R"("Doe, J; \"x\"" <c@d>)", R"(<"e,f"@g>)"}));
  EXPECT_EQ(split_mailboxes(" ,; ", 9), Parts{});
  EXPECT_EQ(split_mailboxes("\"a, b", 9), Parts{"\"a, b"});
  EXPECT_EQ(split_mailboxes("<a, b", 9), Parts{"<a, b"});
  EXPECT_EQ(split_mailboxes("\"a\\", 9), Parts{"\"a\\"});
  EXPECT_EQ(split_mailboxes("a,b,c,d,e", 2), (Parts{"a", "b", "c"}));
}

}  // namespace
}  // namespace waybill
