#include "testing/recording/write_json.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

namespace waybill::recording {
namespace {

namespace json = boost::json;

const WallTime kTime = from_millis(1'767'225'600'123);
const Owner kOwner{"node-a", {0xfedc'ba98'7654'3210}};
const Fence kFence{{"m-1"}, kOwner, 7, {0xffff'ffff'ffff'fffe}};
const Route kRoute{"mail.exchange", "mail.routing.key"};
const Route kDead{"waybill.dlx", "dead"};

Message full_message() {
  return {{"m-\xc3\xa4"},
          kRoute,
          Body(std::string("\0\xff text", 7), true),
          "text/plain",
          {{"b", "\"2\""}, {"a", ""}},
          RetryPolicy{4, DelayList{{Duration{1'000}, Duration{5'000}}}},
          kTime};
}
LapseRule full_lapse() { return {false, kTime, 9, UnknownPolicy::kHold, kDead}; }
Claim full_claim() {
  return {{"m-1"}, sha256("body"), {3}, kOwner,         {"mail.queue"}, Duration{7},
          false,   true,           70,  {kTime, kTime}, full_lapse()};
}
Finish finish(HandlerOutcome outcome) {
  const RecipientRecord recipient{"a@x", {RecipientFate::kRefused, 550, "5.1.1", "no such user"}, "mx.test:25"};
  return {kFence, std::move(outcome), {recipient}, Duration{9}, 5, UnknownPolicy::kHold, kDead, {kTime, kTime}};
}

// One write of every verb, every field of it set to something else than its default.
const std::vector<Write>& full_writes() {
  static const std::vector<Write> writes = {
      Append{full_message(),
             sha256("body"),
             {"mail.queue"},
             true,
             Duration{5},
             {1},
             {2},
             true,
             IdempotencyKey{"send", "key", sha256("request")}},
      Take{{1},
           Duration{5},
           6,
           7,
           8,
           9,
           10,
           std::make_shared<const RouteTable>(std::map<Route, QueueName>{{kRoute, {"mail.queue"}}}),
           std::make_shared<const ClosedRoutes>(std::vector{kRoute}, std::vector{kDead}),
           kDead,
           Sweep{Duration{1}, Duration{2}, Duration{3}, Duration{4}},
           false,
           full_lapse()},
      Refuse{{"m-1"}, "too large"},
      MarkSent{{"m-1"}, 5'000'000'000, kTime},
      MarkFailed{{"m-1"}, 2, Duration{3}, "no route", std::string(kEventReturned)},
      Lost{QueueName{"mail.queue"}, kTime, BootNonce{8}, 9, "later copies came out"},
      full_claim(),
      Renew{kFence, Duration{11}},
      BeginEffect{kFence},
      Release{kFence, true},
      finish(Retry{"busy", Duration{12}, false}),
      Adopt{full_message(), sha256("body"), full_claim()},
      Park{full_message(), sha256("body"), {"mail.queue"}, "row gone"},
      LapseOwner{kOwner, 13, full_lapse()},
      Cancel{{"m-1"}},
      Reschedule{{"m-1"}, kTime},
      Hold{{"m-1"}, "look at it"},
      Resolve{{"m-1"}, true},
      Replay{{"m-1"}, true, Duration{14}},
      Prune{Duration{15}, 16},
      LeaseNode{kOwner, Duration{17}},
      ReportQueues{
          kOwner, {{{"mail.queue"}, kOwner, kTime, kTime, kTime}, {{"sms.queue"}, kOwner, {}, {}, {}}}, Duration{18}},
  };
  return writes;
}

// As it goes through a file.
Result<Write> round_trip(const Write& write) { return write_from_json(json::parse(json::serialize(to_json(write)))); }

template <class W>
W back(const W& write) {
  auto read = round_trip(Write(write));
  EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message);
  return std::get<W>(std::move(read).value());
}

template <std::size_t... I>
std::vector<Write> default_writes(std::index_sequence<I...> /*alternatives*/) {
  return {Write(std::in_place_index<I>)...};
}
const std::vector<Write>& plain_writes() {
  static const auto writes = default_writes(std::make_index_sequence<std::variant_size_v<Write>>());
  return writes;
}

class EveryWrite : public testing::TestWithParam<std::size_t> {
 protected:
  static std::size_t verb() { return GetParam(); }
};

TEST_P(EveryWrite, ComesBackAsItWas) {
  const Write& write = full_writes().at(verb());
  ASSERT_EQ(write.index(), verb()) << "the sample of another verb";
  const auto read = round_trip(write);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->index(), write.index());
  EXPECT_EQ(to_json(*read), to_json(write));
}

TEST_P(EveryWrite, ComesBackWithoutItsOptionalFields) {
  const Write plain = plain_writes().at(verb());
  const auto read = round_trip(plain);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(plain));
}

// A field that were not read would come back with its default, which no field of the sample has.
TEST_P(EveryWrite, CarriesEachOfItsFields) {
  const json::object full = to_json(full_writes().at(verb())).as_object();
  const json::object plain = to_json(plain_writes().at(verb())).as_object();
  for (const auto& field : full) {
    if (field.key() == "verb") continue;
    const json::value* by_default = plain.if_contains(field.key());
    EXPECT_TRUE(by_default == nullptr || *by_default != field.value()) << field.key();
  }
}

TEST_P(EveryWrite, IsRefusedWithoutOneOfItsRequiredFields) {
  const json::object plain = to_json(plain_writes().at(verb())).as_object();
  for (const auto& field : plain) {
    json::object maimed = plain;
    maimed.erase(field.key());
    const auto read = write_from_json(maimed);
    ASSERT_FALSE(read.ok()) << field.key();
    EXPECT_NE(read.error().message.find(std::string(field.key())), std::string::npos) << read.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(Verbs, EveryWrite, testing::Range<std::size_t>(0, std::variant_size_v<Write>),
                         [](const auto& param_info) {
                           return std::string(to_json(full_writes().at(param_info.param)).at("verb").as_string());
                         });

TEST(WriteJson, AVerbKeepsItsName) {
  EXPECT_EQ(to_json(Take{}).at("verb"), "take");
  EXPECT_EQ(to_json(LapseOwner{}).at("verb"), "lapse_owner");
  EXPECT_EQ(to_json(ReportQueues{}).at("verb"), "report_queues");
}

TEST(WriteJson, AMessageIsCarriedByteByByte) {
  const Message message = back(std::get<Append>(full_writes().front())).message;
  const Message expected = full_message();
  EXPECT_EQ(message.id, expected.id);
  EXPECT_EQ(message.route, expected.route);
  EXPECT_EQ(message.body, expected.body);
  EXPECT_EQ(message.content_type, expected.content_type);
  EXPECT_EQ(message.headers, expected.headers);
  EXPECT_EQ(message.retry, expected.retry);
  EXPECT_EQ(message.not_before, expected.not_before);
}

TEST(WriteJson, AClaimKeepsItsTokenItsOwnerAndItsTimes) {
  const Claim claim = back(full_claim());
  EXPECT_EQ(claim.digest, sha256("body"));
  EXPECT_EQ(claim.owner, kOwner);
  EXPECT_EQ(claim.lease, Duration{7});
  EXPECT_FALSE(claim.effect_begun);
  EXPECT_TRUE(claim.want_body);
  EXPECT_EQ(claim.times.confirm_time, kTime);
  EXPECT_EQ(claim.lapse.unknown, UnknownPolicy::kHold);
  EXPECT_EQ(claim.lapse.dead_letter, kDead);
  EXPECT_EQ(back(Renew{kFence}).fence.token, kFence.token);
}

TEST(WriteJson, ATakeKeepsItsRoutes) {
  const Take take = back(std::get<Take>(full_writes().at(1)));
  ASSERT_TRUE(take.routes);
  EXPECT_EQ(take.routes->queue_for(kRoute), QueueName{"mail.queue"});
  ASSERT_TRUE(take.closed);
  EXPECT_EQ(take.closed->closed(), std::vector{kRoute});
  EXPECT_EQ(take.closed->probes(), std::vector{kDead});
  EXPECT_FALSE(back(Take{}).routes);
  EXPECT_FALSE(back(Take{}).closed);
}

TEST(WriteJson, EveryOutcomeComesBack) {
  EXPECT_EQ(std::get<Done>(back(finish(Done{"file.eml"})).outcome).result, "file.eml");
  EXPECT_EQ(std::get<Retry>(back(finish(Retry{"busy", Duration{12}})).outcome).after, Duration{12});
  EXPECT_EQ(std::get<Retry>(back(finish(Retry{"busy", {}})).outcome).after, std::nullopt);
  EXPECT_TRUE(std::get<Retry>(back(finish(Retry{"busy", {}})).outcome).uses_try);
  EXPECT_FALSE(std::get<Retry>(back(finish(Retry{"busy", {}, false})).outcome).uses_try);
  EXPECT_EQ(std::get<Fail>(back(finish(Fail{"no such user"})).outcome).error, "no such user");
  EXPECT_EQ(std::get<Unknown>(back(finish(Unknown{"no answer"})).outcome).detail, "no answer");
}

TEST(WriteJson, AForeignRowKeepsItsNineColumns) {
  Row row;
  row.message.id = {"theirs"};
  row.message.route = kRoute;
  row.message.body = Body("text");
  row.status = State::kSendFailed;
  row.try_count = 2;
  row.next_try_time = kTime;
  row.create_time = kTime - Duration{2};
  row.update_time = kTime - Duration{1};
  const auto read = foreign_row_from_json(json::parse(json::serialize(foreign_row_to_json(row))));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->message.id, row.message.id);
  EXPECT_EQ(read->message.route, kRoute);
  EXPECT_EQ(read->message.body, row.message.body);
  EXPECT_EQ(read->body_bytes, 4U);
  EXPECT_EQ(read->status, State::kSendFailed);
  EXPECT_EQ(read->try_count, 2);
  EXPECT_EQ(read->next_try_time, kTime);
  EXPECT_EQ(read->create_time, row.create_time);
  EXPECT_EQ(read->update_time, row.update_time);
}

TEST(WriteJson, WhatIsNoWriteIsRefusedWithItsReason) {
  const auto reason = [](const char* text) {
    const auto read = write_from_json(json::parse(text));
    return read.ok() ? std::string("accepted") : read.error().message;
  };
  EXPECT_EQ(reason("[]"), "a write has a 'verb'");
  EXPECT_EQ(reason(R"({"verb":"vanish"})"), "there is no verb 'vanish'");
  const std::string bad_id = "cancel: the field 'id' is missing or cannot be read";
  EXPECT_EQ(reason(R"({"verb":"cancel"})"), bad_id);
  EXPECT_EQ(reason(R"({"verb":"cancel","id":7})"), bad_id);
  EXPECT_EQ(reason(R"({"verb":"prune","age":1,"limit":99999999999})"),
            "prune: the field 'limit' is missing or cannot be read");
  EXPECT_EQ(reason(R"({"verb":"resolve","id":"m","happened":1})"),
            "resolve: the field 'happened' is missing or cannot be read");
}

}  // namespace
}  // namespace waybill::recording
