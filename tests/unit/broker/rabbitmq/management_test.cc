#include "broker/rabbitmq/management.h"

#include <gtest/gtest.h>

#include "broker/rabbitmq/management_http.h"

namespace waybill::rabbitmq {
namespace {

TEST(ManagementUrlTest, IsReadWithItsLoginOrTheBrokers) {
  const RabbitMqUrl broker{.user = "u", .password = "p"};
  const auto plain = parse_management_url("http://127.0.0.1", broker);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->host, "127.0.0.1");
  EXPECT_EQ(plain->port, 15'672);
  EXPECT_EQ(plain->user + plain->password + plain->path, "up");
  const auto full = parse_management_url("https://me:a%40b@[::1]:8443/rabbit/", broker);
  ASSERT_TRUE(full.ok());
  EXPECT_TRUE(full->tls);
  EXPECT_EQ(full->host, "::1");
  EXPECT_EQ(full->port, 8'443);
  EXPECT_EQ(full->user, "me");
  EXPECT_EQ(full->password, "a@b");
  EXPECT_EQ(full->path, "/rabbit");
}

TEST(ManagementUrlTest, WhatIsNoneIsRefusedWithoutThePassword) {
  for (const char* url : {"amqp://me:secret@h", "http://", "http://me:secret@a,b", "http://me:secret@h:99999"}) {
    const auto refused = parse_management_url(url, {});
    ASSERT_FALSE(refused.ok()) << url;
    EXPECT_EQ(refused.error().message.find("secret"), std::string::npos);
  }
}

TEST(ManagementHttpTest, WritesBase64AsTheStandardDoes) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

TEST(ManagementHttpTest, ReadsTheDateOfAnAnswer) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), parse_rfc3339("1994-11-06T08:49:37Z"));
  EXPECT_FALSE(parse_http_date(""));
  EXPECT_FALSE(parse_http_date("yesterday"));
}

TEST(ManagementTest, ReadsTheRightsOfAUser) {
  const auto rights = read_rights(R"({"user":"u","vhost":"/","configure":"","write":"^mail","read":".*"})");
  ASSERT_TRUE(rights.ok());
  EXPECT_EQ(rights->user + " " + rights->write + " " + rights->read, "u ^mail .*");
  EXPECT_FALSE(read_rights("[]").ok());
}

TEST(ManagementTest, ARightCoversWhatItsPatternFinds) {
  EXPECT_EQ(covers(".*", "mail"), true);
  EXPECT_EQ(covers("", "mail"), false) << "an empty pattern is no right at all";
  EXPECT_EQ(covers("^$", "mail"), false);
  EXPECT_EQ(covers("ai", "mail"), true) << "anywhere";
  EXPECT_EQ(covers("^(mail|amq[.]default)$", "amq.default"), true);
  EXPECT_EQ(covers("(?<name>", "mail"), std::nullopt);
}

TEST(ManagementTest, ReadsWhatDropsMessagesOfAQueue) {
  const auto queue =
      read_managed_queue(R"({"name":"q","policy":"p","arguments":{"x-message-ttl":500,"x-queue-type":"quorum"},)"
                         R"("effective_policy_definition":{"message-ttl":1000,"max-length":5,"expires":60000}})");
  ASSERT_TRUE(queue.ok());
  EXPECT_EQ(queue->name + queue->policy, "qp");
  EXPECT_EQ(queue->message_ttl, 500) << "the lower of both";
  EXPECT_EQ(queue->expires, 60'000);
  EXPECT_TRUE(queue->drops_when_full);
}

TEST(ManagementTest, AQueueThatRefusesWhenItIsFullDropsNothing) {
  const auto queue = read_managed_queue(
      R"({"name":"q","arguments":[],"effective_policy_definition":{"max-length":5,"overflow":"reject-publish"}})");
  ASSERT_TRUE(queue.ok());
  EXPECT_FALSE(queue->drops_when_full);
  EXPECT_FALSE(queue->message_ttl || queue->expires);
  const auto plain =
      read_managed_queue(R"({"name":"q","policy":null,"arguments":{},"effective_policy_definition":[]})");
  EXPECT_TRUE(plain.ok() && plain->policy.empty() && !plain->drops_when_full);
}

TEST(ManagementTest, ReadsBindingsButThatOfTheDefaultExchange) {
  const auto routes = read_bindings(R"([{"source":"","routing_key":"q"},{"source":"e","routing_key":"k"}])");
  ASSERT_TRUE(routes.ok());
  EXPECT_EQ(*routes, (std::vector<Route>{{"e", "k"}}));
}

TEST(ManagementTest, ReadsTheAlarmsOfEachNode) {
  const auto alarms =
      read_alarms(R"([{"name":"a@h","mem_alarm":true,"disk_free_alarm":false},{"name":"b@h","disk_free_alarm":true}])");
  ASSERT_TRUE(alarms.ok());
  EXPECT_EQ(*alarms, (std::vector<std::string>{"memory on node a@h", "disk on node b@h"}));
}

TEST(ManagementTest, WhatIsNotTheInterfaceIsSaidToBeNone) {
  for (const char* text : {"", "<html>", "{", "[1]", "7"}) {
    EXPECT_FALSE(read_managed_queue(text).ok()) << text;
    EXPECT_FALSE(read_bindings(text).ok()) << text;
    EXPECT_FALSE(read_alarms(text).ok()) << text;
  }
}

}  // namespace
}  // namespace waybill::rabbitmq
