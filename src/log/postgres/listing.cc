#include "log/postgres/listing.h"

#include <algorithm>
#include <array>
#include <vector>

#include "log/postgres/row_columns.h"
#include "log/postgres/statistics.h"

namespace waybill::postgres {
namespace {

// What one page may look at. Rows cost a look into the table, entries of an index ten times less.
constexpr std::int64_t kRowsMax = 10'000;
constexpr std::int64_t kEntriesMax = 50'000;

#define WAYBILL_MATCHES                                                             \
  "($3::smallint IS NULL OR m.status = $3) AND ($4::text IS NULL OR m.queue = $4) " \
  "AND ($5::timestamp IS NULL OR m.create_time >= $5) AND ($6::timestamp IS NULL OR m.create_time < $6)"

constexpr Statement kPageOfAll{
    "page_of_all",
    "SELECT " WAYBILL_ROW_COLUMNS
    " FROM (SELECT arrival FROM msg_log WHERE arrival < $1 ORDER BY arrival DESC LIMIT $7) AS seen "
    "JOIN msg_log m ON m.arrival = seen.arrival WHERE " WAYBILL_MATCHES " ORDER BY m.arrival DESC LIMIT $2"};
constexpr Statement kLastSeen{"last_seen",
                              "SELECT count(*), min(arrival) FROM (SELECT arrival FROM msg_log WHERE arrival < $1 "
                              "ORDER BY arrival DESC LIMIT $2) AS seen"};
constexpr Statement kPageForAttention{"page_for_attention",
                                      "SELECT " WAYBILL_ROW_COLUMNS
                                      " FROM (SELECT arrival FROM msg_log WHERE (status = 5 OR status = 6) "
                                      "AND status = $3 AND arrival < $1 ORDER BY arrival DESC LIMIT $7) AS seen "
                                      "JOIN msg_log m ON m.arrival = seen.arrival WHERE " WAYBILL_MATCHES
                                      " ORDER BY m.arrival DESC LIMIT $2"};
constexpr Statement kLastForAttention{
    "last_for_attention",
    "SELECT count(*), min(arrival) FROM (SELECT arrival FROM msg_log WHERE (status = 5 OR status = 6) "
    "AND status = $3 AND arrival < $1 ORDER BY arrival DESC LIMIT $2) AS seen"};

// The rows of an open state are few in these indexes, however long the history is.
#define WAYBILL_OPEN(condition) "(SELECT arrival, status FROM msg_log WHERE " condition " LIMIT $2)"
constexpr Statement kOpenRows{
    "open_rows", "SELECT arrival, status FROM (" WAYBILL_OPEN(
                     "owner IS NULL AND next_try_time IS NOT NULL AND status <> 3") " UNION ALL " WAYBILL_OPEN(
                     "owner IS NOT NULL") " UNION ALL " WAYBILL_OPEN("status = 1 AND owner IS NULL AND queue <> ''")
                     ") AS open WHERE $1::bigint IS NOT NULL"};
constexpr Statement kPageOfFew{"page_of_few",
                               "SELECT " WAYBILL_ROW_COLUMNS
                               " FROM unnest($7::bigint[]) WITH ORDINALITY AS w (arrival, number) "
                               "JOIN msg_log m ON m.arrival = w.arrival WHERE m.arrival < $1 AND " WAYBILL_MATCHES
                               " ORDER BY w.number LIMIT $2"};

// Where rows of each state are, apart from those of the others. $1: the most that is counted.
#define WAYBILL_COUNT(condition)                                                                                    \
  "SELECT count(*) FROM (SELECT FROM msg_log m WHERE " condition " AND $2::bigint IS NOT NULL AND " WAYBILL_MATCHES \
  " LIMIT $1) AS counted"
constexpr Statement kCountDue{"count_due_rows",
                              WAYBILL_COUNT("m.owner IS NULL AND m.next_try_time IS NOT NULL AND m.status <> 3")};
constexpr Statement kCountAttempts{"count_attempt_rows", WAYBILL_COUNT("m.owner IS NOT NULL")};
constexpr Statement kCountWaiting{"count_waiting_rows",
                                  WAYBILL_COUNT("m.status = 1 AND m.owner IS NULL AND m.queue <> ''")};
constexpr Statement kCountForAttention{"count_attention_rows", WAYBILL_COUNT("(m.status = 5 OR m.status = 6)")};
// A finished row was changed after it was created, so the index that has the time of the last change leads to it.
constexpr Statement kCountFinished{
    "count_finished_rows",
    WAYBILL_COUNT("(m.status = 3 OR m.status = 7 OR (m.status = 1 AND m.owner IS NULL AND m.queue = '')) "
                  "AND m.update_time >= coalesce($5::timestamp, '-infinity')")};

Params with_filter(Params params, const MessageFilter& where) {
  Array none(Type::kSmall);
  if (where.status) {
    std::string state;
    encode(state, Type::kSmall, static_cast<std::int64_t>(*where.status));
    params.add(Bytes{state});
  } else {
    params.add(Null{});
  }
  params.add(where.queue ? std::optional(where.queue->value) : std::nullopt);
  params.add(where.since).add(where.until);
  return params;
}

FoundPage page_from(const Rows& found, std::int64_t limit) {
  FoundPage page;
  const int rows = static_cast<int>(std::min<std::int64_t>(found.size(), limit));
  for (int i = 0; i < rows; ++i) page.rows.push_back(row_from(found, i));
  if (found.size() > limit) page.next = found.integer(rows - 1, kArrivalColumn);
  return page;
}

// A page that holds less than it may is the last one, unless it has looked at as much as it may.
FoundPage bounded_page(Connection& db, const Statement& statement, const Statement& last, const MessageFilter& where,
                       std::int64_t before, std::int64_t limit) {
  Params params;
  params.add(before).add(limit + 1);
  params = with_filter(std::move(params), where);
  params.add(kRowsMax);
  FoundPage page = page_from(db.ask(statement, params), limit);
  if (page.next || db.failed()) return page;
  Params seen;
  seen.add(before).add(kRowsMax);
  if (&last == &kLastForAttention) {
    std::string state;
    encode(state, Type::kSmall, static_cast<std::int64_t>(*where.status));
    seen.add(Bytes{state});
  }
  const Rows looked_at = db.ask(last, seen);
  if (!db.failed() && looked_at.integer(0, 0) == kRowsMax) page.next = looked_at.integer(0, 1);
  return page;
}

/// The rows of an open state before `before`, newest first. Nothing if the indexes of open rows hold too much to look
/// through, or not all: external rows are `sent` and finished.
std::optional<std::vector<std::int64_t>> few_open_rows(Connection& db, State state, std::int64_t before) {
  if (state == State::kSent && count_states(db)[static_cast<std::size_t>(State::kSent)] > kEntriesMax) {
    return std::nullopt;
  }
  const Rows open = db.ask(kOpenRows, Params().add(before).add(kEntriesMax + 1));
  if (open.size() > kEntriesMax) return std::nullopt;
  std::vector<std::int64_t> arrivals;
  for (int i = 0; i < open.size(); ++i) {
    if (static_cast<State>(open.small(i, 1)) == state && open.integer(i, 0) < before) {
      arrivals.push_back(open.integer(i, 0));
    }
  }
  std::ranges::sort(arrivals, std::greater());
  return arrivals;
}

std::vector<const Statement*> places_of(State state) {
  switch (state) {
    case State::kSending:
    case State::kSendFailed:
    case State::kConsumeFailed:
      return {&kCountDue, &kCountAttempts};
    case State::kSent:
      return {&kCountDue, &kCountAttempts, &kCountWaiting, &kCountFinished};
    case State::kDead:
    case State::kOutcomeUnknown:
      return {&kCountForAttention};
    case State::kConsumed:
    case State::kCancelled:
      break;
  }
  return {&kCountFinished};
}

}  // namespace

FoundPage find_page(Connection& db, const MessageFilter& where, std::int64_t before, std::int64_t limit) {
  if (where.status == State::kDead || where.status == State::kOutcomeUnknown) {
    return bounded_page(db, kPageForAttention, kLastForAttention, where, before, limit);
  }
  if (where.status && kOpenStates.has(*where.status) && where.status != State::kSent) {
    if (const auto few = few_open_rows(db, *where.status, before)) {
      Array arrivals(Type::kBig);
      for (const std::int64_t arrival : *few) arrivals.add(arrival);
      Params params;
      params.add(before).add(limit + 1);
      return page_from(db.ask(kPageOfFew, with_filter(std::move(params), where).add(arrivals)), limit);
    }
  }
  return bounded_page(db, kPageOfAll, kLastSeen, where, before, limit);
}

std::int64_t count_matching(Connection& db, const MessageFilter& where, std::int64_t most) {
  const auto totals = count_states(db);
  std::int64_t count = 0;
  for (const State state : kAllStates) {
    const std::int64_t total = totals[static_cast<std::size_t>(state)];
    if ((where.status && where.status != state) || total == 0) continue;
    if (!where.queue && !where.since && !where.until) {
      count += total;
      continue;
    }
    MessageFilter of_state = where;
    of_state.status = state;
    for (const Statement* place : places_of(state)) {
      Params params;
      params.add(std::max<std::int64_t>(most - count, 0)).add(std::int64_t{0});
      const Rows counted = db.ask(*place, with_filter(std::move(params), of_state));
      if (!db.failed()) count += counted.integer(0, 0);
    }
  }
  return std::min(count, most);
}

}  // namespace waybill::postgres
