#include "core/message.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

TEST(Body, IsEmptyTextUnlessSaidOtherwise) {
  EXPECT_EQ(Body().size(), 0U);
  EXPECT_FALSE(Body().binary());
  EXPECT_EQ(Body(), Body(""));
}

TEST(Body, KeepsItsBytesExactly) {
  const std::string bytes("\0\xFF\0a", 4);
  EXPECT_EQ(Body(bytes, true).bytes(), bytes);
  EXPECT_EQ(Body(bytes, true).size(), 4U);
}

TEST(Body, IsSharedByItsCopies) {
  const Body body("text");
  const Body copy = body;
  EXPECT_EQ(&copy.bytes(), &body.bytes());
}

TEST(Body, IsEqualByBytesAndKind) {
  EXPECT_EQ(Body("a"), Body("a"));
  EXPECT_FALSE(Body("a") == Body("b"));
  EXPECT_FALSE(Body("a") == Body("a", true));
}

}  // namespace
}  // namespace waybill
