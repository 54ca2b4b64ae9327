// What becomes of each recipient of a mail: recorded with the end of its attempt, and handed to the next.
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/log_harness.h"

namespace waybill::contract {
namespace {

using Kind = FinishAnswer::Kind;
using Records = std::vector<RecipientRecord>;

constexpr const char* kA = "a@example.test";
constexpr const char* kB = "b@example.test";

RecipientRecord record_of(const std::string& address, RecipientFate fate, int code, const std::string& text = "said") {
  return {address, {fate, code, std::to_string(code / 100) + ".0.0", text}, "mx.test:25"};
}
RecipientRecord delivered(const std::string& address) { return record_of(address, RecipientFate::kDelivered, 250); }
RecipientRecord refused(const std::string& address) { return record_of(address, RecipientFate::kRefused, 550); }
RecipientRecord deferred(const std::string& address) { return record_of(address, RecipientFate::kTryAgain, 450); }
RecipientRecord unknown(const std::string& address) { return record_of(address, RecipientFate::kUnknown, 0); }

Finish report(LogHarness& h, const Fence& fence, HandlerOutcome outcome, Records recipients) {
  Finish finish = h.new_finish(fence, std::move(outcome));
  finish.recipients = std::move(recipients);
  return finish;
}

Kind tell(LogHarness& h, const Fence& fence, HandlerOutcome outcome, Records recipients,
          Place place = Place::current()) {
  return h.apply(report(h, fence, std::move(outcome), std::move(recipients)), place).kind;
}

/// Ends an attempt in a retry that is due afterwards.
void attempt_of(LogHarness& h, const Fence& fence, Records recipients, Place place = Place::current()) {
  Finish finish = report(h, fence, Retry{"some are open", {}}, std::move(recipients));
  finish.max_tries = 100;
  check_equal(h.apply(finish, place).status, State::kConsumeFailed, "the status", place);
  h.advance(kDelay);
}
void attempt(LogHarness& h, const std::string& id, Records recipients, Place place = Place::current()) {
  attempt_of(h, h.claim(id, place), std::move(recipients), place);
}

std::string text_of(const Records& records) {
  std::vector<RecordedRecipient> recorded;
  for (const auto& record : records) recorded.push_back({record, {}});
  return show(recorded);
}

void check_recorded(LogHarness& h, const std::string& id, const Records& expected, Place place = Place::current()) {
  Records found;
  for (auto& [record, _] : h.recipients(id, place)) found.push_back(record);
  check_equal(text_of(found), text_of(expected), "what is recorded of the recipients", place);
}

void check_handed_over(const ClaimAnswer& answer, const Records& expected, Place place = Place::current()) {
  check(answer.verdict == ClaimVerdict::kGranted, "the claim is granted", place);
  check_equal(text_of(answer.recipients), text_of(expected), "what the attempt is told", place);
}

void check_later_report(LogHarness& h, const RecipientRecord& first, const RecipientRecord& later,
                        const RecipientRecord& kept, Place place = Place::current()) {
  h.start_afresh();
  h.append("m");
  attempt(h, "m", {first}, place);
  attempt(h, "m", {later}, place);
  check_recorded(h, "m", {kept}, place);
}

}  // namespace

std::vector<LogCase> recipient_cases() {
  return {
      {"RecipientsAreRecordedWithTheEndOfTheirAttempt",
       [](LogHarness& h) {
         h.append("m");
         const Records told = {delivered("a@x"), refused("b@x"), deferred("c@x"), unknown("d@x")};
         check(tell(h, h.claim("m"), Unknown{"d@x: no answer"}, told) == Kind::kRecorded, "the outcome is recorded");
         check_recorded(h, "m", told);
         for (const auto& recipient : h.recipients("m")) check_equal(recipient.at, h.now(), "the time");
         check_equal(h.status("m"), State::kOutcomeUnknown, "the status");
       }},
      {"AMessageWithoutRecipientsHasNone",
       [](LogHarness& h) {
         h.bring_to("m", State::kConsumeFailed);
         h.advance(kDelay);
         check_handed_over(h.apply(h.new_claim("m")), {});
         check_recorded(h, "m", {});
         check_recorded(h, "nobody", {});
       }},
      {"EveryOutcomeCarriesRecipients",
       [](LogHarness& h) {
         const std::vector<HandlerOutcome> outcomes = {Done{"r"}, Retry{"e", {}}, Fail{"e"}, Unknown{"e"}};
         for (std::size_t i = 0; i < outcomes.size(); ++i) {
           const std::string id = "m" + std::to_string(i);
           h.append(id);
           check(tell(h, h.claim(id), outcomes[i], {refused(kA)}) == Kind::kRecorded, "it is recorded");
           check_recorded(h, id, {refused(kA)});
         }
       }},
      {"ALaterAttemptIsToldWhatIsRecorded",
       [](LogHarness& h) {
         h.append("m");
         const Claim first = h.new_claim("m");
         check_handed_over(h.apply(first), {});
         attempt_of(h, {{"m"}, kWorker, 1, first.token}, {deferred(kB), delivered(kA)});
         const Claim claim = h.new_claim("m");
         check_handed_over(h.apply(claim), {delivered(kA), deferred(kB)});
         check_handed_over(h.apply(claim), {delivered(kA), deferred(kB)});  // run again
       }},
      {"AnAttemptAfterALapseIsToldWhatIsRecorded",
       [](LogHarness& h) {
         h.append("m");
         attempt(h, "m", {delivered(kA)});
         h.claim_and_lapse("m");
         check_handed_over(h.apply(h.new_claim("m")), {delivered(kA)});
       }},
      {"AnAdoptionOfAKnownMessageIsToldWhatIsRecorded",
       [](LogHarness& h) {
         h.append("m");
         attempt(h, "m", {delivered(kA)});
         const Message message = h.message("m");
         check_handed_over(h.apply(Adopt{message, digest_of(message.body.bytes()), h.new_claim("m")}), {delivered(kA)});
       }},
      {"WhatOneCommitRecordsItsClaimsAreTold",
       [](LogHarness& h) {
         h.append("m");
         Finish finish = report(h, h.claim("m"), Retry{"e", Duration{0}}, {delivered(kA)});
         finish.delay = Duration{0};
         const auto answers = h.commit({finish, h.new_claim("m")});
         check_handed_over(std::get<ClaimAnswer>(answers[1]), {delivered(kA)});
       }},
      {"ARefusedClaimIsToldNothing",
       [](LogHarness& h) {
         h.append("m");
         check(tell(h, h.claim("m"), Done{}, {delivered(kA)}) == Kind::kRecorded, "it is recorded");
         const ClaimAnswer answer = h.apply(h.new_claim("m"));
         check(answer.verdict == ClaimVerdict::kFinished && answer.recipients.empty(), "finished, and no more");
       }},
      {"RecipientsOfAnAttemptThatIsGoneAreRecordedAllTheSame",
       [](LogHarness& h) {
         h.append("m");
         const Fence lost = h.claim_and_lapse("m");
         const Fence open = h.claim("m");
         check(tell(h, lost, Retry{"e", {}}, {delivered(kA), deferred(kB)}) == Kind::kStale, "the outcome is not");
         check_recorded(h, "m", {delivered(kA), deferred(kB)});
         check_equal(h.row("m").attempt, open.attempt, "the open attempt");
         check(h.row("m").owner == kWorker, "its owner has it still");
       }},
      {"RecipientsOfADeadMessageAreRecordedAllTheSame",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         check(tell(h, fence, Fail{"e"}, {deferred(kA)}) == Kind::kRecorded, "the message is dead");
         check(tell(h, fence, Done{}, {delivered(kA)}) == Kind::kLateDone, "its effect is noted");
         check_recorded(h, "m", {delivered(kA)});
       }},
      {"RecipientsOfARowThatIsGoneAreNot",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         check(tell(h, fence, Done{}, {delivered(kA)}) == Kind::kRecorded, "it is recorded");
         h.advance(std::chrono::hours(24 * 8));
         check_equal(h.apply(Prune{}).rows, 1, "the rows pruned");
         check_recorded(h, "m", {});
         check(tell(h, fence, Done{}, {delivered(kA)}) == Kind::kUnknownId, "there is no row");
         h.append("m");
         check(tell(h, fence, Done{}, {delivered(kA)}) == Kind::kStale, "the new row had no such attempt");
         check_recorded(h, "m", {});
       }},
      {"AReplayOpensWhatWasRefusedAndNeverWhatWasDelivered",
       [](LogHarness& h) {
         h.append("m");
         check(tell(h, h.claim("m"), Fail{"e"}, {delivered(kA), refused(kB)}) == Kind::kRecorded, "it is dead");
         h.advance(Duration{5});
         h.must_apply(Replay{{"m"}});
         RecipientRecord opened = refused(kB);
         opened.outcome.fate = RecipientFate::kTryAgain;  // what it said can still be read
         check_recorded(h, "m", {delivered(kA), opened});
         check_equal(h.recipients("m")[1].at, h.now(), "the time of the one that was opened");
         check_handed_over(h.apply(h.new_claim("m")), {delivered(kA), opened});
       }},
      {"AReplayOfAConsumedMessageOpensNoDelivery",
       [](LogHarness& h) {
         h.append("m");
         check(tell(h, h.claim("m"), Done{}, {delivered(kA)}) == Kind::kRecorded, "it is consumed");
         h.must_refuse({"m"}, Replay{{"m"}});
         h.must_apply(Replay{{"m"}, /*again=*/true});
         check_recorded(h, "m", {delivered(kA)});
       }},
      {"AReplayThatIsRefusedOpensNothing",
       [](LogHarness& h) {
         h.append("m");
         check(tell(h, h.claim("m"), Done{}, {delivered(kA), refused(kB)}) == Kind::kRecorded, "it is consumed");
         h.must_refuse({"m"}, Replay{{"m"}});
       }},
      {"WhatAnAttemptFromBeforeAReplayWasRefusedStaysOpen",
       [](LogHarness& h) {
         h.append("m");
         const Fence before = h.claim("m");
         check(tell(h, before, Fail{"e"}, {refused(kA), refused(kB)}) == Kind::kRecorded, "it is dead");
         h.must_apply(Replay{{"m"}});
         check(tell(h, before, Retry{"e", {}}, {refused(kA), delivered(kB)}) == Kind::kStale,
               "the replay has opened it");
         const auto recipients = h.recipients("m");
         check(recipients[0].record.outcome.fate == RecipientFate::kTryAgain, "a refusal does not outlive the replay");
         check(recipients[1].record.outcome.fate == RecipientFate::kDelivered, "a late delivery is true");
       }},
  };
}

std::vector<LogCase> recipient_rule_cases() {
  return {
      {"ADeliveryStaysOne",
       [](LogHarness& h) {
         for (const auto& later :
              {deferred(kA), unknown(kA), refused(kA), record_of(kA, RecipientFate::kDelivered, 251)}) {
           check_later_report(h, delivered(kA), later, delivered(kA));
         }
       }},
      {"ARefusalMayOnlyBecomeADelivery",
       [](LogHarness& h) {
         for (const auto& later : {deferred(kA), unknown(kA), record_of(kA, RecipientFate::kRefused, 551)}) {
           check_later_report(h, refused(kA), later, refused(kA));
         }
         check_later_report(h, refused(kA), delivered(kA), delivered(kA));
       }},
      {"WhatIsOpenTakesTheLatest",
       [](LogHarness& h) {
         for (const auto& later :
              {deferred(kA), delivered(kA), refused(kA), record_of(kA, RecipientFate::kUnknown, 0, "x")}) {
           check_later_report(h, unknown(kA), later, later);
         }
         check_later_report(h, deferred(kA), unknown(kA), unknown(kA));
       }},
      {"TheSameAgainChangesNothing",
       [](LogHarness& h) {
         h.append("m");
         const Finish finish = report(h, h.claim("m"), Retry{"e", {}}, {delivered(kA), deferred(kB)});
         h.apply(finish);
         const std::string once = h.snapshot({"m"});
         h.advance(Duration{7});
         h.apply(finish);
         check_equal(h.snapshot({"m"}), once, "the row with its recipients");
       }},
      {"SomeMayBeRecordedWithoutTheOthers",
       [](LogHarness& h) {
         h.append("m");
         attempt(h, "m", {delivered(kA)});
         attempt(h, "m", {refused(kB)});
         check_recorded(h, "m", {delivered(kA), refused(kB)});
       }},
      {"OneReportMayNameARecipientTwice",
       [](LogHarness& h) {
         h.append("m");
         attempt(h, "m", {deferred(kA), delivered(kA), refused(kA)});
         check_recorded(h, "m", {delivered(kA)});
       }},
      {"MailsDoNotMix",
       [](LogHarness& h) {
         h.append("m1");
         h.append("m2");
         const Fence first = h.claim("m1");
         const Fence second = h.claim("m2");
         h.commit(
             {report(h, first, Retry{"e", {}}, {delivered(kA)}), report(h, second, Retry{"e", {}}, {refused(kA)})});
         check_recorded(h, "m1", {delivered(kA)});
         check_recorded(h, "m2", {refused(kA)});
         h.advance(kDelay);
         const auto answers = h.commit({h.new_claim("m1"), h.new_claim("m2")});
         check_handed_over(std::get<ClaimAnswer>(answers[0]), {delivered(kA)});
         check_handed_over(std::get<ClaimAnswer>(answers[1]), {refused(kA)});
       }},
      {"AddressesAreComparedBytewise",
       [](LogHarness& h) {
         // In the order of their bytes.
         const std::vector<std::string> all = {"\"a b'%_\\\\\"@x", "A@x", "a@x", "a@x ", "cafe@x", "caf\xc3\xa9@x"};
         h.append("m");
         Records told;
         for (const auto& address : all) told.push_back(deferred(address));
         attempt(h, "m", told);
         attempt(h, "m", {delivered(all[2]), delivered(all[5]), delivered(all[0])});
         for (const std::size_t at : {0U, 2U, 5U}) told[at] = delivered(all[at]);
         check_recorded(h, "m", told);
         check_handed_over(h.apply(h.new_claim("m")), told);
       }},
      {"WhatAServerSaidIsCutAndNeverRefused",
       [](LogHarness& h) {
         h.append("m");
         RecipientRecord chatty =
             record_of(kA, RecipientFate::kDelivered, 250, std::string(499, 'x') + "\xc3\xa4\xc3\xa4");
         chatty.relay = std::string(1'000, 'r');
         chatty.outcome.enhanced = std::string(1'000, 'e');
         RecipientRecord odd = record_of(kB, RecipientFate::kRefused, 550, std::string("\0'\xff\"?", 5));
         attempt(h, "m", {chatty, odd});
         check_recorded(h, "m", {fit_to_keep(chatty), fit_to_keep(odd)});
         check_equal(h.recipients("m")[0].record.outcome.text, std::string(499, 'x'), "cut between characters");
       }},
      {"ALongAddressIsKeptWhole",
       [](LogHarness& h) {
         const std::string address = std::string(kRecipientAddressMax - 2, 'l') + "@x";
         h.append("m");
         attempt(h, "m", {delivered(address)});
         check_recorded(h, "m", {delivered(address)});
       }},
      {"AnAddressThatNobodyHasIsAnErrorOfItsOwnWrite",
       [](LogHarness& h) {
         h.append("bad");
         h.append("good");
         const Fence bad = h.claim("bad");
         const Fence good = h.claim("good");
         for (const std::string& address : {std::string(), std::string(kRecipientAddressMax + 1, 'l'),
                                            std::string("\xff@x"), std::string("\0@x", 3)}) {
           const std::string before = h.snapshot(bad.id);
           const auto committed =
               h.log().commit(std::vector<Write>{report(h, bad, Done{}, {delivered(kA), delivered(address)})});
           check(committed.ok() && !committed->answers.at(0).ok(), "the write has an error of its own");
           check(committed->answers[0].error().what == ErrorClass::kPermanent, "which is permanent");
           check_equal(h.snapshot(bad.id), before, "the row and its recipients");
         }
         check(tell(h, good, Done{}, {delivered(kA)}) == Kind::kRecorded, "another is recorded");
       }},
      {"AHundredRecipientsAreRecordedAtOnce",
       [](LogHarness& h) {
         Records told;
         for (int i = 0; i < 100; ++i)
           told.push_back(i % 3 == 0 ? deferred("u" + std::to_string(100 + i))
                                     : delivered("u" + std::to_string(100 + i)));
         h.append("m");
         attempt(h, "m", told);
         check_handed_over(h.apply(h.new_claim("m")), told);
       }},
      {"PruneTakesManyRecipientsWithTheirRows",
       [](LogHarness& h) {
         for (int i = 0; i < 5; ++i) {
           const std::string id = "m" + std::to_string(i);
           h.append(id);
           check(tell(h, h.claim(id), Done{}, {delivered(kA), refused(kB)}) == Kind::kRecorded, "it is recorded");
           h.advance(Duration{1});
         }
         h.advance(std::chrono::hours(24 * 8));
         check_equal(h.apply(Prune{.limit = 3}).rows, 3, "the rows pruned");
         for (int i = 0; i < 5; ++i) {
           check_recorded(h, "m" + std::to_string(i), i < 3 ? Records{} : Records{delivered(kA), refused(kB)});
         }
       }},
  };
}

}  // namespace waybill::contract
