#include "core/names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace waybill {
namespace {

std::string repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

constexpr std::string_view kThreeBytes = "\xE6\x88\x90";
constexpr std::string_view kFourBytes = "\xF0\x9F\x9A\x9A";

TEST(MessageIds, OfEverydayKindsAreAccepted) {
  for (const char* id : {"1", "1234567890123456789", "order-42/line 7", "Größe", "\xE6\x88\x90\xE5\x8A\x9F", "a b "}) {
    EXPECT_TRUE(validate_message_id(id).ok()) << id;
  }
}

TEST(MessageIds, HaveAtMost155Characters) {
  EXPECT_TRUE(validate_message_id(std::string(155, 'x')).ok());
  EXPECT_FALSE(validate_message_id(std::string(156, 'x')).ok());
  EXPECT_FALSE(validate_message_id("").ok());
}

TEST(MessageIds, HaveAtMost255Bytes) {
  EXPECT_TRUE(validate_message_id(repeated(kThreeBytes, 85)).ok());
  EXPECT_FALSE(validate_message_id(repeated(kThreeBytes, 86)).ok());
  EXPECT_FALSE(validate_message_id(repeated(kFourBytes, 64)).ok());
}

TEST(MessageIds, AreUtf8WithoutControlCharacters) {
  for (const std::string& id : {std::string("a\xFF"), std::string("a\nb"), std::string("a\0b", 3), std::string("\x7F"),
                                std::string("\t"), std::string("\x1F")}) {
    EXPECT_FALSE(validate_message_id(id).ok());
  }
}

TEST(MessageIds, OfWaybillItselfAreReserved) {
  EXPECT_FALSE(validate_message_id("waybill.dead.1").ok());
  EXPECT_FALSE(validate_message_id("waybill.").ok());
  EXPECT_TRUE(validate_message_id("waybill").ok());
  EXPECT_TRUE(validate_message_id("Waybill.1").ok());
}

TEST(MessageIds, AreRefusedWithTheRuleThatWasBroken) {
  const Status status = validate_message_id("");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().what, ErrorClass::kPermanent);
  EXPECT_NE(status.error().message.find("empty"), std::string::npos);
}

TEST(Utf8, OfEveryLengthIsValid) {
  for (const char* text : {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    for (std::size_t before = 0; before < 20; ++before) {
      EXPECT_TRUE(is_valid_utf8(std::string(before, 'a') + text + "b")) << before << text;
    }
  }
}

TEST(Utf8, OfForbiddenFormsIsInvalid) {
  const std::vector<std::string> invalid = {
      "\x80",              // continuation without a lead
      "\xC2",              // cut short
      "\xE6\x88",          // cut short
      "\xF0\x9F\x9A",      // cut short
      "\xC0\x80",          // overlong NUL
      "\xC1\xBF",          // overlong
      "\xE0\x9F\xBF",      // overlong
      "\xF0\x8F\xBF\xBF",  // overlong
      "\xED\xA0\x80",      // surrogate
      "\xF4\x90\x80\x80",  // above U+10FFFF
      "\xF5\x80\x80\x80",  // no such lead
      "\xFF",              // no such lead
      "\xC3(",             // not a continuation
      "\xE6\x88(",         // not a continuation
  };
  for (const std::string& text : invalid) {
    for (std::size_t before = 0; before < 20; ++before) {
      EXPECT_FALSE(is_valid_utf8(std::string(before, 'a') + text)) << before << ::testing::PrintToString(text);
    }
  }
}

TEST(Owners, ComeBackFromTheirText) {
  for (const Owner& owner : {Owner{"node-a", {1}}, Owner{"node#1", {0xFFFFFFFFFFFFFFFF}}, Owner{"", {0xABC}}}) {
    EXPECT_EQ(parse_owner(to_string(owner)), owner);
  }
}

TEST(Owners, AreWrittenWithSixteenDigits) { EXPECT_EQ(to_string(Owner{"node-a", {0x1F}}), "node-a#000000000000001f"); }

TEST(Owners, WithoutABootReadAsAnEmptyOne) {
  EXPECT_EQ(parse_owner("somebody"), (Owner{"somebody", {}}));
  EXPECT_EQ(parse_owner(""), (Owner{"", {}}));
}

TEST(Queues, WithoutANameAreExternal) {
  EXPECT_TRUE(QueueName{}.external());
  EXPECT_FALSE(QueueName{"mail.queue"}.external());
}

}  // namespace
}  // namespace waybill
