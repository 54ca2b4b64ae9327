#include "cli/output.h"

#include <gtest/gtest.h>

namespace waybill::cli {
namespace {

constexpr WallTime kStart = from_millis(1'769'846'400'000);

api::MessageView consumed() {
  api::MessageView message;
  message.id = "7512";
  message.status = State::kConsumed;
  message.exchange = "mail.exchange";
  message.routing_key = "mail.routing.key";
  message.queue = "mail.queue";
  message.attempt = 1;
  message.publish_count = 1;
  message.create_time = kStart;
  message.publish_time = kStart + Duration(5);
  message.claim_time = kStart + Duration(7);
  message.consume_time = kStart + Duration(19);
  message.result = "/var/mail/new/7512.waybill";
  return message;
}

TEST(TrailTest, StepsHaveTheirTimesAndADashWhereNoneWasRecorded) {
  EXPECT_EQ(trail_text(consumed()),
            "message    7512\n"
            "status     consumed, code 3\n"
            "route      mail.exchange / mail.routing.key -> mail.queue\n"
            "attempts   1 (0 failed, 0 lapsed, 0 unknown)\n"
            "published  1 time\n"
            "\n"
            "accepted   2026-01-31T08:00:00.000Z  +0 ms\n"
            "recorded   2026-01-31T08:00:00.000Z  +0 ms\n"
            "published  2026-01-31T08:00:00.005Z  +5 ms\n"
            "confirmed  -\n"
            "claimed    2026-01-31T08:00:00.007Z  +7 ms\n"
            "consumed   2026-01-31T08:00:00.019Z  +19 ms\n"
            "\n"
            "result  /var/mail/new/7512.waybill\n");
}

TEST(TrailTest, WhatNeedsAPersonIsShown) {
  auto message = consumed();
  message.status = State::kOutcomeUnknown;
  message.on_hold = true;
  message.queue = "";
  message.last_error = "no answer";
  message.owner = "host-1#1";
  message.again_count = 2;
  message.next_try_time = kStart + Duration(8'000);
  message.events = {{kStart, "retry", 1, 3, "disk full"}};
  const auto text = trail_text(message);
  for (const std::string part :
       {"outcome_unknown (held), code 6", "-> (external)", "last error  no answer", "held by    host-1#1",
        "again      2 times by an operator", "next try   2026-01-31T08:00:08.000Z",
        "events\n  2026-01-31T08:00:00.000Z  retry  attempt 1  x3  disk full\n"}) {
    EXPECT_NE(text.find(part), std::string::npos) << text << "\nexpected: " << part;
  }
}

TEST(TrailTest, WhatBecameOfEachRecipientIsShown) {
  auto message = consumed();
  message.recipients = {{"a@x", "delivered", 250, "2.0.0", "queued", "mx:25", kStart},
                        {"long@x", "refused", 550, "", "no such user", "mx:25", kStart},
                        {"c@x", "delivered", 0, "", "", "", kStart}};
  EXPECT_NE(trail_text(message).find("\nrecipients: 2 delivered, 1 refused\n"
                                     "  a@x     delivered  2026-01-31T08:00:00.000Z  mx:25  250 2.0.0 queued\n"
                                     "  long@x  refused    2026-01-31T08:00:00.000Z  mx:25  550 no such user\n"
                                     "  c@x     delivered  2026-01-31T08:00:00.000Z  -\n"),
            std::string::npos)
      << trail_text(message);
}

TEST(TrailTest, TheBodyIsShownIfItWasAskedFor) {
  auto message = consumed();
  EXPECT_EQ(trail_text(message).find("\nbody\n"), std::string::npos);
  message.body = "line one\nline two";
  EXPECT_NE(trail_text(message).find("\nbody\n  line one\\nline two\n"), std::string::npos);
}

TEST(TrailTest, NothingOfAMessageReachesTheTerminal) {
  auto message = consumed();
  const std::string evil = "\x1b]0;owned\x07\r\n\xc2\x9b";
  message.id = message.exchange = message.routing_key = message.result = message.last_error = message.owner = evil;
  message.queue = message.body = evil;
  message.events = {{kStart, evil, 1, 1, evil}};
  message.recipients = {{evil, evil, 1, evil, evil, evil, kStart}};
  for (const char c : trail_text(message)) {
    EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f)) << static_cast<int>(c);
  }
}

TEST(TableTest, ColumnsLineUpAlsoBehindOtherScripts) {
  Table table;
  table.add({"a", "b", "c"});
  table.add({"längst", "", ""});
  table.add({"x", "yy", "z"});
  EXPECT_EQ(table.text("> "), "> a       b   c\n> längst\n> x       yy  z\n");
}

}  // namespace
}  // namespace waybill::cli
