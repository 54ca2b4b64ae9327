#include "core/wire_limits.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

std::string reason(const Status& status) { return status.ok() ? std::string() : status.error().message; }

TEST(WireLimits, NamesOfTwoHundredAndFiftyFiveBytesFit) {
  const std::string longest = "\xC3\xA9" + std::string(253, 'x');
  EXPECT_EQ(reason(validate_route({longest, longest})), "");
  EXPECT_EQ(reason(validate_route({"", ""})), "");
  EXPECT_EQ(reason(validate_content_type(longest)), "");
  EXPECT_EQ(reason(validate_headers({{longest, std::string("\xFF\0 any bytes", 12)}})), "");
}

TEST(WireLimits, OtherNamesAreRefusedAndTheSentenceSaysWhich) {
  const std::string too_long(256, 'x');
  EXPECT_EQ(reason(validate_route({too_long, "k"})), "the exchange's name is longer than 255 bytes");
  EXPECT_EQ(reason(validate_route({"e", too_long})), "the routing key is longer than 255 bytes");
  EXPECT_EQ(reason(validate_route({"e", "\xFF"})), "the routing key is not valid UTF-8");
  EXPECT_EQ(reason(validate_route({std::string("e\0", 2), "k"})), "the exchange's name contains a zero byte");
  EXPECT_EQ(reason(validate_content_type(too_long)), "the content type is longer than 255 bytes");
  EXPECT_EQ(reason(validate_headers({{"a", "1"}, {too_long, "2"}})), "a header's name is longer than 255 bytes");
}

TEST(WireLimits, HeadersFitIntoHalfAFrame) {
  const std::string half(kHeaderBytesMax / 2 - 7, 'v');
  EXPECT_EQ(reason(validate_headers({{"a", half}, {"b", half}})), "");
  EXPECT_EQ(reason(validate_headers({{"a", half}, {"b", half + "v"}})), "the headers are larger than 64 KiB");
  EXPECT_NE(reason(validate_headers(Headers(20'000, {"n", ""}))), "") << "what encodes a header counts";
}

}  // namespace
}  // namespace waybill
