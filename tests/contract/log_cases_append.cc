// Section 2, append: what is recorded, and what a known id or key is answered.
#include "tests/contract/log_harness.h"

namespace waybill::contract {
namespace {

using Kind = AppendAnswer::Kind;

IdempotencyKey key_for(std::string_view request, std::string key = "key-1", std::string endpoint = "/mail/send/v2") {
  return {std::move(endpoint), std::move(key), digest_of(request)};
}

}  // namespace

std::vector<LogCase> append_cases() {
  return {
      {"AppendPublishedNowIsDueAfterTheGrace",
       [](LogHarness& h) {
         const AppendAnswer answer = h.apply(h.new_append("m"));
         check_equal(answer.kind, Kind::kAccepted, "the answer");
         check_equal(answer.id.value, std::string("m"), "the id");
         check_equal(answer.status, State::kSending, "the status answered");
         check_equal(answer.store_now, h.now(), "the time answered");
         const Row row = h.row("m");
         check_equal(row.status, State::kSending, "the status");
         check_equal(row.publish_count, 1, "publish_count");
         check_equal(row.next_try_time, h.now() + kGrace, "next_try_time");
         check(!row.owner && row.attempt == 0 && row.try_count == 0, "nothing was attempted");
       }},
      {"AppendNotPublishedNowIsDueAtOnce",
       [](LogHarness& h) {
         Append write = h.new_append("m");
         write.publish_now = false;
         check_equal(h.apply(write).kind, Kind::kAccepted, "the answer");
         check_equal(h.row("m").publish_count, 0, "publish_count");
         check_equal(h.row("m").next_try_time, h.now(), "next_try_time");
         check_equal(only_row(h.apply(h.new_take())).publish_number, 1, "the first publish number");
       }},
      {"AppendScheduledIsNotPublishedBefore",
       [](LogHarness& h) {
         Append write = h.new_append("m");
         const WallTime then = h.now() + std::chrono::hours(1);
         write.message.not_before = then;
         check_equal(h.apply(write).kind, Kind::kAccepted, "the answer");
         check_equal(h.row("m").publish_count, 0, "publish_count of a row that is not published now");
         check_equal(h.row("m").next_try_time, then, "next_try_time");
         h.advance(std::chrono::minutes(59));
         check(h.apply(h.new_take()).rows.empty(), "a scheduled row is not taken before its time");
         h.advance(std::chrono::minutes(1));
         check_equal(only_row(h.apply(h.new_take())).message.id.value, std::string("m"), "the row taken");
         check_equal(h.row("m").message.not_before, std::optional<WallTime>(), "not_before once it has passed");
       }},
      {"AppendOfAKnownMessageIsADuplicateWithItsStatus",
       [](LogHarness& h) {
         h.bring_to("m", State::kConsumed);
         const std::string before = h.snapshot({"m"});
         const AppendAnswer answer = h.apply(h.new_append("m"));
         check_equal(answer.kind, Kind::kDuplicate, "the answer");
         check_equal(answer.status, State::kConsumed, "the status answered");
         check_equal(h.snapshot({"m"}), before, "the row");
       }},
      {"AppendOfAKnownIdWithAnotherBodyIsAConflict",
       [](LogHarness& h) {
         h.append("m");
         const std::string before = h.snapshot({"m"});
         Append other = h.new_append("m");
         other.message.body = Body("something else");
         other.digest = digest_of("something else");
         check_equal(h.apply(other).kind, Kind::kConflict, "the answer");
         check_equal(h.snapshot({"m"}), before, "the row");
       }},
      {"AppendOfAKnownIdWithAnotherRouteIsAConflict",
       [](LogHarness& h) {
         h.append("m");
         Append other = h.new_append("m");
         other.message.route.routing_key = "another.key";
         check_equal(h.apply(other).kind, Kind::kConflict, "the answer to another routing key");
         other = h.new_append("m");
         other.message.route.exchange = "another.exchange";
         check_equal(h.apply(other).kind, Kind::kConflict, "the answer to another exchange");
         check_equal(h.row("m").message.route.exchange, kMailRoute.exchange, "the exchange kept");
       }},
      {"AppendOfAKnownIdWithAnotherScheduleIsAConflict",
       [](LogHarness& h) {
         h.append("m");
         Append other = h.new_append("m");
         other.message.not_before = h.now() + std::chrono::hours(1);
         check_equal(h.apply(other).kind, Kind::kConflict, "the answer");
         check_equal(h.row("m").message.not_before, std::optional<WallTime>(), "not_before");
       }},
      {"AppendRepeatedAfterItsScheduleHasPassedIsADuplicate",
       [](LogHarness& h) {
         // The take nulls a passed not_before; the same request must not become a conflict by that.
         Append write = h.new_append("m");
         write.message.not_before = h.now() + kDelay;
         h.apply(write);
         h.advance(kDelay);
         only_row(h.apply(h.new_take()));
         write.token = h.fresh_token();
         check_equal(h.apply(write).kind, Kind::kDuplicate, "the answer");
       }},
      {"AppendRepeatedWhileItsReplayIsSpreadIsADuplicate",
       [](LogHarness& h) {
         // Nobody who sends it asked for the time that an operator's replay of many gave it.
         h.bring_to("m", State::kDead);
         h.must_apply(Replay{{"m"}, false, std::chrono::hours(1)});
         check_equal(h.apply(h.new_append("m")).kind, Kind::kDuplicate, "the answer");
         Append scheduled = h.new_append("m");
         scheduled.message.not_before = h.now() + std::chrono::hours(3);
         check_equal(h.apply(scheduled).kind, Kind::kConflict, "the answer to another schedule");
       }},
      {"AppendOverARowOfAnotherProgramIsKnownByItsBody",
       [](LogHarness& h) {
         // Such a row has no digest before it is claimed.
         h.append_foreign("f");
         const std::string before = h.snapshot({"f"});
         Append same = h.new_append("f");
         same.message.body = Body("foreign f");
         same.digest = digest_of("foreign f");
         const AppendAnswer duplicate = h.apply(same);
         check_equal(duplicate.kind, Kind::kDuplicate, "the answer to the same body");
         check_equal(duplicate.status, State::kSending, "the status answered");
         check_equal(h.apply(h.new_append("f")).kind, Kind::kConflict, "the answer to another body");
         same.message.route.routing_key = "another.key";
         check_equal(h.apply(same).kind, Kind::kConflict, "the answer to another route");
         same = h.new_append("f");
         same.id_generated = true;
         check_equal(h.apply(same).kind, Kind::kIdTaken, "the answer to a generated id");
         check_equal(h.snapshot({"f"}), before, "the row");
       }},
      {"AppendOfAGeneratedIdThatExistsIsDrawnAgain",
       [](LogHarness& h) {
         h.append("m");
         Append other = h.new_append("m");
         other.id_generated = true;
         const std::string before = h.snapshot({"m"});
         check_equal(h.apply(other).kind, Kind::kIdTaken, "the answer");
         check_equal(h.snapshot({"m"}), before, "the row");
       }},
      {"AppendRunAgainIsStillAccepted",
       [](LogHarness& h) {
         const Append write = h.new_append("m");
         h.apply(write);
         const std::string before = h.snapshot({"m"});
         const AppendAnswer again = h.apply(write);
         check_equal(again.kind, Kind::kAccepted, "the answer to the second run");
         check_equal(h.snapshot({"m"}), before, "the row");
       }},
      {"AppendRunAgainAfterItsRowWasClaimedIsStillAccepted",
       [](LogHarness& h) {
         // Drawing another id here would store the message twice.
         Append write = h.new_append("m");
         write.id_generated = true;
         write.publish_now = false;
         h.apply(write);
         only_row(h.apply(h.new_take()));
         h.finish(h.claim("m"), Done{});
         check_equal(h.apply(write).kind, Kind::kAccepted, "the answer to the second run");
         check_equal(h.list().size(), std::size_t{1}, "the number of rows");
       }},
      {"TwoAppendsOfOneIdInOneCommitGiveOneRow",
       [](LogHarness& h) {
         const auto answers = h.commit({h.new_append("m"), h.new_append("m")});
         check_equal(std::get<AppendAnswer>(answers[0]).kind, Kind::kAccepted, "the first answer");
         check_equal(std::get<AppendAnswer>(answers[1]).kind, Kind::kDuplicate, "the second answer");
         check_equal(h.list().size(), std::size_t{1}, "the number of rows");
       }},
      {"IdsAreComparedBytewise",
       [](LogHarness& h) {
         for (const char* id : {"Order", "order", "order ", "order  ", "\xC3\xA9", "e\xCC\x81", "e"}) h.append(id);
         check_equal(h.list().size(), std::size_t{7}, "the number of rows");
         for (const char* id : {"Order", "order", "order ", "\xC3\xA9", "e\xCC\x81"}) {
           check_equal(h.row(id).message.body.bytes(), "body of " + std::string(id), "the body");
         }
         check(!h.exists("ORDER") && !h.exists(" order"), "other spellings are unknown");
       }},
      {"TheLongestIdIsKeptWhole",
       [](LogHarness& h) {
         std::string id;
         for (int i = 0; i < 50; ++i) id += "\xE6\x88\x90\xC3\xA9";
         check_equal(id.size(), std::size_t{250}, "the bytes of 100 characters");
         h.append(id + "12345");
         check(h.exists(id + "12345") && !h.exists(id), "all 255 bytes count");
         h.append(std::string(155, 'x'));
         check(h.exists(std::string(155, 'x')), "155 characters are kept");
       }},
      {"AnIdThatIsTooLongOrEmptyIsAnError",
       [](LogHarness& h) {
         for (const std::string& id : {std::string(156, 'x'), std::string(256, 'x'), std::string()}) {
           const std::vector<Write> writes = {h.new_append(id)};
           const auto committed = h.log().commit(writes);
           check(committed.ok() && !committed.value().answers.at(0).ok(),
                 "an id of " + std::to_string(id.size()) + " characters has an error");
         }
         check(h.list().empty(), "nothing was stored");
       }},
  };
}

std::vector<LogCase> key_cases() {
  return {
      {"AKeyAnswersTheSameRequestWithTheFirstId",
       [](LogHarness& h) {
         Append first = h.new_append("m1");
         first.key = key_for("request");
         check_equal(h.apply(first).kind, Kind::kAccepted, "the first answer");
         Append second = h.new_append("m2");
         second.id_generated = true;
         second.key = key_for("request");
         const AppendAnswer answer = h.apply(second);
         check_equal(answer.kind, Kind::kDuplicate, "the second answer");
         check_equal(answer.id.value, std::string("m1"), "the id answered");
         check(!h.exists("m2"), "no second row");
       }},
      {"AKeyWithAnotherRequestIsRefused",
       [](LogHarness& h) {
         Append first = h.new_append("m1");
         first.key = key_for("request");
         h.apply(first);
         Append second = h.new_append("m2");
         second.key = key_for("another request");
         check_equal(h.apply(second).kind, Kind::kKeyReused, "the answer");
         check(!h.exists("m2"), "no second row");
       }},
      {"AKeyIsScopedToItsEndpoint",
       [](LogHarness& h) {
         Append first = h.new_append("m1");
         first.key = key_for("request");
         h.apply(first);
         Append second = h.new_append("m2");
         second.key = key_for("another request", "key-1", "/v1/messages");
         check_equal(h.apply(second).kind, Kind::kAccepted, "the answer at another endpoint");
         Append third = h.new_append("m3");
         third.key = key_for("another request", "KEY-1");
         check_equal(h.apply(third).kind, Kind::kAccepted, "the answer to another spelling");
       }},
      {"TwoAppendsWithOneKeyInOneCommitGiveOneRow",
       [](LogHarness& h) {
         Append first = h.new_append("m1");
         Append second = h.new_append("m2");
         first.key = second.key = key_for("request");
         const auto answers = h.commit({first, second});
         check_equal(std::get<AppendAnswer>(answers[1]).kind, Kind::kDuplicate, "the second answer");
         check_equal(std::get<AppendAnswer>(answers[1]).id.value, std::string("m1"), "the id answered");
         check_equal(h.list().size(), std::size_t{1}, "the number of rows");
       }},
      {"AFailedAppendRemembersNoKey",
       [](LogHarness& h) {
         h.append("m1");
         Append conflict = h.new_append("m1");
         conflict.digest = digest_of("something else");
         conflict.key = key_for("request");
         check_equal(h.apply(conflict).kind, Kind::kConflict, "the failure");
         Append other = h.new_append("m2");
         other.key = key_for("another request");
         check_equal(h.apply(other).kind, Kind::kAccepted, "the answer to the next use of the key");
       }},
      {"AKeyedAppendRunAgainIsStillAccepted",
       [](LogHarness& h) {
         Append write = h.new_append("m");
         write.id_generated = true;
         write.key = key_for("request");
         h.apply(write);
         check_equal(h.apply(write).kind, Kind::kAccepted, "the answer to the second run");
       }},
      {"AKeyAnswersWhatBecameOfARowThatIsGone",
       [](LogHarness& h) {
         const auto keyed = [&](const std::string& id) {
           Append write = id == "sent" ? h.new_external_append(id) : h.new_append(id);
           write.id_generated = true;
           write.key = key_for("request", "key of " + id);
           return write;
         };
         for (const char* id : {"cancelled", "consumed", "sent"}) h.apply(keyed(id));
         h.must_apply(Cancel{{"cancelled"}});
         h.finish(h.claim("consumed"), Done{});
         h.mark_sent("sent");
         h.advance(std::chrono::hours(1));
         check_equal(h.apply(Prune{std::chrono::minutes(30), 10}).rows, 3, "the rows pruned");
         for (const State state : {State::kCancelled, State::kConsumed, State::kSent}) {
           const AppendAnswer answer = h.apply(keyed(std::string(to_string(state))));
           check_equal(answer.kind, Kind::kDuplicate, "the answer");
           check_equal(answer.status, state, "the status answered");
         }
       }},
      {"AKeyIsKeptAsLongAsItsRowAndForADay",
       [](LogHarness& h) {
         Append write = h.new_append("m");
         write.key = key_for("request");
         h.apply(write);
         h.must_apply(Cancel{{"m"}});
         h.advance(std::chrono::hours(1));
         check_equal(h.apply(Prune{std::chrono::minutes(30), 10}).rows, 1, "the rows pruned");
         Append other = h.new_append("other");
         other.key = key_for("another request");
         check_equal(h.apply(other).kind, Kind::kKeyReused, "the answer within a day");
         h.advance(std::chrono::hours(24));
         h.apply(Prune{std::chrono::minutes(30), 10});
         check_equal(h.apply(other).kind, Kind::kAccepted, "the answer after a day");
       }},
  };
}

std::vector<LogCase> content_cases() {
  return {
      {"TextAndItsCharactersComeBackExactly",
       [](LogHarness& h) {
         Append write = h.new_append("m");
         write.message.body = Body("{\"主题\":\"Grüße 🚚\",\"quote\":\"' ; DROP TABLE \\\\ %s\"}");
         write.digest = digest_of(write.message.body.bytes());
         write.message.content_type = "application/json; charset=utf-8";
         write.message.headers = {{"x-a", "1"}, {"X-A", "zwei \xC3\xA4"}, {"x-a", ""}};
         write.message.retry = RetryPolicy{10, ExponentialDelay{Duration{500}, Duration{60'000}}};
         h.apply(write);
         const Row row = h.row("m");
         check(row.message.body == write.message.body, "the body is the same");
         check_equal(row.message.content_type, write.message.content_type, "the content type");
         check(row.message.headers == write.message.headers, "the headers and their order are the same");
         check(row.message.retry == write.message.retry, "the retry policy is the same");
         check(row.digest == write.digest, "the digest is the same");
         check(row.queue == kMailQueue, "the queue is the same");
         check_equal(row.body_bytes, write.message.body.size(), "body_bytes");
       }},
      {"ABinaryBodyComesBackExactly",
       [](LogHarness& h) {
         std::string bytes;
         for (int i = 0; i < 1'000; ++i) bytes += static_cast<char>(i * 7);
         Append write = h.new_append("m");
         write.message.body = Body(bytes, true);
         write.digest = digest_of(bytes);
         write.publish_now = false;
         h.apply(write);
         check(h.row("m").message.body == write.message.body, "the body read is the same");
         check(only_row(h.apply(h.new_take())).message.body == write.message.body, "the body taken is the same");
         Claim claim = h.new_claim("m");
         claim.want_body = true;
         const ClaimAnswer answer = h.apply(claim);
         check(answer.body && *answer.body == write.message.body, "the body claimed is the same");
       }},
      {"AnEmptyBodyComesBackEmpty",
       [](LogHarness& h) {
         Append write = h.new_append("m");
         write.message.body = Body();
         write.digest = digest_of("");
         h.apply(write);
         check(h.row("m").message.body == Body(), "the body is empty text");
         check_equal(h.row("m").body_bytes, std::size_t{0}, "body_bytes");
       }},
      {"AListOfDelaysAndAFixedDelayComeBackExactly",
       [](LogHarness& h) {
         Append list = h.new_append("list");
         list.message.retry = RetryPolicy{4, DelayList{{Duration{1'000}, Duration{5'000}}}};
         Append fixed = h.new_append("fixed");
         fixed.message.retry = RetryPolicy{7, FixedDelay{Duration{1}}};
         h.commit({list, fixed});
         check(h.row("list").message.retry == list.message.retry, "the list is the same");
         check(h.row("fixed").message.retry == fixed.message.retry, "the fixed delay is the same");
       }},
      {"AnUnusableIdFailsAlone",
       [](LogHarness& h) {
         const std::vector<Write> writes = {h.new_append("before"), h.new_append(std::string(300, 'x')),
                                            h.new_append("after")};
         const auto committed = h.log().commit(writes);
         check(committed.ok(), "the commit succeeds");
         check(committed.value().answers.size() == 3, "every write has an answer");
         check(!committed.value().answers[1].ok(), "an id of 300 bytes has an error");
         check(committed.value().answers[0].ok() && committed.value().answers[2].ok(), "its neighbours have none");
         check(h.exists("before") && h.exists("after"), "its neighbours are committed");
         check_equal(h.list().size(), std::size_t{2}, "the number of rows");
       }},
  };
}

}  // namespace waybill::contract
