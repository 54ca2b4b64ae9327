#include "mail/json_tree.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

using Kind = JsonNode::Kind;

std::string reason(std::string_view json, const JsonTreeLimits& limits = {}) {
  const auto tree = read_json_tree(json, limits);
  return tree ? "" : tree.error().message;
}

TEST(JsonTree, KeepsEveryMemberInItsOrder) {
  const auto tree = read_json_tree(R"({"a":[1,-2.50,{"b":null}],"a":"x\u00e9\n","c":true,"":{}})", {});
  ASSERT_TRUE(tree);
  ASSERT_TRUE(tree->is(Kind::kObject));
  ASSERT_EQ(tree->members.size(), 4U);
  EXPECT_EQ(tree->members[0].name, "a");
  const auto& items = tree->members[0].value.members;
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].value.text, "1");
  EXPECT_EQ(items[1].value.text, "-2.50");
  EXPECT_TRUE(items[2].value.members[0].value.is(Kind::kNull));
  EXPECT_EQ(tree->members[1].name, "a");
  EXPECT_EQ(tree->members[1].value.text, "xé\n");
  EXPECT_EQ(tree->members[2].value.text, "true");
  EXPECT_TRUE(tree->members[3].value.is(Kind::kObject));
}

TEST(JsonTree, AlsoReadsWhatIsNoObject) {
  EXPECT_EQ(read_json_tree(" \"x\" ", {})->text, "x");
  EXPECT_TRUE(read_json_tree("[]", {})->is(Kind::kArray));
}

TEST(JsonTree, RefusesWhatIsNotJsonOrTooMuch) {
  for (const char* bad : {"", "{", "{\"a\":1,}", "[1] 2", "{'a':1}", "nul", "\"a\nb\""}) {
    EXPECT_NE(reason(bad).find("not valid JSON"), std::string::npos) << bad;
  }
  JsonTreeLimits limits;
  limits.depth_max = 2;
  limits.values_max = 3;
  limits.bytes_max = 12;
  EXPECT_EQ(reason("[[1],2]", limits).find("has more"), 0U);
  EXPECT_EQ(reason("[[1]]", limits), "");
  EXPECT_EQ(reason("[[[]]]", limits), "is nested deeper than 2 levels");
  EXPECT_EQ(reason("\"0123456789a\"", limits), "is longer than 12 bytes");
}

}  // namespace
}  // namespace waybill
