// Section 2, take and refuse, and section 3, the routes: what is due, in which order, and within which bounds.
#include <algorithm>
#include <map>

#include "tests/contract/log_harness.h"

namespace waybill::contract {
namespace {

void append_due(LogHarness& h, const std::string& id, const Route& route = kMailRoute, std::size_t bytes = 10) {
  Append write = h.new_append(id);
  write.publish_now = false;
  write.message.route = route;
  write.message.body = Body(std::string(bytes, 'b'));
  write.digest = digest_of(write.message.body.bytes());
  if (route == kSmsRoute) write.queue = kSmsQueue;
  if (route == kExternalRoute) write.queue = QueueName{};
  check_equal(h.apply(write).kind, AppendAnswer::Kind::kAccepted, "the answer to append");
}

void append_many(LogHarness& h, const std::string& prefix, int count, const Route& route) {
  for (int i = 0; i < count; ++i) append_due(h, prefix + std::to_string(i), route);
}

int count_of(const TakeAnswer& answer, const Route& route) {
  return static_cast<int>(
      std::ranges::count_if(answer.rows, [&](const TakenRow& row) { return row.message.route == route; }));
}

SharedClosedRoutes closed(std::vector<Route> closed, std::vector<Route> probes = {}) {
  return std::make_shared<const ClosedRoutes>(std::move(closed), std::move(probes));
}

// One of many routes that lead nowhere known, in the order of their numbers.
Route numbered(int number) { return {"many.exchange", "key." + std::to_string(number)}; }

bool took(const TakeAnswer& answer, const std::string& id) {
  const auto ids = ids_of(answer);
  return std::ranges::find(ids, id) != ids.end();
}

}  // namespace

std::vector<LogCase> take_cases() {
  return {
      {"ATakenRowIsSendingWithANewNumberAndAFreshClock",
       [](LogHarness& h) {
         h.append("m");
         h.advance(kGrace);
         Take take = h.new_take();
         take.grace = Duration{7'000};
         const TakeAnswer answer = h.apply(take);
         const TakenRow taken = only_row(answer);
         check_equal(taken.message.id.value, std::string("m"), "the id");
         check_equal(taken.message.body.bytes(), std::string("body of m"), "the body");
         check_equal(taken.message.content_type, std::string("text/plain"), "the content type");
         check(taken.message.route == kMailRoute && taken.queue == kMailQueue, "route and queue are the row's");
         check(taken.digest == digest_of("body of m"), "the digest is the row's");
         check_equal(taken.publish_number, 2, "the publish number");
         check_equal(taken.publish_time, h.now(), "the publish time");
         check_equal(taken.from, State::kSending, "the state it was in");
         check(!taken.foreign && !taken.after_doubt && taken.crash_count == 0, "it is an ordinary row");
         check_equal(answer.store_now, h.now(), "the time answered");
         const Row row = h.row("m");
         check_equal(row.status, State::kSending, "the status");
         check_equal(row.publish_count, 2, "publish_count");
         check_equal(row.next_try_time, h.now() + Duration{7'000}, "next_try_time");
         check(!row.owner, "nobody owns it");
       }},
      {"ATakenRowIsDueAgainWhenItsGracePasses",
       [](LogHarness& h) {
         h.append("m");
         for (int number = 2; number < 6; ++number) {
           h.advance(kGrace);
           check_equal(only_row(h.apply(h.new_take())).publish_number, number, "the publish number");
           check(h.apply(h.new_take()).rows.empty(), "it is not due meanwhile");
         }
       }},
      {"TakeLeavesWhatIsNotDue",
       [](LogHarness& h) {
         h.append("m");
         h.advance(kGrace - Duration{1});
         const std::string before = h.snapshot({"m"});
         check(h.apply(h.new_take()).rows.empty(), "nothing is due a millisecond early");
         check_equal(h.snapshot({"m"}), before, "the row");
         h.advance(Duration{1});
         only_row(h.apply(h.new_take()));
       }},
      {"TakeDrivesEveryFailureAgainAndSaysWhy",
       [](LogHarness& h) {
         h.bring_to("failed-send", State::kSendFailed);
         h.bring_to("failed-try", State::kConsumeFailed);
         h.bring_to("unknown", State::kOutcomeUnknown);
         h.advance(kDelay);
         std::map<std::string, State> from;
         for (const TakenRow& row : h.apply(h.new_take()).rows) from[row.message.id.value] = row.from;
         check(from == std::map<std::string, State>{{"failed-send", State::kSendFailed},
                                                    {"failed-try", State::kConsumeFailed},
                                                    {"unknown", State::kOutcomeUnknown}},
               "each is taken from its state");
         for (const char* id : {"failed-send", "failed-try", "unknown"}) {
           check_equal(h.status(id), State::kSending, "the status");
           check_equal(h.row(id).publish_count, 2, "publish_count");
         }
       }},
      {"TakeWaitsForTheBackoffAndTheDelay",
       [](LogHarness& h) {
         h.bring_to("failed-send", State::kSendFailed);
         h.bring_to("failed-try", State::kConsumeFailed);
         h.advance(kBackoff - Duration{1});
         check(h.apply(h.new_take()).rows.empty(), "nothing is due before the backoff");
         h.advance(Duration{1});
         check_equal(only_row(h.apply(h.new_take())).message.id.value, std::string("failed-send"), "due by backoff");
         h.advance(kGrace);
         h.mark_sent("failed-send");
         h.advance(kDelay - kBackoff - kGrace);
         check_equal(only_row(h.apply(h.new_take())).message.id.value, std::string("failed-try"), "due by delay");
       }},
      {"TakeNeverTouchesSentHeldOrFinalRows",
       [](LogHarness& h) {
         h.bring_to("sent", State::kSent);
         h.bring_to("consumed", State::kConsumed);
         h.bring_to("dead", State::kDead);
         h.bring_to("cancelled", State::kCancelled);
         h.append("held");
         h.must_apply(Hold{{"held"}, "look at it"});
         h.append_external("external");
         h.mark_sent("external");
         h.advance(std::chrono::hours(1'000));
         Take take = h.new_take();
         take.sweep = Sweep{};
         check(h.apply(take).rows.empty(), "nothing is driven again");
       }},
      {"TakeNeverTouchesAnAttemptWhoseLeaseRuns",
       [](LogHarness& h) {
         h.append("m");
         h.claim("m");
         h.advance(kLease - Duration{1});
         const std::string before = h.snapshot({"m"});
         const TakeAnswer answer = h.apply(h.new_take());
         check(answer.rows.empty() && answer.lapsed == 0, "the attempt stands until its lease has passed");
         check_equal(h.snapshot({"m"}), before, "the row");
       }},
      {"OnlyARepublishedExternalRowIsAPossibleDuplicate",
       [](LogHarness& h) {
         append_due(h, "external", kExternalRoute);
         append_due(h, "consumed");
         for (const TakenRow& row : h.apply(h.new_take()).rows) {
           check(!row.after_doubt, "a first publish is no duplicate");
         }
         for (const char* id : {"external", "consumed"}) {
           h.must_apply(MarkFailed{{id}, 1, kBackoff, "no answer", std::string(kEventInDoubt)});
         }
         h.advance(kBackoff);
         const TakeAnswer answer = h.apply(h.new_take());
         check_equal(answer.rows.size(), std::size_t{2}, "the rows taken");
         for (const TakenRow& row : answer.rows) {
           check_equal(row.after_doubt, row.message.id.value == "external", "after_doubt of " + row.message.id.value);
         }
       }},
      {"RefuseKillsAnUnownedRowWithItsReason",
       [](LogHarness& h) {
         for (const State state :
              {State::kSending, State::kSendFailed, State::kConsumeFailed, State::kOutcomeUnknown}) {
           const std::string id(to_string(state));
           h.bring_to(id, state);
           h.must_apply(Refuse{{id}, "header too long"});
           check_equal(h.status(id), State::kDead, "the status");
           check_equal(h.row(id).last_error, std::string("header too long"), "last_error");
           check_equal(h.row(id).next_try_time, std::optional<WallTime>(), "next_try_time");
           check_equal(h.count_events(id, kEventRefused), 1, "the events");
           check_equal(h.apply(Refuse{{id}, "header too long"}).applied(), true, "the answer to a second run");
         }
       }},
      {"RefuseNeverTouchesAnOpenAttempt",
       [](LogHarness& h) {
         h.append("m");
         h.claim("m");
         h.must_refuse({"m"}, Refuse{{"m"}, "too large"});
         h.advance(kLease);
         h.must_refuse({"m"}, Refuse{{"m"}, "too large"});
         check_equal(h.apply(Refuse{{"nobody"}, "too large"}).kind, VerbAnswer::Kind::kUnknownId, "an unknown id");
       }},
  };
}

std::vector<LogCase> take_limit_cases() {
  return {
      {"TakeIsBoundedInRowsAndSaysThatMoreAreLeft",
       [](LogHarness& h) {
         append_many(h, "m", 5, kMailRoute);
         Take take = h.new_take();
         take.max_rows = 3;
         const TakeAnswer first = h.apply(take);
         check(first.rows.size() == 3 && first.more, "three rows and more left");
         const TakeAnswer second = h.apply(take);
         check(second.rows.size() == 2 && !second.more, "two rows and none left");
       }},
      {"TheLongestDueComeFirst",
       [](LogHarness& h) {
         for (int i = 0; i < 4; ++i) {
           append_due(h, "m" + std::to_string(i));
           h.advance(Duration{10});
         }
         Take take = h.new_take();
         take.max_rows = 2;
         check(ids_of(h.apply(take)) == std::vector<std::string>{"m0", "m1"}, "the first two come first");
         check(ids_of(h.apply(take)) == std::vector<std::string>{"m2", "m3"}, "the others follow");
       }},
      {"TakeIsBoundedInBytesButAlwaysTakesOne",
       [](LogHarness& h) {
         for (int i = 0; i < 4; ++i) append_due(h, "m" + std::to_string(i), kMailRoute, 400);
         Take take = h.new_take();
         take.max_bytes = 1'000;
         const TakeAnswer two = h.apply(take);
         check(two.rows.size() == 2 && two.more, "two bodies fit");
         take.max_bytes = 100;
         check(h.apply(take).rows.size() == 1, "a first row is taken whatever its size");
         check(h.apply(take).rows.size() == 1, "the last row is taken");
       }},
      {"ABodyOverTheLimitIsNotLoadedAndNeighboursPass",
       [](LogHarness& h) {
         append_due(h, "large", kMailRoute, 2'000);
         append_due(h, "small");
         Take take = h.new_take();
         take.max_body = 1'000;
         const std::string before = h.snapshot({"large"});
         const TakeAnswer answer = h.apply(take);
         check_equal(only_row(answer).message.id.value, std::string("small"), "the row taken");
         check_equal(answer.unreadable.size(), std::size_t{1}, "the rows that cannot be read");
         check_equal(answer.unreadable[0].first.value, std::string("large"), "the id");
         check(answer.unreadable[0].second.find("too_large") != std::string::npos, "the reason is too_large");
         check_equal(h.snapshot({"large"}), before, "the large row is left as it was");
       }},
      {"EveryRouteHasItsShare",
       [](LogHarness& h) {
         append_many(h, "mail", 50, kMailRoute);
         append_many(h, "sms", 3, kSmsRoute);
         append_many(h, "ext", 50, kExternalRoute);
         Take take = h.new_take();
         take.max_rows = 12;
         const TakeAnswer answer = h.apply(take);
         check_equal(count_of(answer, kSmsRoute), 3, "the rows of the small route");
         check(count_of(answer, kMailRoute) >= 4 && count_of(answer, kExternalRoute) >= 4, "the others have theirs");
         check(answer.rows.size() <= 12 && answer.more, "the bound holds and more is left");
       }},
      {"TakesGoOnBeyondTheRouteWhereTheLastOneEnded",
       [](LogHarness& h) {
         append_many(h, "mail", 4, kMailRoute);
         append_many(h, "sms", 4, kSmsRoute);
         append_many(h, "ext", 4, kExternalRoute);
         Take take = h.new_take();
         take.max_rows = 1;
         std::map<Route, int> taken;
         for (int i = 0; i < 6; ++i) {
           const TakeAnswer answer = h.apply(take);
           ++taken[only_row(answer).message.route];
           check(answer.last_route == answer.rows[0].message.route, "last_route is where it ended");
           take.after = answer.last_route;
         }
         for (const auto& [route, count] : taken) check_equal(count, 2, "the rows of " + route.exchange);
         check_equal(taken.size(), std::size_t{3}, "the number of routes");
       }},
      {"ClosedRoutesAreLeftAloneButForAProbe",
       [](LogHarness& h) {
         append_many(h, "mail", 3, kMailRoute);
         append_many(h, "sms", 3, kSmsRoute);
         append_many(h, "ext", 3, kExternalRoute);
         Take take = h.new_take();
         take.closed = closed({kMailRoute}, {kSmsRoute});
         const TakeAnswer answer = h.apply(take);
         check_equal(count_of(answer, kMailRoute), 0, "the rows of a closed route");
         check_equal(count_of(answer, kSmsRoute), 1, "the rows of a probed route");
         check_equal(count_of(answer, kExternalRoute), 3, "the rows of an open route");
         check(!answer.more, "what closed routes keep is not left for lack of room");
         check_equal(h.row("mail0").publish_count, 0, "publish_count of a row left alone");
       }},
      {"ATakeLooksAtABoundedNumberOfRoutesAndTheNextOneGoesOnThere",
       [](LogHarness& h) {
         for (int i = 0; i < 5; ++i) append_due(h, "m" + std::to_string(i), numbered(i));
         Take take = h.new_take();
         take.closed = closed({numbered(0), numbered(1), numbered(2), numbered(3)});
         take.max_routes = 2;
         for (const int last : {1, 3}) {
           const TakeAnswer answer = h.apply(take);
           check(answer.rows.empty(), "nothing is taken of closed routes");
           check(answer.more && answer.partial, "there are routes that were not looked at");
           check(answer.last_route == numbered(last), "last_route is the last one looked at");
           check(!answer.next_due, "nothing is known of a row that is next");
           take.after = answer.last_route;
         }
         const TakeAnswer found = h.apply(take);
         check_equal(only_row(found).message.id.value, std::string("m4"), "the row behind the closed routes");
         check(!found.more && found.partial, "the round has come to the last route");
         take.max_routes = 5;
         check(!h.apply(take).partial, "five routes are looked at by one take");
       }},
      {"RoundsOfManyTakesReachEveryRouteAndEnd",
       [](LogHarness& h) {
         constexpr int kRoutes = 7;
         for (int i = 0; i < kRoutes; ++i) append_many(h, "m" + std::to_string(i) + ".", 2, numbered(i));
         Take take = h.new_take();
         take.max_routes = 3;
         take.max_rows = 2;
         std::map<Route, int> taken;
         for (int takes = 1; taken.size() < kRoutes || !h.list(State::kSending).empty(); ++takes) {
           check(takes <= 2 * kRoutes, "every row is taken before long");
           const TakeAnswer answer = h.apply(take);
           for (const TakenRow& row : answer.rows) {
             ++taken[row.message.route];
             h.mark_sent(row.message.id.value);
           }
           take.after = answer.last_route;
         }
         for (const auto& [route, count] : taken) check_equal(count, 2, "the rows of " + route.routing_key);
         const TakeAnswer nothing = h.apply(take);
         check(!nothing.more && !nothing.partial && !nothing.last_route, "nothing is left to look at");
       }},
      {"NextDueIsTheEarliestOfTheOpenRoutes",
       [](LogHarness& h) {
         check_equal(h.apply(h.new_take()).next_due, std::optional<WallTime>(), "next_due of an empty log");
         const WallTime start = h.now();
         Append mail = h.new_append("mail");
         mail.grace = Duration{5'000};
         Append sms = h.new_append("sms");
         sms.message.route = kSmsRoute;
         sms.queue = kSmsQueue;
         sms.grace = Duration{3'000};
         h.commit({mail, sms});
         h.bring_to("sent", State::kSent);
         check_equal(h.apply(h.new_take()).next_due, start + Duration{3'000}, "next_due");
         Take take = h.new_take();
         take.closed = closed({kSmsRoute});
         check_equal(h.apply(take).next_due, start + Duration{5'000}, "next_due without the closed route");
       }},
      {"NextDueKnowsTheRowsJustTakenAndTheLeases",
       [](LogHarness& h) {
         append_due(h, "m");
         check_equal(h.apply(h.new_take()).next_due, h.now() + kGrace, "next_due after a take");
         h.claim("m");
         check_equal(h.apply(h.new_take()).next_due, h.now() + kLease, "next_due with an open attempt");
       }},
      {"OneRowWithCrashesAtATimeAndNormalOnesBeside",
       [](LogHarness& h) {
         for (const char* id : {"c1", "c2", "c3"}) {
           h.append(id);
           h.claim(id);
         }
         check_equal(h.apply(LapseOwner{{kWorker.instance, {99}}, 10, {}}).rows, 3, "the attempts ended");
         append_many(h, "m", 3, kMailRoute);
         Take take = h.new_take();
         take.with_crashed = false;
         const TakeAnswer none = h.apply(take);
         check(none.rows.size() == 3 && !took(none, "c1") && !took(none, "c2") && !took(none, "c3"),
               "none with crashes is wanted");
         check_equal(only_row(h.apply(h.new_take())).crash_count, 1, "crash_count of the one taken");
         only_row(h.apply(h.new_take()));
       }},
      {"TheSweepFindsWhatStandsTooFarAhead",
       [](LogHarness& h) {
         const WallTime far = h.now() + std::chrono::hours(8);
         h.append_foreign("local-time", 0, far);
         Append scheduled = h.new_append("scheduled");
         scheduled.message.not_before = far;
         h.apply(scheduled);
         h.bring_to("retried", State::kConsumeFailed);
         h.bring_to("backoff", State::kSendFailed);
         check(h.apply(h.new_take()).rows.empty(), "nothing is due without a sweep");
         Take take = h.new_take();
         take.sweep = Sweep{};
         check_equal(only_row(h.apply(take)).message.id.value, std::string("local-time"), "the row found");
         check_equal(h.row("local-time").next_try_time, h.now() + kGrace, "next_try_time");
       }},
      {"TheSweepGoesByTheLimitOfEachState",
       [](LogHarness& h) {
         h.bring_to("retried", State::kConsumeFailed);
         h.bring_to("backoff", State::kSendFailed);
         h.append("sending");
         h.append("claimed");
         h.claim("claimed");
         Take take = h.new_take();
         take.sweep = Sweep{.retry = kDelay - Duration{1}};
         check_equal(only_row(h.apply(take)).message.id.value, std::string("retried"), "beyond the longest delay");
         take.sweep = Sweep{.send_failed = kBackoff - Duration{1}};
         check_equal(only_row(h.apply(take)).message.id.value, std::string("backoff"), "beyond the longest backoff");
         take.sweep = Sweep{};
         check(h.apply(take).rows.empty(), "within all limits");
         take.sweep = Sweep{.sending = kGrace - Duration{1}};
         check_equal(h.apply(take).rows.size(), std::size_t{3}, "the rows beyond the grace");
         take.sweep = Sweep{.lease = kLease - Duration{1}};
         const TakeAnswer answer = h.apply(take);
         check_equal(answer.lapsed, 1, "the leases too far ahead");
         check_equal(only_row(answer).message.id.value, std::string("claimed"), "the row of that lease");
       }},
      {"TheSweepLeavesClosedRoutesAlone",
       [](LogHarness& h) {
         const WallTime local = h.now() + std::chrono::hours(8);
         h.append_foreign("m", 0, local);
         Take take = h.new_take();
         take.sweep = Sweep{};
         take.closed = closed({kMailRoute});
         check(h.apply(take).rows.empty(), "none is taken of a closed route");
         check_equal(h.row("m").next_try_time, local, "next_try_time");
         take.closed = closed({kMailRoute}, {kMailRoute});
         only_row(h.apply(take));
       }},
      {"TheSweepShortensNoLeaseThatMayNotLapse",
       [](LogHarness& h) {
         // After a clock step back every lease seems too far ahead.
         h.append("m");
         h.claim("m");
         const std::string before = h.snapshot({"m"});
         Take take = h.new_take();
         take.sweep = Sweep{.lease = kLease - Duration{1}};
         take.lapse.allowed = false;
         check_equal(h.apply(take).lapsed, 0, "the lapses while the rule forbids them");
         take.lapse.allowed = true;
         take.lapse.expected_now = h.now() + std::chrono::hours(1);
         check_equal(h.apply(take).lapsed, 0, "the lapses at a clock step");
         check_equal(h.snapshot({"m"}), before, "the row");
       }},
  };
}

}  // namespace waybill::contract
