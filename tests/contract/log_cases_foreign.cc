// Section 1, foreign rows: what another program's INSERT of four or nine columns becomes.
#include "tests/contract/log_harness.h"

namespace waybill::contract {

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
