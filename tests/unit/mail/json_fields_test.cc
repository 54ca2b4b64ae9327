#include "mail/json_fields.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

std::string nested(int levels) { return R"({"a":)" + std::string(levels, '[') + std::string(levels, ']') + "}"; }

TEST(JsonFields, KeepsMembersInOrderWithTheirKinds) {
  const auto fields =
      read_json_fields(R"( {"a":"x\u00e9","b":["1","2"],"c":-7,"d":18446744073709551615,"e":null,"f":{"a":[1]},)"
                       R"("g":true,"h":[],"i":["1",2],"j":[["1"]],"k":1.5,"l":[{"a":"b"}]} )",
                       {});
  ASSERT_TRUE(fields) << fields.error().message;
  using Kind = JsonField::Kind;
  const std::vector<std::pair<std::string, Kind>> expected = {
      {"a", Kind::kText},  {"b", Kind::kTexts}, {"c", Kind::kNumber}, {"d", Kind::kNumber},
      {"e", Kind::kNull},  {"f", Kind::kOther}, {"g", Kind::kOther},  {"h", Kind::kTexts},
      {"i", Kind::kOther}, {"j", Kind::kOther}, {"k", Kind::kOther},  {"l", Kind::kOther}};
  ASSERT_EQ(fields->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((*fields)[i].name, expected[i].first);
    EXPECT_EQ((*fields)[i].kind, expected[i].second) << expected[i].first;
    EXPECT_FALSE((*fields)[i].repeated);
  }
  EXPECT_EQ((*fields)[0].text, "xé");
  EXPECT_EQ((*fields)[1].texts, (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ((*fields)[2].text, "-7");
  EXPECT_EQ((*fields)[3].text, "18446744073709551615");
}

TEST(JsonFields, MarksARepeatedMemberHoweverItIsSpelled) {
  const auto fields = read_json_fields(R"({"a":"first","b":1,"\u0061":["second"]})", {});
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 2U);
  EXPECT_TRUE((*fields)[0].repeated);
  EXPECT_EQ((*fields)[0].text, "first");
  EXPECT_FALSE((*fields)[1].repeated);
}

TEST(JsonFields, AMemberOfAMemberIsNotOurs) {
  const auto fields = read_json_fields(R"({"a":{"b":"x","b":"y"},"b":"z"})", {});
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 2U);
  EXPECT_EQ((*fields)[1].text, "z");
  EXPECT_FALSE((*fields)[1].repeated);
}

TEST(JsonFields, RefusesWhatIsNotOneJsonObject) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[]",
                           "\"a\"",
                           "1",
                           "null",
                           "[{\"a\":1}]",
                           "{}{}",
                           "{} x",
                           "{\"a\":1,}",
                           "{'a':1}",
                           "{a:1}",
                           "{\"a\":NaN}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\n\"}",
                           "{/**/}",
                           "\xef\xbb\xbf{}",
                           "{\"a\":01}",
                           "{\"a\" 1}"}) {
    EXPECT_FALSE(read_json_fields(text, {})) << text;
  }
}

TEST(JsonFields, BoundsDepthSizeAndMembers) {
  JsonLimits limits;
  limits.depth_max = 16;
  EXPECT_TRUE(read_json_fields(nested(15), limits));
  const auto deep = read_json_fields(nested(16), limits);
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().message, "the JSON is nested deeper than 16 levels");
  EXPECT_FALSE(read_json_fields(nested(1'000'000), limits));

  limits.bytes_max = 7;
  EXPECT_TRUE(read_json_fields(R"({"a":1})", limits));
  EXPECT_FALSE(read_json_fields(R"({"a":12})", limits));

  limits = {};
  limits.members_max = 2;
  EXPECT_TRUE(read_json_fields(R"({"a":1,"b":{"c":1,"d":2,"e":3}})", limits));
  EXPECT_FALSE(read_json_fields(R"({"a":1,"b":2,"a":3})", limits));
}

TEST(JsonFields, LeavesInvalidUtf8ToItsCaller) {
  const auto fields = read_json_fields("{\"a\xff\":\"\xc3\"}", {});
  ASSERT_TRUE(fields) << fields.error().message;
  EXPECT_EQ((*fields)[0].name, "a\xff");
  EXPECT_EQ((*fields)[0].text, "\xc3");
}

}  // namespace
}  // namespace waybill
