#include "api/access.h"

#include <gtest/gtest.h>

#include "api/listen_address.h"

namespace waybill::api {
namespace {

constexpr const char* kToken = "0123456789abcdef";

TEST(Access, ReadsOneTokenALine) {
  const auto tokens = parse_tokens("# operators\n0123456789abcdef\r\n\n  fedcba9876543210  \nlast-one-without-end");
  ASSERT_TRUE(tokens.ok()) << tokens.error().message;
  EXPECT_EQ(tokens.value(), (std::vector<std::string>{"0123456789abcdef", "fedcba9876543210", "last-one-without-end"}));
}

TEST(Access, RefusesATokenFileThatProtectsNothing) {
  EXPECT_FALSE(parse_tokens("").ok());
  EXPECT_FALSE(parse_tokens("# nothing\n\n").ok());
  EXPECT_NE(parse_tokens("0123456789abcdef\nshort\n").error().message.find("line 2"), std::string::npos);
  EXPECT_FALSE(parse_tokens("two words are no token\n").ok());
  EXPECT_EQ(parse_tokens("secret-but-wr\xC3\xB6ng-0123\n").error().message.find("secret"), std::string::npos);
}

TEST(Access, AllowsEverybodyWithoutTokensAndOnlyHoldersWithThem) {
  EXPECT_TRUE(Access({}).allows(std::nullopt));
  const Access access({"fedcba9876543210", kToken});
  EXPECT_TRUE(access.allows("Bearer 0123456789abcdef"));
  EXPECT_TRUE(access.allows("bearer  0123456789abcdef "));
  EXPECT_FALSE(access.allows(std::nullopt));
  for (const std::string wrong : {"", "Bearer", "Bearer ", "Bearer 0123456789ABCDEF", "Basic 0123456789abcdef", kToken,
                                  "Bearer0123456789abcdef", "Bearer 0123456789abcdef,fedcba9876543210"}) {
    EXPECT_FALSE(access.allows(wrong)) << wrong;
  }
}

TEST(ListenAddress, KnowsWhatOnlyThisMachineCanReach) {
  for (const std::string near : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback_address(near)) << near;
  }
  for (const std::string far : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "::ffff:10.0.0.1", "::2", "fe80::1", "x"}) {
    EXPECT_FALSE(is_loopback_address(far)) << far;
  }
}

TEST(ListenAddress, RefusesWhatOthersCanReachWithoutTokens) {
  EXPECT_EQ(check_listen_address("localhost", false).value(), "127.0.0.1");
  EXPECT_EQ(check_listen_address("::1", false).value(), "::1");
  EXPECT_EQ(check_listen_address("0.0.0.0", true).value(), "0.0.0.0");
  for (const std::string far : {"0.0.0.0", "::", "192.168.1.2"}) {
    const auto refused = check_listen_address(far, false);
    ASSERT_FALSE(refused.ok()) << far;
    EXPECT_NE(refused.error().message.find("http.token_file"), std::string::npos);
    EXPECT_NE(refused.error().message.find(far), std::string::npos);
  }
}

TEST(ListenAddress, RefusesWhatIsNoAddress) {
  for (const std::string wrong : {"", "nonsense", "256.1.1.1", "127.0.0.1:80", "127.1"}) {
    const auto refused = check_listen_address(wrong, true);
    ASSERT_FALSE(refused.ok()) << wrong;
    EXPECT_NE(refused.error().message.find("'" + wrong + "'"), std::string::npos);
  }
}

TEST(ListenAddress, SaysWhatToDoAboutAPort) {
  EXPECT_NE(listen_error("127.0.0.1", 8420, EADDRINUSE).message.find("port 8420 on 127.0.0.1 is in use"),
            std::string::npos);
  EXPECT_NE(listen_error("127.0.0.1", 80, EACCES).message.find("below 1024"), std::string::npos);
  EXPECT_NE(listen_error("192.0.2.1", 80, EADDRNOTAVAIL).message.find("192.0.2.1"), std::string::npos);
}

}  // namespace
}  // namespace waybill::api
