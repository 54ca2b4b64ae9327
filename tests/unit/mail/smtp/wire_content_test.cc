#include "mail/smtp/wire_content.h"

#include <gtest/gtest.h>

namespace waybill::smtp {
namespace {

std::string wire(std::string_view mail) {
  auto content = make_wire_content(mail);
  return content ? content->bytes : "refused: " + content.error().message;
}

TEST(WireContent, DotsAtLineStartsAreDoubled) {
  EXPECT_EQ(wire("a: b\r\n\r\n.\r\n..x\r\nx.\r\n"), "a: b\r\n\r\n..\r\n...x\r\nx.\r\n.\r\n");
  EXPECT_EQ(wire(".first\r\n"), "..first\r\n.\r\n");
}

TEST(WireContent, TheLastLineIsEnded) {
  EXPECT_EQ(wire("x"), "x\r\n.\r\n");
  EXPECT_EQ(wire("."), "..\r\n.\r\n");
  EXPECT_EQ(wire(""), ".\r\n");
}

TEST(WireContent, BareLineEndsAndNulsAreRefused) {
  for (const std::string mail : {"a\n.\nb\r\n", "a\r.\r\nb", "a\r\r\nb", "a\n\r\n", "a\r", "\n", "a\r\n\rb"}) {
    EXPECT_TRUE(wire(mail).starts_with("refused: ")) << testing::PrintToString(mail);
  }
  EXPECT_TRUE(wire(std::string("a\0b\r\n", 5)).starts_with("refused: "));
}

TEST(WireContent, KnowsWhatItNeeds) {
  EXPECT_FALSE(make_wire_content("a: b\r\n\r\nc")->eight_bit);
  EXPECT_TRUE(make_wire_content("a: b\r\n\r\n\xc3\xa9")->eight_bit);
  EXPECT_FALSE(make_wire_content("a: b\r\n\r\n\xc3\xa9")->utf8_headers);
  EXPECT_TRUE(make_wire_content("a: \xc3\xa9\r\n\r\nb")->utf8_headers);
  EXPECT_EQ(make_wire_content(".\r\n")->size, 3U);
}

TEST(CheckPath, TakesAddressesAndTheEmptySender) {
  for (const char* address : {"", "a@b", "\"a b\"@c", "\"a\\\"<b>\"@c", "a@[127.0.0.1]", "caf\xc3\xa9@x"}) {
    EXPECT_TRUE(check_path(address)) << address;
  }
}

TEST(CheckPath, RefusesWhatCouldEndTheCommand) {
  for (const char* address : {"a\r\nRCPT TO:<x@y>", "a\n@b", "a@b>", "<a@b", "a b@c", "\"a\r\"@b", "\"a\\\r\"@b", "\"a",
                              "a\\@b", "a\x7f@b", "caf\xe9@x", "\"a\"> SIZE=1@b"}) {
    EXPECT_FALSE(check_path(address)) << address;
  }
  EXPECT_FALSE(check_path(std::string("a\0@b", 4)));
  EXPECT_FALSE(check_path(std::string(1'001, 'a')));
}

}  // namespace
}  // namespace waybill::smtp
