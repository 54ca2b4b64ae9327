#include "cli/patience.h"

#include <gtest/gtest.h>

#include "tests/unit/cli/fake_server.h"

namespace waybill::cli {
namespace {

using std::chrono::seconds;

TEST(Patience, AsksAgainWhatCouldNotBeServed) {
  FakeServer server({says(503, "", 3), fails(ErrorClass::kRetry), fails(ErrorClass::kInDoubt), says(408, ""),
                     says(503, "", 3'600), says(200, "done")});
  NotedPauses pauses;
  Patience patience(pauses.pause());
  const auto reply = patience.send(server.client(), {.target = "/x"});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->body, "done");
  EXPECT_EQ(pauses.pauses, (std::vector<Duration>{seconds(3), seconds(1), seconds(1), seconds(1), seconds(30)}));
}

TEST(Patience, TakesAnyOtherAnswerAsItIs) {
  for (const auto& answer :
       {says(200, ""), says(400, ""), says(401, ""), says(409, ""), fails(ErrorClass::kPermanent)}) {
    FakeServer server(answer);
    NotedPauses pauses;
    Patience patience(pauses.pause());
    static_cast<void>(patience.send(server.client(), {}));
    EXPECT_EQ(server.asked.size(), 1U);
    EXPECT_TRUE(pauses.pauses.empty());
  }
}

TEST(Patience, LeavesAloneWhatMayHaveHappenedIfSoAsked) {
  const std::string nothing = R"({"error":{"code":"unavailable","message":"m","fields":[]}})";
  const std::string doubt = R"({"error":{"code":"in_doubt","message":"m","fields":[]}})";
  for (const auto& last : {says(503, doubt), fails(ErrorClass::kInDoubt)}) {
    FakeServer server({says(503, nothing), fails(ErrorClass::kRetry), last, says(200, "done")});
    NotedPauses pauses;
    Patience patience(pauses.pause(), Patience::Repeats::kWhatDidNotHappen);
    EXPECT_TRUE(Client::is_in_doubt(patience.send(server.client(), {})));
    EXPECT_EQ(server.asked.size(), 3U);
  }
}

TEST(Patience, EndsAfterABoundedNumberOfTries) {
  FakeServer server(says(503, "still"));
  NotedPauses pauses;
  Patience patience(pauses.pause());
  const auto reply = patience.send(server.client(), {});
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->status, 503);
  EXPECT_EQ(server.asked.size(), static_cast<std::size_t>(Patience::kTries));
  static_cast<void>(patience.send(server.client(), {}));
  EXPECT_EQ(server.asked.size(), static_cast<std::size_t>(Patience::kTries + 1)) << "nothing was achieved since";
  patience.renew();
  static_cast<void>(patience.send(server.client(), {}));
  EXPECT_EQ(server.asked.size(), static_cast<std::size_t>(2 * Patience::kTries + 1));
}

TEST(Patience, EndsAtOnceWhenStopped) {
  FakeServer server(says(503, ""));
  NotedPauses pauses;
  pauses.stop_after = 2;
  Patience patience(pauses.pause());
  EXPECT_EQ(patience.send(server.client(), {})->status, 503);
  EXPECT_EQ(server.asked.size(), 3U);
}

}  // namespace
}  // namespace waybill::cli
