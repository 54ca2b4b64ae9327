// The reading side: single rows, lists, counts and statistics.
#include <algorithm>

#include "tests/contract/log_harness.h"
#include "tests/contract/log_random_walk.h"

namespace waybill::contract {
namespace {

constexpr Duration kTick{10};

void check_ids(const std::vector<Row>& rows, const std::vector<std::string>& expected, Place place = Place::current()) {
  std::string found;
  for (const std::string& id : ids_of(rows)) found += id + ' ';
  std::string wanted;
  for (const std::string& id : expected) wanted += id + ' ';
  check_equal(found, wanted, "the list of ids", place);
}

// m0 to m4, a tick apart.
void append_five(LogHarness& h) {
  for (int i = 0; i < 5; ++i) {
    h.append("m" + std::to_string(i));
    h.advance(kTick);
  }
}

// Rows that differ in what a filter asks for. Returns the time between the earlier and the later ones.
WallTime append_various(LogHarness& h) {
  h.bring_to("early-sent", State::kSent);
  h.append_external("early-external");
  h.append_foreign("early-foreign");
  h.advance(kTick);
  const WallTime between = h.now();
  h.bring_to("late-sent", State::kSent);
  h.append_external("late-external");
  h.mark_sent("late-external");
  Append sms = h.new_append("late-sms");
  sms.message.route = kSmsRoute;
  sms.queue = kSmsQueue;
  h.apply(sms);
  h.bring_to("late-consumed", State::kConsumed);
  return between;
}

struct Asked {
  MessageFilter where;
  std::vector<std::string> ids;
};
std::vector<Asked> filters(WallTime between) {
  return {
      {{},
       {"late-consumed", "late-sms", "late-external", "late-sent", "early-foreign", "early-external", "early-sent"}},
      {{.status = State::kSent}, {"late-external", "late-sent", "early-sent"}},
      {{.queue = kMailQueue}, {"late-consumed", "late-sent", "early-sent"}},
      {{.queue = QueueName{}}, {"late-external", "early-external"}},
      {{.queue = QueueName{"nowhere"}}, {}},
      {{.since = between}, {"late-consumed", "late-sms", "late-external", "late-sent"}},
      {{.since = between + Duration{1}}, {}},
      {{.until = between}, {"early-foreign", "early-external", "early-sent"}},
      {{.since = between - Duration{1}, .until = between - Duration{1}}, {}},
      {{.status = State::kSent, .until = between}, {"early-sent"}},
      {{.queue = QueueName{}, .until = between}, {"early-external"}},
      {{.status = State::kConsumed, .until = between + Duration{1}}, {"late-consumed"}},
      {{.status = State::kConsumed, .until = between}, {}},
      {{.status = State::kConsumed, .since = between, .until = between}, {}},
      {{.status = State::kSent, .queue = kMailQueue}, {"late-sent", "early-sent"}},
      {{.status = State::kSending, .queue = kSmsQueue}, {"late-sms"}},
      {{.status = State::kConsumed, .since = between}, {"late-consumed"}},
      {{.queue = QueueName{}, .since = between}, {"late-external"}},
      {{.status = State::kSent, .queue = kMailQueue, .since = between}, {"late-sent"}},
      {{.status = State::kDead, .queue = kMailQueue, .since = between}, {}},
  };
}

}  // namespace

std::vector<LogCase> reader_cases() {
  return {
      {"AnUnknownIdIsNotFound",
       [](LogHarness& h) {
         check(!h.exists("nobody"), "there is no row");
         check(h.events("nobody").empty(), "there are no events");
       }},
      {"TheBodyIsReadOnlyOnDemand",
       [](LogHarness& h) {
         h.append("m");
         const auto without = h.reader().find({"m"}, false);
         check(without.ok() && without.value().has_value(), "the row is found");
         check_equal(without.value()->message.body.size(), std::size_t{0}, "the size of the body not asked for");
         check_equal(without.value()->body_bytes, std::string("body of m").size(), "body_bytes");
         check_equal(h.row("m").message.body.bytes(), std::string("body of m"), "the body asked for");
       }},
  };
}

std::vector<LogCase> list_cases() {
  return {
      {"TheListIsNewestFirstAndBounded",
       [](LogHarness& h) {
         for (int i = 0; i < 5; ++i) {
           h.append("m" + std::to_string(i));
           h.advance(Duration{10});
         }
         const auto rows = h.list(std::nullopt, 3);
         check_equal(rows.size(), std::size_t{3}, "the number of rows");
         check_equal(rows[0].message.id.value, std::string("m4"), "the first row");
         check_equal(rows[2].message.id.value, std::string("m2"), "the third row");
       }},
      {"TheListIsFilteredByStatus",
       [](LogHarness& h) {
         for (const State state : kAllStates) h.bring_to(std::string(to_string(state)), state);
         for (const State state : kAllStates) {
           const auto rows = h.list(state);
           check_equal(rows.size(), std::size_t{1}, "the number of rows");
           check_equal(rows[0].message.id.value, std::string(to_string(state)), "the row");
         }
       }},
      {"PagesFollowEachOtherToTheEnd",
       [](LogHarness& h) {
         append_five(h);
         ListFilter filter{.limit = 2};
         const ListPage first = h.page(filter);
         check_ids(first.rows, {"m4", "m3"});
         check(!first.next_cursor.empty(), "there is more");
         check_ids(h.list_all(filter), {"m4", "m3", "m2", "m1", "m0"});
         filter.limit = 5;
         check_equal(h.page(filter).next_cursor, std::string(), "the cursor of a page that holds everything");
       }},
      {"ChangesBetweenTwoPagesDisturbNeither",
       [](LogHarness& h) {
         append_five(h);
         ListFilter filter{.limit = 2};
         filter.cursor = h.page(filter).next_cursor;
         h.append("newer");
         h.mark_sent("m2");
         h.finish(h.claim("m1"), Done{});
         h.mark_failed("m4");
         check_ids(h.list_all(filter), {"m2", "m1", "m0"});
       }},
      {"AFilterHoldsInAllItsParts",
       [](LogHarness& h) {
         for (const auto& [where, ids] : filters(append_various(h))) {
           for (const int limit : {1, 2, 1'000}) check_ids(h.list_all({.where = where, .limit = limit}), ids);
         }
       }},
      {"EveryStateIsListedPageByPage",
       [](LogHarness& h) {
         for (const State state : kAllStates) {
           for (int i = 0; i < 3; ++i) h.bring_to(std::string(to_string(state)) + std::to_string(i), state);
         }
         h.append("claimed");
         h.claim("claimed");
         for (const State state : kAllStates) {
           const std::string id(to_string(state));
           std::vector<std::string> ids{id + "2", id + "1", id + "0"};
           if (state == State::kSending) ids.insert(ids.begin(), "claimed");
           check_ids(h.list_all({.where = {.status = state}, .limit = 2}), ids);
         }
       }},
      {"ALimitIsTakenAsOneToAThousand",
       [](LogHarness& h) {
         append_five(h);
         for (const int limit : {0, -7, 1}) {
           check_equal(h.page({.limit = limit}).rows.size(), std::size_t{1}, "the rows of a page");
         }
         check_equal(h.page({.limit = 5'000}).rows.size(), std::size_t{5}, "the rows of a page");
       }},
      {"ACursorThatIsNobodysIsRefused",
       [](LogHarness& h) {
         append_five(h);
         const std::string ours = h.page({.limit = 2}).next_cursor;
         const std::string cut = ours.substr(0, ours.size() - 1);
         for (const std::string& cursor : {std::string("nonsense"), std::string("1"), std::string("-1"), cut,
                                           ours + "0", " " + ours, std::string("\0", 1), std::string(5'000, '9')}) {
           const auto page = h.reader().list({.cursor = cursor});
           check(!page.ok(), "the cursor '" + cursor + "' is refused");
           check_equal(page.error().what, ErrorClass::kPermanent, "the class of the error");
           check(page.error().message.find("cursor") != std::string::npos, "the sentence says what is wrong");
         }
         check_ids(h.page({.cursor = ours, .limit = 1}).rows, {"m2"});
       }},
  };
}

std::vector<LogCase> count_cases() {
  return {
      {"ACountFindsWhatAListFinds",
       [](LogHarness& h) {
         for (const auto& [where, ids] : filters(append_various(h))) {
           check_equal(h.count(where), std::ssize(ids), "the rows counted");
         }
       }},
      {"ACountStopsWhereItIsTold",
       [](LogHarness& h) {
         for (const auto& [where, ids] : filters(append_various(h))) {
           for (const std::int64_t most : {0, 1, 2, 100}) {
             check_equal(h.count(where, most), std::min<std::int64_t>(most, std::ssize(ids)), "the rows counted");
           }
         }
       }},
      {"EveryStateIsCounted",
       [](LogHarness& h) {
         for (const State state : kAllStates) {
           h.bring_to(std::string(to_string(state)), state);
           h.bring_to(std::string(to_string(state)) + " again", state);
         }
         for (const State state : kAllStates) {
           check_equal(h.count({.status = state}), std::int64_t{2}, "the rows counted");
           check_equal(h.count({.status = state, .queue = kMailQueue}), std::int64_t{2}, "the rows of the queue");
         }
       }},
  };
}

std::vector<LogCase> statistics_cases() {
  return {
      {"TheCountsAreByState",
       [](LogHarness& h) {
         const WallTime start = h.now();
         h.bring_to("consumed", State::kConsumed);
         h.advance(Duration{10});
         h.bring_to("open", State::kSent);
         h.advance(Duration{10});
         h.bring_to("unknown", State::kOutcomeUnknown);
         h.append("lapsed");
         h.claim_and_lapse("lapsed");
         h.apply(h.new_claim("lapsed"));
         const LogStats stats = h.stats();
         check_equal(stats.rows_by_state.size(), kStateCount, "the number of states");
         const auto count = [&](State state) { return stats.rows_by_state[static_cast<std::size_t>(state)]; };
         check(count(State::kConsumed) == 1 && count(State::kSent) == 1 && count(State::kSending) == 1 &&
                   count(State::kOutcomeUnknown) == 1 && count(State::kDead) == 0,
               "each row is counted in its state");
         check_equal(stats.lapses, 1, "lapses");
         check_equal(stats.unknowns, 1, "unknowns");
         check_equal(stats.oldest_open, start + Duration{10}, "oldest_open");
         check_equal(stats.store_now, h.now(), "store_now");
       }},
      {"AnEmptyLogHasNothingOpen",
       [](LogHarness& h) {
         check(!h.stats().oldest_open, "nothing is open");
         check_equal(h.count({}), std::int64_t{0}, "the rows counted");
         h.check_statistics("nothing");
         check(h.list().empty(), "nothing is listed");
       }},
      {"TheOldestIsTheFirstToArriveOfThoseThatAreNotFinished",
       [](LogHarness& h) {
         const WallTime start = h.now();
         const auto oldest = [&](State state) { return h.stats().oldest_by_state.at(static_cast<std::size_t>(state)); };
         for (const State state : kAllStates) {
           h.bring_to(std::string(to_string(state)), state);
           h.bring_to(std::string(to_string(state)) + " later", state);
         }
         h.advance(kTick);
         for (const State state : kAllStates) {
           h.append_external(std::string(to_string(state)) + " external");
           const bool counts = state != State::kConsumed && state != State::kCancelled;
           check_equal(oldest(state), counts ? std::optional(start) : std::nullopt, "the oldest " + show(state));
         }
         h.mark_sent("sending external");
         h.finish(h.claim("sent"), Done{});
         h.finish(h.claim("sent later"), Done{});
         check_equal(oldest(State::kSent), std::optional<WallTime>(), "the oldest when only an external row is sent");
         h.check_statistics("rows of every state");
       }},
      {"TheOldestOpenIsTheFirstToArriveOfThoseThatAreOpen",
       [](LogHarness& h) {
         const auto bring = [&](State state) {
           h.bring_to(std::string(to_string(state)), state);
           h.advance(kTick);
         };
         for (const State state : {State::kConsumed, State::kCancelled, State::kDead}) bring(state);
         h.append_external("external");
         h.mark_sent("external");
         h.advance(kTick);
         check_equal(h.stats().oldest_open, std::optional<WallTime>(), "oldest_open while nothing is open");
         // The states stand in another order than the rows came.
         std::vector<std::pair<std::string, WallTime>> open;
         for (const State state :
              {State::kOutcomeUnknown, State::kConsumeFailed, State::kSendFailed, State::kSent, State::kSending}) {
           open.emplace_back(to_string(state), h.now());
           bring(state);
         }
         h.must_apply(Hold{{"outcome_unknown"}, "it waits for a person"});
         for (const auto& [id, created] : open) {
           check_equal(h.stats().oldest_open, created, "oldest_open while '" + id + "' is open");
           h.must_apply(Cancel{{id}});
         }
         check_equal(h.stats().oldest_open, std::optional<WallTime>(), "oldest_open when nothing is open any more");
       }},
      {"RowsOfOtherProgramsAreCountedAsTheyStand",
       [](LogHarness& h) {
         for (const int status : {0, 1, 2, 3, 3}) {
           h.append_foreign("f" + std::to_string(status) + std::to_string(h.count({})), status);
         }
         h.append_foreign("four columns");
         h.check_statistics("inserts of other programs");
         check_equal(h.count({.status = State::kConsumed}), std::int64_t{2}, "the consumed rows");
         h.must_apply(Replay{{"f33"}, true, {}});
         h.must_apply(Cancel{{"f00"}});
         h.check_statistics("a replay and a cancel of such rows");
         h.advance(std::chrono::hours(24 * 8));
         check_equal(h.apply(Prune{}).rows, 2, "the rows pruned");
         h.check_statistics("prune");
       }},
      {"AWriteThatFailsCountsNothing",
       [](LogHarness& h) {
         h.append("m");
         const Fence fence = h.claim("m");
         const std::vector<Write> writes = {h.new_append("x"), Cancel{{"x"}}, h.new_append(std::string("\xFF\xFE")),
                                            h.new_finish(fence, Done{})};
         const auto committed = h.log().commit(writes);
         check(committed.ok() && !committed->answers.at(2).ok(), "one write fails");
         h.check_statistics("a commit with a write that failed");
       }},
      {"TheCountsStayExactThroughARandomWalk",
       [](LogHarness& h) {
         for (const std::uint64_t seed : {1, 2, 3}) {
           h.start_afresh();
           walk_at_random(h, seed);
         }
       }},
  };
}

}  // namespace waybill::contract
