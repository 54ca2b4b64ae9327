#include "log/headers_json.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

TEST(HeadersJson, NoHeadersAreANullColumn) { EXPECT_EQ(headers_to_json({}), std::nullopt); }

TEST(HeadersJson, OrderRepeatsAndOddBytesSurvive) {
  const Headers headers = {
      {"b", "2"}, {"a", "\"quoted\" \\ and \n"}, {"a", std::string("nul\0byte", 8)}, {"", "\xff\xfe"}};
  const auto json = headers_to_json(headers);
  ASSERT_TRUE(json);
  EXPECT_EQ(headers_from_json(*json), headers);
}

TEST(HeadersJson, AnObjectOfStringsIsReadToo) {
  EXPECT_EQ(headers_from_json(R"({"tenant":"t1","kind":"mail"})"), (Headers{{"tenant", "t1"}, {"kind", "mail"}}));
}

class UnreadableHeaders : public testing::TestWithParam<const char*> {};

TEST_P(UnreadableHeaders, AreNoHeaders) { EXPECT_EQ(headers_from_json(GetParam()), std::nullopt); }

INSTANTIATE_TEST_SUITE_P(All, UnreadableHeaders,
                         testing::Values("", "x", "1", "\"a\"", "null", "[1]", "[[\"a\"]]", "[[\"a\",1]]",
                                         "[[\"a\",\"b\",\"c\"]]", "{\"a\":1}", "[[\"a\",\"b\"]", "[[[[[[]]]]]]"));

}  // namespace
}  // namespace waybill
