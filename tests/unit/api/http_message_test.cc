#include "api/http_message.h"

#include <gtest/gtest.h>

#include "api/response_text.h"

namespace waybill::api {
namespace {

TEST(HttpMessage, FindsHeadersWhateverTheirCase) {
  HttpRequest request;
  request.headers = {{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(request.header("CONTENT-TYPE"), "a");
  EXPECT_EQ(request.header_count("Content-type"), 2);
  EXPECT_EQ(request.header("Content-Typ"), std::nullopt);
}

TEST(HttpMessage, DecodesPercents) {
  EXPECT_EQ(percent_decode("a%2Fb%20%c3%BC"), "a/b \xC3\xBC");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  for (const std::string wrong : {"%", "%4", "%zz", "%-1", "%4z", "a%"}) EXPECT_FALSE(percent_decode(wrong)) << wrong;
}

TEST(HttpMessage, ReadsAQuery) {
  EXPECT_EQ(parse_query(""), QueryParameters{});
  EXPECT_EQ(parse_query("a=1&b=x+y%26&c&d="), (QueryParameters{{"a", "1"}, {"b", "x y&"}, {"c", ""}, {"d", ""}}));
  EXPECT_EQ(parse_query("&&a=b=c&"), (QueryParameters{{"a", "b=c"}}));
  EXPECT_FALSE(parse_query("a=%"));
  EXPECT_FALSE(parse_query("%zz=1"));
}

TEST(HttpMessage, KnowsTheMediaTypeOfJson) {
  for (const std::string right : {"application/json", "APPLICATION/JSON", "application/json;charset=UTF-8",
                                  "application/json ; charset=\"utf-8\" ", "application/json;"}) {
    EXPECT_TRUE(is_json_media_type(right)) << right;
  }
  for (const std::string wrong : {"", "json", "application/jsonp", "text/json", "application/json; charset=latin1",
                                  "application/json, text/plain", "application/json; q=1"}) {
    EXPECT_FALSE(is_json_media_type(wrong)) << wrong;
  }
}

TEST(ResponseText, WritesStatusHeadersAndBody) {
  HttpResponse response{503, "{}"};
  response.headers.emplace_back("Retry-After", "1");
  std::string text;
  write_response(response, {.date = "D", .keep_alive = false}, text);
  EXPECT_EQ(text,
            "HTTP/1.1 503 Service Unavailable\r\nDate: D\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nRetry-After: 1\r\nConnection: close\r\n"
            "\r\n{}");
}

TEST(ResponseText, WritesDatesOfTheProtocol) {
  EXPECT_EQ(http_date(from_millis(784'111'777'999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(from_millis(1'709'164'800'000)), "Thu, 29 Feb 2024 00:00:00 GMT");
}

}  // namespace
}  // namespace waybill::api
