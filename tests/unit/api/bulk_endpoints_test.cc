// What is done to many messages at once, and the page of metrics, over a real connection.
#include <gtest/gtest.h>

#include "api/metrics_endpoint.h"
#include "api/types_bulk.h"
#include "tests/unit/api/fakes.h"
#include "tests/unit/api/raw_client.h"

namespace waybill::api {
namespace {

class Bulk : public testing::Test {
 protected:
  void SetUp() override { server_.start(); }

  RawResponse get(const std::string& target) {
    return RawClient(server_.port()).ask(get_text(target)).value_or(RawResponse{});
  }
  RawResponse post(const std::string& target, const std::string& body = "") {
    const std::string type = body.empty() ? "" : "application/json";
    return RawClient(server_.port())
        .ask(to_text({.target = target, .content_type = type, .body = body}))
        .value_or(RawResponse{});
  }
  // Refused by naming the field, and nothing was done.
  void expect_refused(const std::string& target, const std::string& body, const std::string& field) {
    const RawResponse response = post(target, body);
    EXPECT_EQ(response.status, 400) << body;
    const auto error = parse_error(response.body);
    ASSERT_TRUE(error.ok()) << response.body;
    ASSERT_EQ(error->fields.size(), 1U) << response.body;
    EXPECT_EQ(error->fields[0].field, field) << response.body;
    EXPECT_FALSE(error->message.empty());
    EXPECT_TRUE(server_.operations.asked.empty()) << body;
  }

  TestServer server_;
};

TEST_F(Bulk, RetryDrivesTheDeadUnlessToldOtherwise) {
  server_.operations.report = {5, 2, "next"};
  const RawResponse response = post("/v1/messages/retry");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"changed":5,"refused":2,"next_cursor":"next"})");
  server_.operations.report = {0, 0, ""};
  EXPECT_EQ(
      post(
          "/v1/messages/retry",
          R"({"status":"cancelled","queue":"q","since":"2026-01-31T08:00:00Z","until":"2026-01-31T09:00:00Z","limit":10000,)"
          R"("rate":12.5,"cursor":"next","again":false,"dry_run":false})")
          .body,
      R"({"changed":0,"refused":0,"next_cursor":null})");
  post("/v1/messages/retry", R"({"status":"consumed","again":true,"queue":""})");
  EXPECT_EQ(server_.operations.asked,
            (std::vector<std::string>{"replay all: dead limit 1000",
                                      "replay all: cancelled queue 'q' since 2026-01-31T08:00:00.000Z until "
                                      "2026-01-31T09:00:00.000Z limit 10000 rate 12.5 from next",
                                      "replay again all: consumed queue '' limit 1000"}));
}

TEST_F(Bulk, CancelTakesWhatIsOpen) {
  server_.operations.report = {3, 0, ""};
  EXPECT_EQ(post("/v1/messages/cancel", R"({"status":"sending"})").body,
            R"({"changed":3,"refused":0,"next_cursor":null})");
  post("/v1/messages/cancel", R"({"queue":"q"})");
  post("/v1/messages/cancel", R"({"since":"2026-01-31T08:00:00Z","rate":1})");
  post("/v1/messages/cancel", R"({"until":"2026-01-31T08:00:00Z"})");
  EXPECT_EQ(server_.operations.asked,
            (std::vector<std::string>{"cancel all: sending limit 1000", "cancel all: all queue 'q' limit 1000",
                                      "cancel all: all since 2026-01-31T08:00:00.000Z limit 1000 rate 1.00",
                                      "cancel all: all until 2026-01-31T08:00:00.000Z limit 1000"}));
}

TEST_F(Bulk, ADryRunOnlyCounts) {
  server_.operations.matching = 42;
  EXPECT_EQ(post("/v1/messages/retry", R"({"dry_run":true})").body, R"({"matched":42,"exact":true})");
  server_.operations.matching = 1'000'000'000;
  EXPECT_EQ(post("/v1/messages/cancel", R"({"queue":"q","dry_run":true})").body, R"({"matched":100000,"exact":false})");
  EXPECT_EQ(server_.operations.asked, (std::vector<std::string>{"count dead", "count all queue 'q'"}));
}

TEST_F(Bulk, WhatWouldMeanNothingIsRefused) {
  const std::string retry = "/v1/messages/retry";
  for (const char* status : {"sending", "sent", "send_failed", "consume_failed", "consumed", "lost", ""}) {
    expect_refused(retry, R"({"status":")" + std::string(status) + R"("})", "status");
  }
  expect_refused(retry, R"({"status":5})", "status");
  expect_refused(retry, R"({"queue":null})", "queue");
  expect_refused(retry, R"({"since":"yesterday"})", "since");
  expect_refused(retry, R"({"since":1769846400})", "since");
  expect_refused(retry, R"({"until":"2026"})", "until");
  expect_refused(retry, R"({"cursor":7})", "cursor");
  for (const char* limit : {"0", "-1", "10001", "1.5", "\"7\"", "null", "1e99", "99999999999999999999"}) {
    expect_refused(retry, R"({"limit":)" + std::string(limit) + "}", "limit");
  }
  for (const char* rate : {"-1", "\"fast\"", "1000001", "null"}) {
    expect_refused(retry, R"({"rate":)" + std::string(rate) + "}", "rate");
  }
  expect_refused(retry, R"({"again":1})", "again");
  expect_refused(retry, R"({"dry_run":"yes"})", "dry_run");
  expect_refused(retry, R"({"state":"dead"})", "state");
}

TEST_F(Bulk, ACancelThatChoosesNothingIsRefused) {
  const std::string cancel = "/v1/messages/cancel";
  for (const char* body : {"", "{}", R"({"limit":5})", R"({"dry_run":true})", R"({"rate":5})"}) {
    expect_refused(cancel, body, "status");
  }
  for (const char* status : {"consumed", "dead", "cancelled"}) {
    expect_refused(cancel, R"({"status":")" + std::string(status) + R"("})", "status");
  }
  expect_refused(cancel, R"({"queue":"q","again":true})", "again");
}

TEST_F(Bulk, HostileBodiesAreRefused) {
  for (const std::string target : {"/v1/messages/retry", "/v1/messages/cancel", "/v1/prune"}) {
    for (const std::string& body : {std::string("["), std::string("[]"), std::string("7"), std::string(100'000, '['),
                                    std::string("{\"queue\":\"\xC3\x28\"}")}) {
      const RawResponse response = post(target, body);
      EXPECT_EQ(response.status, 400);
      EXPECT_EQ(parse_error(response.body)->code, "invalid_json");
    }
    EXPECT_EQ(post(target + "?x=1", "{}").status, 400);
    const auto plain =
        RawClient(server_.port()).ask(to_text({.target = target, .content_type = "text/plain", .body = "{}"}));
    EXPECT_EQ(plain.value().status, 415);
  }
  EXPECT_TRUE(server_.operations.asked.empty());
}

TEST_F(Bulk, AnIdMayBeAnyWord) {
  server_.operations.details["retry"].row.message.id = MessageId{"retry"};
  server_.operations.details["cancel"].row.message.id = MessageId{"cancel"};
  EXPECT_EQ(parse_message(get("/v1/messages/retry").body).value().id, "retry");
  EXPECT_EQ(parse_message(get("/v1/messages/cancel").body).value().id, "cancel");
  EXPECT_EQ(post("/v1/messages/retry/retry").status, 200);
  EXPECT_EQ(server_.operations.asked, (std::vector<std::string>{"find retry", "find cancel", "replay retry"}));
}

TEST_F(Bulk, PruneSaysHowOldAndHowMany) {
  server_.operations.pruned = {7, true};
  EXPECT_EQ(post("/v1/prune", R"({"older_than":"7d","limit":100})").body, R"({"pruned":7,"more":true})");
  EXPECT_EQ(post("/v1/prune", R"({"older_than":"90m"})").status, 200);
  EXPECT_EQ(post("/v1/prune", R"({"older_than":"0s"})").status, 200);
  EXPECT_EQ(server_.operations.asked,
            (std::vector<std::string>{"prune 604800000 ms 100", "prune 5400000 ms 10000", "prune 0 ms 10000"}));
}

TEST_F(Bulk, PruneRefusesWhatIsNoAge) {
  for (const char* age : {"", "7", "d", "-7d", "7 d", "7w", "1.5d", "7dd", "99999999999999999999d", "40000d"}) {
    expect_refused("/v1/prune", R"({"older_than":")" + std::string(age) + R"("})", "older_than");
  }
  for (const char* body : {"", "{}", R"({"older_than":7})", R"({"limit":5})"}) {
    expect_refused("/v1/prune", body, "older_than");
  }
  expect_refused("/v1/prune", R"({"older_than":"7d","limit":100001})", "limit");
  expect_refused("/v1/prune", R"({"older_than":"7d","status":"dead"})", "status");
}

TEST_F(Bulk, TheErrorsOfTheLogAreTold) {
  server_.operations.error = make_error(ErrorClass::kInDoubt, "some of it may be done");
  for (const RawResponse& response :
       {post("/v1/messages/retry"), post("/v1/messages/cancel", R"({"queue":"q"})"),
        post("/v1/prune", R"({"older_than":"7d"})"), post("/v1/messages/retry", R"({"dry_run":true})")}) {
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(parse_error(response.body)->code, "in_doubt");
    EXPECT_EQ(response.header("Retry-After"), "1");
    EXPECT_EQ(parse_error(response.body)->message.find("Idempotency-Key"), std::string::npos);
  }
  EXPECT_NE(post("/v1/messages/retry").body.find("it may have been done, wholly or in part"), std::string::npos);
  EXPECT_NE(post("/v1/prune", R"({"older_than":"7d"})").body.find("wholly or in part"), std::string::npos);
}

TEST_F(Bulk, MetricsComeWithTheBacklogOrWithout) {
  server_.operations.known_stats.lapses = 9;
  const RawResponse response = get("/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("Content-Type"), "text/plain; version=0.0.4");
  EXPECT_EQ(response.body, "lapses 9\n");
  server_.operations.error = make_error(ErrorClass::kRetry, "the log does not answer");
  EXPECT_EQ(get("/metrics").status, 200);
  EXPECT_EQ(get("/metrics").body, "no stats\n");
  EXPECT_EQ(get("/metrics?x=1").status, 400);
}

TEST(Metrics, ALogThatHangsCostsOnePage) {
  FakeOperations operations;
  FakeMetricsPage page;
  operations.silent = true;
  MetricsEndpoint impatient(operations, page, Duration{0});
  std::vector<std::string> answers;
  const Answer keep = [&](const HttpResponse& response) { answers.push_back(response.body); };
  impatient.handle({}, keep);
  EXPECT_TRUE(answers.empty());
  const MonoTime asked = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() == asked) {
  }
  impatient.handle({}, keep);
  EXPECT_EQ(answers, std::vector<std::string>{"no stats\n"});
  operations.unanswered.at(0)(LogStats{});
  operations.silent = false;
  impatient.handle({}, keep);
  EXPECT_EQ(answers, (std::vector<std::string>{"no stats\n", "lapses 0\n", "lapses 0\n"}));
}

TEST(Metrics, ALogThatIsOnlySlowIsWaitedFor) {
  FakeOperations operations;
  FakeMetricsPage page;
  operations.silent = true;
  MetricsEndpoint patient(operations, page, std::chrono::hours(1));
  for (int i = 0; i < 2; ++i) patient.handle({}, [](const HttpResponse&) { FAIL() << "answered by whom?"; });
  EXPECT_EQ(operations.unanswered.size(), 2U);
}

TEST(MetricsAccess, NeedsATokenWhenThereAreAny) {
  TestServer server;
  server.options.tokens = {"0123456789abcdef0123"};
  server.start();
  EXPECT_EQ(RawClient(server.port()).ask(get_text("/metrics")).value().status, 401);
  EXPECT_EQ(RawClient(server.port()).ask(get_text("/healthz")).value().status, 200);
}

}  // namespace
}  // namespace waybill::api
