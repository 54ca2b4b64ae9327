// The endpoints under /v1, /healthz and /readyz, over a real connection.
#include <gtest/gtest.h>

#include "api/types.h"
#include "tests/unit/api/fakes.h"
#include "tests/unit/api/raw_client.h"

namespace waybill::api {
namespace {

MessageDetail full_detail(const std::string& id) {
  MessageDetail detail;
  Row& row = detail.row;
  row.message.id = MessageId{id};
  row.message.route = {"mail.exchange", "mail.routing.key"};
  row.message.body = Body("{\"a\":\"ü\"}");
  row.message.content_type = "application/json";
  row.message.headers = {{"x-trace", "t1"}, {"x-other", "o"}};
  row.message.retry = RetryPolicy{};
  row.body_bytes = 10;
  row.queue = QueueName{"mail.queue"};
  row.status = State::kConsumeFailed;
  row.owner = Owner{"node", BootNonce{0xabc}};
  row.attempt = 4;
  row.try_count = 2;
  row.lapse_count = 1;
  row.unknown_count = 3;
  row.publish_count = 5;
  row.next_try_time = from_millis(1'700'000'008'125);
  row.create_time = from_millis(1'700'000'000'000);
  row.update_time = from_millis(1'700'000'001'001);
  row.publish_time = from_millis(1'700'000'000'010);
  row.confirm_time = from_millis(1'700'000'000'020);
  row.claim_time = from_millis(1'700'000'000'030);
  row.last_error = "550 no such user";
  detail.events = {{from_millis(1'700'000'000'040), "retry", 3, 2, "421 later"}};
  detail.recipients = {
      {{"a@x", {RecipientFate::kTryAgain, 450, "4.2.1", "busy"}, "mx:25"}, from_millis(1'700'000'000'050)},
      {{"b@x", {RecipientFate::kUnknown, 0, "", ""}, ""}, from_millis(1'700'000'000'051)}};
  return detail;
}

class V1 : public testing::Test {
 protected:
  void SetUp() override {
    server_.operations.details["7"] = full_detail("7");
    server_.start();
  }

  RawResponse get(const std::string& target) {
    return RawClient(server_.port()).ask(get_text(target)).value_or(RawResponse{});
  }
  RawResponse post(const std::string& target, const std::string& body = "") {
    const std::string type = body.empty() ? "" : "application/json";
    return RawClient(server_.port())
        .ask(to_text({.target = target, .content_type = type, .body = body}))
        .value_or(RawResponse{});
  }
  static ErrorView error_of(const RawResponse& response) {
    const auto error = parse_error(response.body);
    EXPECT_TRUE(error.ok()) << response.body;
    return error.ok() ? error.value() : ErrorView{};
  }
  void expect_bad_field(const RawResponse& response, const std::string& field) {
    EXPECT_EQ(response.status, 400);
    const ErrorView error = error_of(response);
    ASSERT_EQ(error.fields.size(), 1U) << response.body;
    EXPECT_EQ(error.fields[0].field, field);
    EXPECT_TRUE(server_.operations.asked.empty());
  }

  TestServer server_;
};

TEST_F(V1, ShowsEverythingThatIsKnownOfAMessage) {
  const RawResponse response = get("/v1/messages/7");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            R"({"id":"7","status":{"name":"consume_failed","code":4},"on_hold":false,"exchange":"mail.exchange",)"
            R"("routing_key":"mail.routing.key","queue":"mail.queue","try_count":2,"attempt":4,"lapse_count":1,)"
            R"("unknown_count":3,"again_count":0,"publish_count":5,"create_time":"2023-11-14T22:13:20.000Z",)"
            R"("update_time":"2023-11-14T22:13:21.001Z","next_try_time":"2023-11-14T22:13:28.125Z","not_before":null,)"
            R"("times":{"publish_time":"2023-11-14T22:13:20.010Z","confirm_time":"2023-11-14T22:13:20.020Z",)"
            R"("claim_time":"2023-11-14T22:13:20.030Z","consume_time":null},"result":null,)"
            R"("last_error":"550 no such user","owner":"node#0000000000000abc","content_type":"application/json",)"
            R"("retry_policy":"fixed 3 8000","headers":{"x-trace":"t1","x-other":"o"},"body_bytes":10,)"
            R"("events":[{"at":"2023-11-14T22:13:20.040Z","kind":"retry","attempt":3,"count":2,)"
            R"("detail":"421 later"}],"recipients":[{"address":"a@x","status":"deferred","code":450,)"
            R"("enhanced_code":"4.2.1","reply":"busy","relay":"mx:25","time":"2023-11-14T22:13:20.050Z"},)"
            R"({"address":"b@x","status":"unknown","code":null,"enhanced_code":null,"reply":null,"relay":null,)"
            R"("time":"2023-11-14T22:13:20.051Z"}]})");
}

TEST_F(V1, ShowsTheBodyOnlyWhenAsked) {
  EXPECT_FALSE(parse_message(get("/v1/messages/7").body).value().body);
  EXPECT_FALSE(parse_message(get("/v1/messages/7?body=0").body).value().body);
  EXPECT_EQ(parse_message(get("/v1/messages/7?body=1").body).value().body, "{\"a\":\"ü\"}");
  EXPECT_EQ(server_.operations.asked, (std::vector<std::string>{"find 7", "find 7", "find 7 with body"}));
}

TEST_F(V1, ShowsABinaryBodyAsBase64) {
  const std::string bytes("\x00\xff\xfe z", 5);
  server_.operations.details["7"].row.message.body = Body(bytes, /*binary=*/true);
  const RawResponse response = get("/v1/messages/7?body=1");
  EXPECT_NE(response.body.find(R"("body_base64":"AP/+IHo=")"), std::string::npos) << response.body;
  EXPECT_EQ(parse_message(response.body).value().body, bytes);
}

TEST_F(V1, DecodesTheIdInThePath) {
  server_.operations.details["a/b ü%"] = full_detail("a/b ü%");
  const RawResponse response = get("/v1/messages/a%2Fb%20%C3%BC%25");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(parse_message(response.body).value().id, "a/b ü%");
}

TEST_F(V1, AnIdThatCannotBeIsRefused) {
  EXPECT_EQ(get("/v1/messages/%zz").status, 400);
  EXPECT_EQ(get("/v1/messages/%4").status, 400);
  EXPECT_EQ(get("/v1/messages/%C3%28").status, 404);
  EXPECT_EQ(get("/v1/messages/%ff").status, 404);
  EXPECT_EQ(get("/v1/messages/" + std::string(300, 'x')).status, 404);
  EXPECT_TRUE(server_.operations.asked.empty());
}

TEST_F(V1, ShowsWaybillsOwnMessagesToo) {
  server_.operations.details["waybill.dead.7.4"] = full_detail("waybill.dead.7.4");
  EXPECT_EQ(get("/v1/messages/waybill.dead.7.4").status, 200);
}

TEST_F(V1, SaysWhenThereIsNoSuchMessage) {
  const RawResponse response = get("/v1/messages/8");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(error_of(response).code, "not_found");
  EXPECT_EQ(error_of(response).message, "there is no message 8");
}

TEST_F(V1, RefusesUnknownQueryParameters) {
  expect_bad_field(get("/v1/messages/7?bdy=1"), "bdy");
  expect_bad_field(get("/v1/messages/7?body=yes"), "body");
  expect_bad_field(get("/v1/messages/7?body=1&body=1"), "body");
  expect_bad_field(get("/v1/messages?state=dead"), "state");
  expect_bad_field(get("/v1/messages?status=deaf"), "status");
  expect_bad_field(get("/v1/messages?limit=0"), "limit");
  expect_bad_field(get("/v1/messages?limit=1001"), "limit");
  expect_bad_field(get("/v1/messages?limit=1x"), "limit");
  expect_bad_field(get("/v1/messages?limit="), "limit");
  expect_bad_field(get("/v1/stats?x"), "x");
}

TEST_F(V1, ListsByNameOrNumberOfTheState) {
  const RawResponse failed = get("/v1/messages?status=consume_failed&limit=7");
  EXPECT_EQ(failed.status, 200);
  const MessageListView list = parse_message_list(failed.body).value();
  ASSERT_EQ(list.messages.size(), 1U);
  EXPECT_EQ(list.messages[0].id, "7");
  EXPECT_TRUE(list.messages[0].events.empty());
  EXPECT_TRUE(list.messages[0].recipients.empty());
  EXPECT_EQ(parse_message_list(get("/v1/messages?status=5").body).value().messages.size(), 0U);
  EXPECT_EQ(parse_message_list(get("/v1/messages").body).value().messages.size(), 1U);
  EXPECT_EQ(server_.operations.asked,
            (std::vector<std::string>{"list consume_failed 7", "list dead 50", "list all 50"}));
}

TEST_F(V1, ListsByEveryFilterAPageAtATime) {
  server_.operations.next_cursor = "c2";
  const RawResponse response =
      get("/v1/messages?queue=mail%2Fqueue&since=2026-01-31T08%3A00%3A00%2B01%3A00&cursor=c1&limit=2&status=4");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(parse_message_list(response.body).value().next_cursor, "c2");
  server_.operations.next_cursor = "";
  EXPECT_NE(get("/v1/messages?queue=").body.find(R"("next_cursor":null)"), std::string::npos);
  EXPECT_EQ(server_.operations.asked,
            (std::vector<std::string>{"list consume_failed queue 'mail/queue' since 2026-01-31T07:00:00.000Z 2 from c1",
                                      "list all queue '' 50"}));
}

TEST_F(V1, RefusesFiltersThatMeanNothing) {
  expect_bad_field(get("/v1/messages?since=yesterday"), "since");
  expect_bad_field(get("/v1/messages?since=2026-01-31"), "since");
  expect_bad_field(get("/v1/messages?since="), "since");
  expect_bad_field(get("/v1/messages?queue=%C3%28"), "queue");
  expect_bad_field(get("/v1/messages?queue=" + std::string(2'000, 'q')), "queue");
  expect_bad_field(get("/v1/messages?cursor=" + std::string(2'000, 'c')), "cursor");
  expect_bad_field(get("/v1/messages?queue=a&queue=b"), "queue");
}

TEST_F(V1, ShowsTheStats) {
  LogStats& stats = server_.operations.known_stats;
  stats.rows_by_state = {1, 2, 3, 4, 5, 6, 7, 8};
  stats.lapses = 9;
  stats.unknowns = 10;
  stats.oldest_open = from_millis(1'700'000'000'000);
  stats.store_now = from_millis(1'700'000'000'500);
  const RawResponse response = get("/v1/stats");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            R"({"states":{"sending":1,"sent":2,"send_failed":3,"consumed":4,"consume_failed":5,"dead":6,)"
            R"("outcome_unknown":7,"cancelled":8},"lapse_count":9,"unknown_count":10,)"
            R"("oldest_open":"2023-11-14T22:13:20.000Z","now":"2023-11-14T22:13:20.500Z"})");
}

TEST_F(V1, DrivesAMessageAgain) {
  EXPECT_EQ(post("/v1/messages/7/retry").body, R"({"id":"7","status":{"name":"sending","code":0}})");
  EXPECT_EQ(post("/v1/messages/7/retry", R"({"again":false})").status, 200);
  EXPECT_EQ(post("/v1/messages/7/retry", R"({"again":true})").status, 200);
  EXPECT_EQ(server_.operations.asked, (std::vector<std::string>{"replay 7", "replay 7", "replay again 7"}));
}

TEST_F(V1, CancelsAMessage) {
  EXPECT_EQ(parse_state_change(post("/v1/messages/7/cancel").body).value().status, State::kCancelled);
  EXPECT_EQ(post("/v1/messages/7/cancel", "{}").status, 200);
  EXPECT_EQ(server_.operations.asked, (std::vector<std::string>{"cancel 7", "cancel 7"}));
}

TEST_F(V1, ResolvesAMessage) {
  EXPECT_EQ(post("/v1/messages/7/resolve", R"({"outcome":"done"})").status, 200);
  EXPECT_EQ(post("/v1/messages/7/resolve", R"({"outcome":"retry"})").status, 200);
  EXPECT_EQ(server_.operations.asked, (std::vector<std::string>{"resolve done 7", "resolve retry 7"}));
}

TEST_F(V1, ReschedulesAMessage) {
  const std::string soon = to_rfc3339(SystemWallClock().now() + std::chrono::hours(24 * 365));
  EXPECT_EQ(post("/v1/messages/7/reschedule", R"({"deliver_at":")" + soon + R"("})").body,
            R"({"id":"7","status":{"name":"sending","code":0}})");
  EXPECT_EQ(post("/v1/messages/7/reschedule", R"({"deliver_at":"2001-02-03T04:05:06+01:00"})").status, 200);
  EXPECT_EQ(server_.operations.asked,
            (std::vector<std::string>{"reschedule " + soon + " 7", "reschedule 2001-02-03T03:05:06.000Z 7"}));
}

TEST_F(V1, RefusesATimeThatIsNone) {
  const std::string late = to_rfc3339(SystemWallClock().now() + std::chrono::hours(24 * 367));
  for (const std::string& body :
       {std::string(), std::string("{}"), std::string(R"({"deliver_at":null})"), std::string(R"({"deliver_at":7})"),
        std::string(R"({"deliver_at":"soon"})"), R"({"deliver_at":")" + late + R"("})"}) {
    expect_bad_field(post("/v1/messages/7/reschedule", body), "deliver_at");
  }
}

TEST_F(V1, RefusesActionsItDoesNotUnderstand) {
  expect_bad_field(post("/v1/messages/7/retry", R"({"agian":true})"), "agian");
  expect_bad_field(post("/v1/messages/7/retry", R"({"again":1})"), "again");
  expect_bad_field(post("/v1/messages/7/cancel", R"({"again":true})"), "again");
  expect_bad_field(post("/v1/messages/7/resolve", R"({"outcome":"maybe"})"), "outcome");
  expect_bad_field(post("/v1/messages/7/resolve", "{}"), "outcome");
  expect_bad_field(post("/v1/messages/7/resolve"), "outcome");
  EXPECT_EQ(error_of(post("/v1/messages/7/retry", "[1]")).code, "invalid_json");
  EXPECT_EQ(error_of(post("/v1/messages/7/retry", std::string(100'000, '['))).code, "invalid_json");
  const auto plain = RawClient(server_.port())
                         .ask(to_text({.target = "/v1/messages/7/retry", .content_type = "text/plain", .body = "{}"}));
  EXPECT_EQ(plain.value().status, 415);
  EXPECT_EQ(get("/v1/messages/7/retry").status, 405);
  EXPECT_EQ(get("/v1/messages/7/retry").header("Allow"), "POST");
  EXPECT_EQ(post("/v1/messages/7").status, 405);
  EXPECT_EQ(post("/v1/messages/7").header("Allow"), "GET, HEAD");
  EXPECT_EQ(post("/v1/messages/7/reschedule/x").status, 404);
  EXPECT_TRUE(server_.operations.asked.empty());
}

TEST_F(V1, MapsTheErrorsOfTheLog) {
  struct Case {
    ErrorClass what;
    int status;
    const char* code;
  };
  for (const Case& expected :
       {Case{ErrorClass::kConflict, 409, "conflict"}, Case{ErrorClass::kRetry, 503, "unavailable"},
        Case{ErrorClass::kOverload, 503, "unavailable"}, Case{ErrorClass::kInDoubt, 503, "in_doubt"},
        Case{ErrorClass::kNotFound, 404, "not_found"}, Case{ErrorClass::kPermanent, 400, "invalid_request"}}) {
    server_.operations.error = make_error(expected.what, "as planted");
    for (const RawResponse& response :
         {get("/v1/messages/7"), get("/v1/messages"), get("/v1/stats"), post("/v1/messages/7/retry"),
          post("/v1/messages/7/cancel"), post("/v1/messages/7/resolve", R"({"outcome":"done"})")}) {
      EXPECT_EQ(response.status, expected.status);
      EXPECT_EQ(error_of(response).code, expected.code);
      EXPECT_TRUE(error_of(response).message.starts_with("as planted")) << error_of(response).message;
      EXPECT_EQ(!response.header("Retry-After").empty(), expected.status == 503);
    }
  }
}

// What has no key is not advised to use one.
TEST_F(V1, AChangeInDoubtSaysHowToFindOut) {
  server_.operations.error = make_error(ErrorClass::kInDoubt, "no answer");
  for (const char* action : {"retry", "cancel", "resolve", "reschedule"}) {
    const std::string body = action == std::string("resolve")      ? R"({"outcome":"done"})"
                             : action == std::string("reschedule") ? R"({"deliver_at":"2026-01-31T08:00:00Z"})"
                                                                   : "{}";
    const RawResponse response = post(std::string("/v1/messages/7/") + action, body);
    EXPECT_EQ(error_of(response).message,
              "no answer; it may have been done: look at the message, and repeat the request if it was not");
  }
}

TEST_F(V1, SaysWhetherItIsReady) {
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_EQ(get("/readyz").body, R"({"ready":true,"reason":null})");
  server_.operations.ready = {false, "the log does not answer"};
  const RawResponse response = get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.header("Retry-After"), "1");
  EXPECT_EQ(parse_ready(response.body).value(), (ReadyView{false, "the log does not answer"}));
  EXPECT_EQ(get("/healthz").status, 200);
}

}  // namespace
}  // namespace waybill::api
