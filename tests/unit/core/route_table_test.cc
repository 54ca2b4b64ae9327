#include "core/route_table.h"

#include <gtest/gtest.h>

namespace waybill {
namespace {

const RouteTable kTable({{{"mail.exchange", "mail.routing.key"}, {"mail.queue"}}});

TEST(RouteTable, KnowsTheQueueOfAConsumedRoute) {
  EXPECT_EQ(kTable.queue_for({"mail.exchange", "mail.routing.key"}), QueueName{"mail.queue"});
}

TEST(RouteTable, TakesEveryOtherRouteForExternal) {
  for (const Route& route : {Route{"mail.exchange", "other"}, Route{"other", "mail.routing.key"}, Route{"", ""},
                             Route{"MAIL.EXCHANGE", "mail.routing.key"}, Route{"mail.queue", ""}}) {
    EXPECT_TRUE(kTable.queue_for(route).external()) << route.exchange << '/' << route.routing_key;
  }
  EXPECT_TRUE(RouteTable().queue_for({"mail.exchange", "mail.routing.key"}).external());
}

TEST(RouteTable, FollowsTheDefaultExchangeToTheQueueThatTheKeyNames) {
  EXPECT_EQ(kTable.queue_for({"", "mail.queue"}), QueueName{"mail.queue"});
  EXPECT_TRUE(kTable.queue_for({"", "sms.queue"}).external());
}

}  // namespace
}  // namespace waybill
