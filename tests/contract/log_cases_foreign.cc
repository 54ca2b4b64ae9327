// Section 1, foreign rows: what another program's INSERT of four or nine columns becomes.
#include "tests/contract/log_harness.h"

namespace waybill::contract {

namespace {

// The row cannot be published: it is answered as unreadable, left as it was, and refusing it makes it dead with this
// reason. Its neighbour passes.
void check_refused(LogHarness& h, const ForeignRow& row, std::string_view reason, Place place = Place::current()) {
  const bool inserted = h.insert_foreign(row).ok();
  if (!inserted && reason == "UTF-8" && h.stores_only_utf8()) return;
  check(inserted, "the row is inserted", place);
  const std::string neighbour = "beside " + std::to_string(h.count({}));
  h.append_foreign(neighbour, std::nullopt, std::nullopt, place);
  const std::string before = h.snapshot({row.id}, place);
  const TakeAnswer answer = h.apply(h.new_take(), place);
  check_equal(only_row(answer, place).message.id.value, neighbour, "the row taken", place);
  check_equal(answer.unreadable.size(), std::size_t{1}, "the rows that cannot be read", place);
  const auto& [id, why] = answer.unreadable.front();
  check_equal(id.value, row.id, "the id", place);
  check(why.find(reason) != std::string::npos, "the reason says '" + std::string(reason) + "', but: " + why, place);
  check_equal(h.snapshot({row.id}, place), before, "the row after the take", place);
  h.must_apply(Refuse{id, why}, place);
  check_equal(h.status(row.id, place), State::kDead, "the status", place);
  check_equal(h.row(row.id, place).last_error, why, "last_error", place);
}

}  // namespace

std::vector<LogCase> unusable_foreign_cases() {
  return {
      {"ForeignIdsThatNobodyMayUseAreRefused",
       [](LogHarness& h) {
         for (const char* id : {"waybill.dead/1", "waybill.parked/1", "waybill."}) {
           check_refused(h, {.id = id, .msg = "text", .route = kMailRoute}, "reserved");
         }
         check_refused(h, {.id = "a\nb", .msg = "text", .route = kMailRoute}, "control character");
         check_refused(h, {.id = "a\xFF", .msg = "text", .route = kMailRoute}, "UTF-8");
       }},
      {"AForeignIdThatWasRefusedIsRefusedAfterAReplay",
       [](LogHarness& h) {
         check_refused(h, {.id = "waybill.x", .msg = "text", .route = kMailRoute}, "reserved");
         h.must_apply(Replay{{"waybill.x"}});
         const TakeAnswer answer = h.apply(h.new_take());
         check(answer.rows.empty() && answer.unreadable.size() == 1, "it still has that id");
       }},
      {"OurOwnReservedIdsAreDriven",
       [](LogHarness& h) {
         const Message message = h.message("waybill.parked/1");
         h.must_apply(Park{message, digest_of(message.body.bytes()), kMailQueue, "row gone"});
         h.must_apply(Replay{message.id});
         check_equal(only_row(h.apply(h.new_take())).message.id.value, message.id.value, "the row taken");
       }},
      {"ForeignNamesThatNoBrokerCarriesAreRefused",
       [](LogHarness& h) {
         const std::string too_long(256, 'x');
         const ForeignRow good{.id = "exchange", .msg = "text", .route = kMailRoute};
         ForeignRow row = good;
         row.route.exchange = too_long;
         check_refused(h, row, "exchange's name is longer than 255 bytes");
         row = good;
         row.id = "key";
         row.route.routing_key = too_long;
         check_refused(h, row, "routing key is longer than 255 bytes");
         row.id = "bytes";
         row.route.routing_key = "\xFF\xFE";
         check_refused(h, row, "UTF-8");
         row = good;
         row.id = "type";
         row.content_type = too_long;
         check_refused(h, row, "content type is longer than 255 bytes");
       }},
      {"ForeignHeadersThatNoBrokerCarriesAreRefused",
       [](LogHarness& h) {
         ForeignRow row{.id = "name", .msg = "text", .route = kMailRoute};
         row.headers = {{"tenant", "7"}, {std::string(256, 'x'), "1"}};
         check_refused(h, row, "header's name is longer than 255 bytes");
         row.id = "large";
         row.headers = {{"large", std::string(std::size_t{64} << 10U, 'x')}};
         check_refused(h, row, "headers are larger than 64 KiB");
         row.id = "huge";
         row.headers = {{"huge", std::string(std::size_t{1} << 20U, 'x')}};
         check_refused(h, row, "headers are larger than 64 KiB");
       }},
      {"TheLongestForeignNamesAreTaken",
       [](LogHarness& h) {
         const std::string longest = "\xC3\xA9" + std::string(253, 'x');
         const ForeignRow row{.id = "f",
                              .msg = "text",
                              .route = {longest, longest},
                              .content_type = longest,
                              .headers = {{longest, std::string(std::size_t{32} << 10U, '"')}}};
         check(h.insert_foreign(row).ok(), "the row is inserted");
         const TakenRow taken = only_row(h.apply(h.new_take()));
         check(taken.message.route == row.route && taken.message.headers == row.headers &&
                   taken.message.content_type == row.content_type,
               "they come out as they were inserted");
       }},
  };
}

std::vector<LogCase> foreign_cases() {
  return {
      {"ARowOfFourColumnsIsTakenAndGetsItsQueue",
       [](LogHarness& h) {
         h.append_foreign("f");
         const TakenRow taken = only_row(h.apply(h.new_take()));
         check_equal(taken.message.id.value, std::string("f"), "the id");
         check_equal(taken.message.body.bytes(), std::string("foreign f"), "the body");
         check(taken.message.route == kMailRoute, "the route is the row's");
         check(taken.foreign, "it is known as foreign");
         check(taken.queue == kMailQueue, "its queue is decided by the routes");
         check_equal(taken.publish_number, 1, "the publish number");
         const Row row = h.row("f");
         check(row.queue == kMailQueue, "its queue is stored");
         check_equal(row.next_try_time, h.now() + kGrace, "next_try_time");
       }},
      {"ARowOfAnUnknownRouteIsExternal",
       [](LogHarness& h) {
         check(h.insert_foreign({.id = "f", .msg = "text", .route = kExternalRoute, .rest = {}}).ok(),
               "it is accepted");
         check(only_row(h.apply(h.new_take())).queue.external(), "its queue is external");
         check(h.row("f").queue == QueueName{}, "that is stored");
       }},
      {"TheQueueOnceStoredIsNotRecomputed",
       [](LogHarness& h) {
         h.append_foreign("f");
         only_row(h.apply(h.new_take()));
         h.advance(kGrace);
         Take take = h.new_take();
         take.routes = std::make_shared<const RouteTable>();
         const TakenRow taken = only_row(h.apply(take));
         check(taken.queue == kMailQueue && h.row("f").queue == kMailQueue, "the queue stays");
         check(!taken.foreign, "a row that was published is not foreign any more");
       }},
      {"ForeignStatesZeroToTwoAreDriven",
       [](LogHarness& h) {
         for (const int status : {0, 1, 2}) h.append_foreign("f" + std::to_string(status), status);
         const TakeAnswer answer = h.apply(h.new_take());
         check_equal(answer.rows.size(), std::size_t{3}, "the rows taken");
         for (const TakenRow& row : answer.rows) {
           check_equal(h.status(row.message.id.value), State::kSending, "the status");
           check(row.foreign, "it is known as foreign");
         }
       }},
      {"AForeignStateThreeIsFinal",
       [](LogHarness& h) {
         h.append_foreign("f", 3);
         check(h.apply(h.new_take()).rows.empty(), "it is not driven");
         check_equal(h.apply(h.new_claim("f")).verdict, ClaimVerdict::kFinished, "the verdict on a claim");
       }},
      {"OtherForeignStatesAreRefused",
       [](LogHarness& h) {
         for (const int status : {4, 5, 6, 7, 8, -1}) {
           const ForeignRow::Rest rest{status, 0, h.now(), h.now(), h.now()};
           check(!h.insert_foreign({"f" + std::to_string(status), "text", kMailRoute, rest}).ok(),
                 "status " + std::to_string(status) + " is refused");
         }
         check(h.list().empty(), "nothing was stored");
       }},
      {"AForeignRowIsNotTakenBeforeItsTime",
       [](LogHarness& h) {
         h.append_foreign("f", 0, h.now() + Duration{1'000});
         check(h.apply(h.new_take()).rows.empty(), "it is not due yet");
         h.advance(Duration{1'000});
         only_row(h.apply(h.new_take()));
       }},
      {"AClaimOfAForeignRowFillsItsDigestAndQueue",
       [](LogHarness& h) {
         h.append_foreign("f");
         Claim claim = h.new_claim("f");
         claim.digest = digest_of("foreign f");
         h.claim(claim);
         check(h.row("f").digest == claim.digest, "the digest is filled");
         check(h.row("f").queue == kMailQueue, "the queue is filled");
       }},
      {"AForeignRowMayBeCancelledRefusedAndHeld",
       [](LogHarness& h) {
         for (const char* id : {"cancelled", "refused", "held"}) h.append_foreign(id);
         h.append_foreign("refused-sent", 1);
         h.must_apply(Cancel{{"cancelled"}});
         h.must_apply(Refuse{{"refused"}, "too large"});
         h.must_apply(Refuse{{"refused-sent"}, "too large"});
         h.must_apply(Hold{{"held"}, "look at it"});
         check_equal(h.status("cancelled"), State::kCancelled, "the status");
         check_equal(h.status("refused"), State::kDead, "the status");
         check_equal(h.status("refused-sent"), State::kDead, "the status");
         check(h.row("held").on_hold(), "the row is held");
         check(h.apply(h.new_take()).rows.empty(), "none is driven");
         for (const char* id : {"cancelled", "refused", "refused-sent", "held"}) {
           check_equal(h.row(id).publish_count, std::int64_t{1}, "publish_count: such a row is foreign no more");
         }
       }},
      {"AForeignIdThatExistsIsRefused",
       [](LogHarness& h) {
         h.append("m");
         check(!h.insert_foreign({"m", "text", kMailRoute, {}}).ok(), "the primary key holds");
         check_equal(h.row("m").message.body.bytes(), std::string("body of m"), "the body");
       }},
  };
}

}  // namespace waybill::contract
