#include "mail/safe_name.h"

#include <gtest/gtest.h>

#include <set>

namespace waybill {
namespace {

TEST(SafeName, KeepsIdsThatAreSafeAlready) {
  EXPECT_EQ(safe_name({"1234567890123456789"}), "1234567890123456789");
  EXPECT_EQ(safe_name({"550e8400-e29b-41d4_A"}), "550e8400-e29b-41d4_A");
}

TEST(SafeName, HashesEverythingElseWithoutCollisions) {
  std::string longest(255, 'x');
  const std::vector<std::string> ids = {"",
                                        ".",
                                        "..",
                                        "../../etc/passwd",
                                        "a/b",
                                        "a\\b",
                                        "a:2,S",
                                        "a b",
                                        "邮件",
                                        "a@b",
                                        "<a>",
                                        "a\"b",
                                        "a.b",
                                        "a\n",
                                        longest,
                                        longest + "x",
                                        std::string(65, 'a'),
                                        safe_name({"a/b"}),
                                        "sha256="};
  std::set<std::string> names;
  for (const auto& id : ids) {
    const auto name = safe_name({id});
    EXPECT_TRUE(name.starts_with("sha256=")) << id;
    EXPECT_EQ(name.size(), 71U);
    EXPECT_EQ(name.find_first_not_of("abcdef0123456789", 7), std::string::npos);
    EXPECT_TRUE(names.insert(name).second) << id;
  }
}

}  // namespace
}  // namespace waybill
