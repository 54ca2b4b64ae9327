// Section 2, the publisher's marks and `lost`: evidence fits only the publish it is about.
#include "tests/contract/log_harness.h"

namespace waybill::contract {
namespace {

Lost lost_of(const QueueName& queue, std::optional<WallTime> confirmed_before, int limit = 100) {
  Lost lost;
  lost.queue = queue;
  lost.confirmed_before = confirmed_before;
  lost.limit = limit;
  lost.evidence = "a later publish came out";
  return lost;
}

}  // namespace

std::vector<LogCase> mark_cases() {
  return {
      {"AConfirmedRowIsSentAndOutOfTheClock",
       [](LogHarness& h) {
         h.append("m");
         h.must_apply(MarkSent{{"m"}, 1, h.now()});
         const Row row = h.row("m");
         check_equal(row.status, State::kSent, "the status");
         check_equal(row.next_try_time, std::optional<WallTime>(), "next_try_time");
         check_equal(row.confirm_time, h.now(), "confirm_time");
         check_equal(row.publish_count, 1, "publish_count");
       }},
      {"AFailedPublishIsDueAfterItsBackoff",
       [](LogHarness& h) {
         h.append("m");
         h.must_apply(MarkFailed{{"m"}, 1, Duration{700}, "312 NO_ROUTE", std::string(kEventReturned)});
         const Row row = h.row("m");
         check_equal(row.status, State::kSendFailed, "the status");
         check_equal(row.next_try_time, h.now() + Duration{700}, "next_try_time");
         check_equal(row.last_error, std::string("312 NO_ROUTE"), "last_error");
         check_equal(row.try_count, 0, "try_count: publish failures never use it");
         check_equal(h.count_events("m", kEventReturned), 1, "the events");
       }},
      {"AMarkFitsOnlyItsOwnPublish",
       [](LogHarness& h) {
         h.append("m");
         h.advance(kGrace);
         only_row(h.apply(h.new_take()));
         h.must_refuse({"m"}, MarkSent{{"m"}, 1, h.now()});
         h.must_refuse({"m"}, MarkFailed{{"m"}, 1, kBackoff, "late", std::string(kEventInDoubt)});
         h.must_refuse({"m"}, MarkSent{{"m"}, 3, h.now()});
         h.must_apply(MarkSent{{"m"}, 2, h.now()});
       }},
      {"LateConfirmNeverOverwritesConsumed",
       [](LogHarness& h) {
         h.append("m");
         h.finish(h.claim("m"), Done{"file"});
         h.must_refuse({"m"}, MarkSent{{"m"}, 1, h.now()});
         h.must_refuse({"m"}, MarkFailed{{"m"}, 1, kBackoff, "late", std::string(kEventInDoubt)});
       }},
      {"LateMarksNeverMoveARowThatIsPastSending",
       [](LogHarness& h) {
         for (const State state :
              {State::kConsumeFailed, State::kDead, State::kOutcomeUnknown, State::kCancelled, State::kConsumed}) {
           const std::string id(to_string(state));
           h.bring_to(id, state);
           h.must_refuse({id}, MarkSent{{id}, 1, h.now()});
           h.must_refuse({id}, MarkFailed{{id}, 1, kBackoff, "late", std::string(kEventNacked)});
         }
       }},
      {"AMarkOfAClaimedRowLeavesItsLease",
       [](LogHarness& h) {
         h.append("sent");
         h.append("failed");
         h.claim("sent");
         h.claim("failed");
         h.advance(Duration{100});
         h.must_apply(MarkSent{{"sent"}, 1, h.now()});
         h.must_apply(MarkFailed{{"failed"}, 1, kBackoff, "late", std::string(kEventInDoubt)});
         for (const char* id : {"sent", "failed"}) {
           check_equal(h.row(id).next_try_time, h.now() + kLease - Duration{100}, "the end of the lease");
           check(h.row(id).owner == kWorker, "the owner stays");
         }
         check_equal(h.status("sent"), State::kSent, "the status");
         check_equal(h.status("failed"), State::kSendFailed, "the status");
       }},
      {"NackAfterConfirmChangesNothing",
       [](LogHarness& h) {
         h.bring_to("sent", State::kSent);
         h.must_refuse({"sent"}, MarkFailed{{"sent"}, 1, kBackoff, "late", std::string(kEventNacked)});
         h.bring_to("failed", State::kSendFailed);
         h.must_refuse({"failed"}, MarkSent{{"failed"}, 1, h.now()});
       }},
      {"MarksRunAgainGiveTheSameAnswer",
       [](LogHarness& h) {
         h.append("sent");
         h.append("failed");
         const MarkSent sent{{"sent"}, 1, h.now()};
         const MarkFailed failed{{"failed"}, 1, kBackoff, "nacked", std::string(kEventNacked)};
         h.must_apply(sent);
         h.must_apply(failed);
         h.advance(Duration{50});
         h.must_apply(sent);
         h.must_apply(failed);
         check_equal(h.row("failed").next_try_time, h.now() - Duration{50} + kBackoff, "next_try_time");
         check_equal(h.count_events("failed", kEventNacked), 1, "the events");
       }},
      {"MarksOfUnknownIdsSaySo",
       [](LogHarness& h) {
         check_equal(h.apply(MarkSent{{"nobody"}, 1, h.now()}).kind, VerbAnswer::Kind::kUnknownId, "the answer");
         check_equal(h.apply(MarkFailed{{"nobody"}, 1, kBackoff, "", ""}).kind, VerbAnswer::Kind::kUnknownId,
                     "the answer");
       }},
      {"AMarkAnswersTheStateOfTheRow",
       [](LogHarness& h) {
         h.append("m");
         h.claim("m");
         const VerbAnswer claimed = h.apply(MarkSent{{"m"}, 1, h.now()});
         check(claimed.status == State::kSent && claimed.attempt_open, "sent, with an open attempt");
         h.bring_to("done", State::kConsumed);
         const VerbAnswer done = h.apply(MarkSent{{"done"}, 1, h.now()});
         check(done.status == State::kConsumed && !done.attempt_open, "consumed, without one");
       }},
  };
}

std::vector<LogCase> lost_cases() {
  return {
      {"LostRowsAreDueAgainWithTheEvidence",
       [](LogHarness& h) {
         h.bring_to("m", State::kSent);
         h.advance(Duration{1});
         check_equal(h.apply(lost_of(kMailQueue, h.now())).rows, 1, "the rows lost");
         const Row row = h.row("m");
         check_equal(row.status, State::kSendFailed, "the status");
         check_equal(row.next_try_time, h.now(), "next_try_time");
         check_equal(row.try_count, 0, "try_count");
         check_equal(h.count_events("m", kEventLost), 1, "the events");
         check_equal(h.events("m").back().detail, std::string("a later publish came out"), "the evidence");
         check_equal(only_row(h.apply(h.new_take())).publish_number, 2, "the next publish number");
       }},
      {"OnlyRowsConfirmedBeforeTheEvidenceAreLost",
       [](LogHarness& h) {
         h.bring_to("before", State::kSent);
         h.advance(Duration{10});
         const WallTime evidence = h.now();
         h.bring_to("at", State::kSent);
         h.advance(Duration{10});
         h.bring_to("after", State::kSent);
         check_equal(h.apply(lost_of(kMailQueue, evidence)).rows, 1, "the rows lost");
         check_equal(h.status("before"), State::kSendFailed, "the earlier row");
         check_equal(h.status("at"), State::kSent, "the row confirmed at that moment");
         check_equal(h.status("after"), State::kSent, "the later row");
       }},
      {"WhatWasConfirmedBeforeTheClockSteppedBackIsLostToo",
       [](LogHarness& h) {
         h.append("ahead");
         h.append("now");
         h.must_apply(MarkSent{{"ahead"}, 1, h.now() + std::chrono::hours(3)});
         h.must_apply(MarkSent{{"now"}, 1, h.now() + Duration{500}});
         check_equal(h.apply(lost_of(kMailQueue, h.now())).rows, 1, "the rows lost");
         check_equal(h.status("ahead"), State::kSendFailed, "the row confirmed by another clock");
         check_equal(h.status("now"), State::kSent, "the row confirmed by an instance that is a little ahead");
       }},
      {"TheLongestConfirmedAreLostFirst",
       [](LogHarness& h) {
         for (const char* id : {"late", "later", "early"}) h.append(id);
         const WallTime base = h.now();
         h.must_apply(MarkSent{{"later"}, 1, base + Duration{30}});
         h.must_apply(MarkSent{{"late"}, 1, base + Duration{20}});
         h.must_apply(MarkSent{{"early"}, 1, base + Duration{10}});
         h.advance(Duration{100});
         check_equal(h.apply(lost_of(kMailQueue, h.now(), 1)).rows, 1, "the limit");
         check_equal(h.status("early"), State::kSendFailed, "the longest confirmed");
         check_equal(h.apply(lost_of(kMailQueue, h.now(), 1)).rows, 1, "the limit");
         check_equal(h.status("late"), State::kSendFailed, "the next");
         check_equal(h.status("later"), State::kSent, "the last");
       }},
      {"ClaimedRowsAreNeverLost",
       [](LogHarness& h) {
         h.bring_to("m", State::kSent);
         h.claim("m");
         h.advance(kLease * 2);
         const std::string before = h.snapshot({"m"});
         check_equal(h.apply(lost_of(kMailQueue, h.now())).rows, 0, "the rows lost");
         check_equal(h.snapshot({"m"}), before, "the row");
       }},
      {"OtherQueuesAndExternalRowsAreNeverLost",
       [](LogHarness& h) {
         h.bring_to("mail", State::kSent);
         h.append_external("external");
         h.mark_sent("external");
         h.append_foreign("foreign", 1);
         h.advance(Duration{10});
         check_equal(h.apply(lost_of(kSmsQueue, h.now())).rows, 0, "the rows of another queue");
         check_equal(h.apply(lost_of(QueueName{}, h.now())).rows, 0, "the external rows");
         check_equal(h.status("mail"), State::kSent, "the status");
       }},
      {"WithoutAQueueTheRowsOfEveryConsumedQueueAreLost",
       [](LogHarness& h) {
         h.bring_to("mail", State::kSent);
         Append sms = h.new_append("sms");
         sms.message.route = kSmsRoute;
         sms.queue = kSmsQueue;
         h.apply(sms);
         h.mark_sent("sms");
         h.bring_to("mail too", State::kSent);
         h.append_external("external");
         h.mark_sent("external");
         h.advance(Duration{10});
         Lost lost = lost_of(kMailQueue, h.now(), 2);
         lost.queue.reset();
         check_equal(h.apply(lost).rows, 2, "the limit");
         check_equal(h.apply(lost).rows, 1, "the rest");
         for (const char* id : {"mail", "mail too", "sms"}) check_equal(h.status(id), State::kSendFailed, "the status");
         check_equal(h.status("external"), State::kSent, "the external row");
       }},
      {"WhatAnotherBootPublishedIsLostInTheInProcessBroker",
       [](LogHarness& h) {
         Append earlier = h.new_append("earlier");
         earlier.boot = {7};
         h.apply(earlier);
         h.mark_sent("earlier");
         h.bring_to("ours", State::kSent);
         Append retaken = h.new_append("retaken");
         retaken.boot = {7};
         h.apply(retaken);
         h.advance(kGrace);
         only_row(h.apply(h.new_take()));
         h.mark_sent("retaken");
         Lost lost = lost_of(kMailQueue, std::nullopt);
         lost.published_not_by = kBoot;
         check_equal(h.apply(lost).rows, 1, "the rows lost");
         check_equal(h.status("earlier"), State::kSendFailed, "the row of the earlier boot");
         check_equal(h.status("ours"), State::kSent, "the row of this boot");
         check_equal(h.status("retaken"), State::kSent, "the row that this boot took");
       }},
      {"OnlySentRowsAreLost",
       [](LogHarness& h) {
         for (const State state : kAllStates) {
           if (state != State::kSent) h.bring_to(std::string(to_string(state)), state);
         }
         h.advance(std::chrono::hours(1));
         check_equal(h.apply(lost_of(kMailQueue, h.now())).rows, 0, "the rows lost");
       }},
  };
}

}  // namespace waybill::contract
