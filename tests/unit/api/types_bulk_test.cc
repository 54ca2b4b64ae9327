#include "api/types_bulk.h"

#include <gtest/gtest.h>

namespace waybill::api {
namespace {

TEST(BulkTypes, ARequestReadsAsItWasWritten) {
  BulkRequest request;
  request.status = State::kCancelled;
  request.queue = "q\"ü";
  request.since = from_millis(1'769'846'400'125);
  request.cursor = "c";
  request.limit = 7;
  request.rate = 2.5;
  request.again = true;
  request.dry_run = true;
  EXPECT_EQ(std::get<BulkRequest>(parse_bulk_request(BulkVerb::kRetry, to_json(request))), request);
  request = BulkRequest{};
  request.queue = "";
  EXPECT_EQ(std::get<BulkRequest>(parse_bulk_request(BulkVerb::kCancel, to_json(request))), request);
}

TEST(BulkTypes, AnswersReadAsTheyWereWritten) {
  for (const BulkView& view : {BulkView{}, BulkView{3, 4, "next\""}}) EXPECT_EQ(*parse_bulk(to_json(view)), view);
  for (const MatchView& view : {MatchView{}, MatchView{5'000'000'000, false}}) {
    EXPECT_EQ(*parse_match(to_json(view)), view);
  }
  for (const PruneView& view : {PruneView{}, PruneView{9, true}}) EXPECT_EQ(*parse_prune(to_json(view)), view);
  EXPECT_FALSE(parse_bulk("{}").ok());
  EXPECT_FALSE(parse_match(R"({"matched":"1","exact":true})").ok());
  EXPECT_FALSE(parse_prune("[]").ok());
}

TEST(BulkTypes, APruneReadsAsItWasWritten) {
  for (const PruneRequest& request :
       {PruneRequest{Duration(1), 1}, PruneRequest{std::chrono::hours(24 * 30), 100'000}}) {
    EXPECT_EQ(std::get<PruneRequest>(parse_prune_request(to_json(request))), request);
  }
}

TEST(MessageAnswers, ReadAsTheyWereWritten) {
  const MessageAnswer answer{"a \"quoted\" \\ id ü", State::kOutcomeUnknown, true};
  std::string json;
  append_json(json, answer);
  EXPECT_EQ(std::get<MessageAnswer>(*parse_message_answer(json)), answer);
  const ErrorView error{"conflict", "no", {{"[1].id", "is known"}}};
  EXPECT_EQ(std::get<ErrorView>(*parse_message_answer(to_json(error))), error);
  EXPECT_FALSE(parse_message_answer("{}").ok());
  EXPECT_FALSE(parse_message_answer("").ok());
}

}  // namespace
}  // namespace waybill::api
