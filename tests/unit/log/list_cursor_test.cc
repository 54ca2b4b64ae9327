#include "log/list_cursor.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

TEST(ListCursor, ComesBackAsItWasWritten) {
  for (const std::int64_t position : {std::int64_t{0}, std::int64_t{1}, std::int64_t{4'711}, INT64_MAX}) {
    const auto read = read_cursor("log", write_cursor("log", position));
    ASSERT_TRUE(read.ok()) << position;
    EXPECT_EQ(*read, position);
  }
}

TEST(ListCursor, OfAnotherLogOrHandIsRefused) {
  const std::string cursor = write_cursor("log", 42);
  EXPECT_FALSE(read_cursor("another", cursor).ok());
  for (const std::string& text : {std::string(), std::string("42"), "0" + cursor, cursor + " ", "43" + cursor.substr(2),
                                  std::string("-1-00000000"), std::string("99999999999999999999-00000000")}) {
    const auto read = read_cursor("log", text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().what, ErrorClass::kPermanent);
  }
}

}  // namespace
}  // namespace waybill
