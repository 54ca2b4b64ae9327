#include "cli/bulk_change.h"

#include <gtest/gtest.h>

#include "tests/unit/cli/fake_server.h"

namespace waybill::cli {
namespace {

api::BulkRequest dead() {
  api::BulkRequest request;
  request.status = State::kDead;
  return request;
}

FakeServer::Answer page(int changed, int refused, const std::string& next_cursor) {
  return says(200, to_json(api::BulkView{changed, refused, next_cursor}));
}

api::BulkRequest asked_for(const HttpRequest& request, api::BulkVerb verb = api::BulkVerb::kRetry) {
  auto parsed = api::parse_bulk_request(verb, request.body);
  EXPECT_TRUE(std::holds_alternative<api::BulkRequest>(parsed)) << request.body;
  return std::get<api::BulkRequest>(parsed);
}

class BulkChangeTest : public ::testing::Test {
 protected:
  Printed run(FakeServer& server, const BulkPlan& plan) {
    return printed([&] { return run_bulk(server.client(), plan, pauses_.pause()); });
  }
  static Printed preview(FakeServer& server, const BulkPlan& plan) {
    return printed([&] { return preview_bulk(server.client(), plan); });
  }

  NotedPauses pauses_;
};

TEST_F(BulkChangeTest, APreviewOnlyCounts) {
  FakeServer server(says(200, R"({"matched":42,"exact":true})"));
  const auto shown = preview(server, {api::BulkVerb::kRetry, {dead()}});
  EXPECT_EQ(shown.code, ExitCode::kDone);
  EXPECT_EQ(shown.out, "42 messages match (dead). Nothing was changed: add --yes to retry them\n");
  ASSERT_EQ(server.asked.size(), 1U);
  EXPECT_TRUE(asked_for(server.asked[0]).dry_run);
}

TEST_F(BulkChangeTest, APreviewSaysWhatItDoesNotKnow) {
  FakeServer many(says(200, R"({"matched":100000,"exact":false})"));
  BulkPlan plan{api::BulkVerb::kRetry, {dead()}};
  plan.limit = 10;
  EXPECT_EQ(preview(many, plan).out,
            "at least 100000 messages match (dead); --limit takes 10 of them. Nothing was changed: add --yes to retry "
            "them\n");
  FakeServer none(says(200, R"({"matched":0,"exact":true})"));
  EXPECT_EQ(preview(none, plan).out, "no messages match (dead)\n");
  plan.json = true;
  EXPECT_EQ(preview(many, plan).out, "{\"matched\":100000,\"exact\":false}\n");
}

TEST_F(BulkChangeTest, SeveralStatesAreCountedTogether) {
  FakeServer server({says(200, R"({"matched":1,"exact":true})"), says(200, R"({"matched":2,"exact":true})")});
  api::BulkRequest sending;
  sending.status = State::kSending;
  sending.queue = "q";
  api::BulkRequest sent = sending;
  sent.status = State::kSent;
  EXPECT_EQ(preview(server, {api::BulkVerb::kCancel, {sending, sent}}).out,
            "3 messages match (still open, queue 'q'). Nothing was changed: add --yes to cancel them\n");
  EXPECT_EQ(server.asked[0].target, "/v1/messages/cancel");
}

TEST_F(BulkChangeTest, GoesFromPageToPage) {
  FakeServer server({page(1'000, 0, "c1"), page(0, 0, "c2"), page(500, 3, "")});
  const auto done = run(server, {api::BulkVerb::kRetry, {dead()}});
  EXPECT_EQ(done.code, ExitCode::kDone);
  EXPECT_EQ(done.out, "retried 1500 messages; 3 messages could not be: their state forbade it\n");
  ASSERT_EQ(server.asked.size(), 3U);
  EXPECT_EQ(server.asked[0].target, "/v1/messages/retry");
  EXPECT_EQ(asked_for(server.asked[0]).cursor, "");
  EXPECT_EQ(asked_for(server.asked[1]).cursor, "c1");
  EXPECT_EQ(asked_for(server.asked[2]).cursor, "c2");
  EXPECT_TRUE(pauses_.pauses.empty()) << "no rate, no waiting";
}

TEST_F(BulkChangeTest, EndsAtItsLimit) {
  FakeServer server({page(1'000, 5, "c1"), page(200, 0, "c2"), page(300, 0, "c3")});
  BulkPlan plan{api::BulkVerb::kRetry, {dead()}};
  plan.limit = 1'500;
  plan.json = true;
  const auto done = run(server, plan);
  EXPECT_EQ(done.code, ExitCode::kDone);
  EXPECT_EQ(done.out, "{\"changed\":1500,\"refused\":5,\"complete\":true}\n");
  ASSERT_EQ(server.asked.size(), 3U);
  EXPECT_EQ(asked_for(server.asked[1]).limit, 500);
  EXPECT_EQ(asked_for(server.asked[2]).limit, 300);
}

TEST_F(BulkChangeTest, KeepsTheRateAcrossPages) {
  FakeServer server({page(100, 0, "c1"), page(50, 50, "c2"), page(1, 0, "")});
  api::BulkRequest request = dead();
  request.rate = 50;
  EXPECT_EQ(run(server, {api::BulkVerb::kRetry, {request}}).code, ExitCode::kDone);
  EXPECT_EQ(asked_for(server.asked[0]).limit, 100) << "two seconds' worth";
  EXPECT_EQ(asked_for(server.asked[0]).rate, 50);
  ASSERT_EQ(pauses_.pauses.size(), 2U) << "none after the last page";
  for (const Duration pause : pauses_.pauses) {
    EXPECT_GT(pause, Duration(1'000));
    EXPECT_LE(pause, Duration(2'000));
  }
}

TEST_F(BulkChangeTest, ASlowRateGoesOneByOne) {
  FakeServer server(page(1, 0, ""));
  api::BulkRequest request = dead();
  request.rate = 0.1;
  static_cast<void>(run(server, {api::BulkVerb::kRetry, {request}}));
  EXPECT_EQ(asked_for(server.asked[0]).limit, 1);
}

TEST_F(BulkChangeTest, WhenStoppedItTellsWhatWasDone) {
  FakeServer server(page(1'000, 0, "c"));
  pauses_.stop_after = 2;
  const auto stopped = run(server, {api::BulkVerb::kCancel, {dead()}});
  EXPECT_EQ(stopped.code, ExitCode::kFailed);
  EXPECT_EQ(stopped.out, "cancelled 2000 messages; the rest was left as it is\n");
}

TEST_F(BulkChangeTest, AnErrorOnTheWayTellsWhatWasDone) {
  FakeServer server({page(1'000, 0, "c"), says(400, R"({"error":{"code":"x","message":"no","fields":[]}})")});
  const auto failed = run(server, {api::BulkVerb::kRetry, {dead()}});
  EXPECT_EQ(failed.code, ExitCode::kFailed);
  EXPECT_EQ(failed.out, "retried 1000 messages; the rest was left as it is\n");
  EXPECT_EQ(failed.err, "waybill: no\n");
}

TEST_F(BulkChangeTest, APageThatMayHaveBeenDoneIsRepeated) {
  FakeServer server({page(1'000, 0, "c1"), fails(ErrorClass::kInDoubt), says(503, "", 1), page(0, 0, "")});
  EXPECT_EQ(run(server, {api::BulkVerb::kRetry, {dead()}}).code, ExitCode::kDone);
  ASSERT_EQ(server.asked.size(), 4U);
  EXPECT_EQ(server.asked[3].body, server.asked[1].body);
}

TEST_F(BulkChangeTest, WhatStaysInDoubtIsTold) {
  FakeServer server({page(1'000, 0, "c1"), fails(ErrorClass::kInDoubt)});
  const auto failed = run(server, {api::BulkVerb::kRetry, {dead()}});
  EXPECT_EQ(failed.code, ExitCode::kUnreachable);
  EXPECT_EQ(failed.out, "retried 1000 messages; up to 1000 more may have been; the rest was left as it is\n");
  EXPECT_EQ(failed.err, "waybill: as planted\n  Run the command again: it goes on with the rest\n");
}

TEST_F(BulkChangeTest, EffectsAreNotRepeatedOnceMoreByARepeatOfTheRequest) {
  FakeServer server({page(1'000, 0, "c1"), fails(ErrorClass::kInDoubt), page(1, 0, "")});
  BulkPlan plan{api::BulkVerb::kRetry, {dead()}};
  plan.selections[0].again = true;
  plan.json = true;
  const auto failed = run(server, plan);
  EXPECT_EQ(server.asked.size(), 2U);
  EXPECT_EQ(failed.out, "{\"changed\":1000,\"refused\":0,\"in_doubt\":1000,\"complete\":false}\n");
  EXPECT_NE(failed.err.find("Look with `waybill list` before you run it again"), std::string::npos) << failed.err;
}

TEST_F(BulkChangeTest, TheStatesAreTakenOneAfterTheOther) {
  api::BulkRequest sending;
  sending.status = State::kSending;
  api::BulkRequest sent;
  sent.status = State::kSent;
  FakeServer server({page(3, 0, "c"), page(1, 0, ""), page(2, 0, "")});
  EXPECT_EQ(run(server, {api::BulkVerb::kCancel, {sending, sent}}).out, "cancelled 6 messages\n");
  EXPECT_EQ(asked_for(server.asked[2], api::BulkVerb::kCancel).status, State::kSent);
  EXPECT_EQ(asked_for(server.asked[2], api::BulkVerb::kCancel).cursor, "");
}

}  // namespace
}  // namespace waybill::cli
