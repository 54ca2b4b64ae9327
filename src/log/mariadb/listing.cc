#include "log/mariadb/listing.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "log/mariadb/row_columns.h"
#include "log/mariadb/statistics.h"

namespace waybill::mariadb {
namespace {

// What one page may look at. Rows cost a look into the table, entries of an index ten times less.
constexpr std::int64_t kRowsMax = 10'000;
constexpr std::int64_t kEntriesMax = 50'000;

constexpr char kPage[] = "SELECT " WAYBILL_ROW_COLUMNS
                         " FROM (?) AS seen STRAIGHT_JOIN msg_log m FORCE INDEX (msg_log_arrival) "
                         "ON m.arrival = seen.arrival WHERE ? ORDER BY seen.arrival DESC LIMIT ?";
constexpr char kLast[] = "SELECT COUNT(*), MIN(arrival) FROM (?) AS seen";
constexpr char kSeen[] =
    "SELECT arrival FROM msg_log FORCE INDEX (msg_log_arrival) WHERE arrival < ? ORDER BY arrival DESC LIMIT ?";
constexpr char kSeenForAttention[] =
    "SELECT arrival FROM msg_log FORCE INDEX (msg_log_place) WHERE place = 4 AND place_exchange IS NULL "
    "AND place_key IS NULL AND place_time IS NULL AND status = ? AND arrival < ? ORDER BY arrival DESC LIMIT ?";

// The rows of an open state are few in these places, however long the history is.
constexpr char kOpenRows[] = "SELECT arrival, status FROM msg_log FORCE INDEX (msg_log_place) WHERE place < 5 LIMIT ?";
constexpr char kFew[] =
    "SELECT " WAYBILL_ROW_COLUMNS
    " FROM msg_log m FORCE INDEX (msg_log_arrival) WHERE m.arrival IN (?) AND ? ORDER BY m.arrival DESC LIMIT ?";

constexpr char kCountIn[] =
    "SELECT COUNT(*) FROM (SELECT 1 FROM msg_log m FORCE INDEX (msg_log_place) WHERE ? AND ? LIMIT ?) AS counted";

/// A part of a statement, that is no value.
struct Part {
  std::string text;
};
void append(std::string& out, const Part& value) { out += value.text; }

Part matches(const MessageFilter& where) {
  std::string text = "1 = 1";
  if (where.status) text += sql(" AND m.status = ?", *where.status);
  if (where.queue) text += sql(" AND m.queue = ?", where.queue->value);
  if (where.since) text += sql(" AND m.create_time >= ?", *where.since);
  if (where.until) text += sql(" AND m.create_time < ?", *where.until);
  return {text};
}

FoundPage page_from(const Rows& found, std::int64_t limit) {
  FoundPage page;
  const int rows = static_cast<int>(std::min<std::int64_t>(found.size(), limit));
  for (int i = 0; i < rows; ++i) page.rows.push_back(row_from(found, i));
  if (found.size() > limit) page.next = found.integer(rows - 1, kArrivalColumn);
  return page;
}

// A page that holds less than it may is the last one, unless it has looked at as much as it may.
FoundPage bounded_page(Connection& db, const std::string& seen, const MessageFilter& where, std::int64_t limit) {
  FoundPage page = page_from(db.ask(sql(kPage, Part{seen}, matches(where), limit + 1)), limit);
  if (page.next || db.failed()) return page;
  const Rows looked_at = db.ask(sql(kLast, Part{seen}));
  if (!db.failed() && looked_at.integer(0, 0) == kRowsMax) page.next = looked_at.integer(0, 1);
  return page;
}

/// The rows of an open state before `before`, newest first. Nothing if the places of open rows hold too much to look
/// through, or not all: external rows are `sent` and finished.
std::optional<List> few_open_rows(Connection& db, State state, std::int64_t before) {
  const Rows open = db.ask(sql(kOpenRows, kEntriesMax + 1));
  if (open.size() > kEntriesMax) return std::nullopt;
  std::vector<std::int64_t> arrivals;
  for (int i = 0; i < open.size(); ++i) {
    const bool is_asked_for = static_cast<State>(open.small(i, 1)) == state && open.integer(i, 0) < before;
    if (is_asked_for) arrivals.push_back(open.integer(i, 0));
  }
  std::ranges::sort(arrivals, std::greater());
  List few;
  for (const std::int64_t arrival : arrivals) few.add(arrival);
  return few;
}

std::vector<Part> places_of(State state, const MessageFilter& where) {
  const Part open{"m.place < 5"};
  // A finished row was changed after it was created, so the index that has the time of the last change leads to it.
  Part finished{"m.place = 5 AND m.place_exchange IS NULL AND m.place_key IS NULL"};
  if (where.since) finished.text += sql(" AND m.place_time >= ?", *where.since);
  switch (state) {
    case State::kSending:
    case State::kSendFailed:
    case State::kConsumeFailed:
    case State::kDead:
    case State::kOutcomeUnknown:
      return {open};
    case State::kSent:
      return {open, finished};
    case State::kConsumed:
    case State::kCancelled:
      break;
  }
  return {finished};
}

}  // namespace

FoundPage find_page(Connection& db, const MessageFilter& where, std::int64_t before, std::int64_t limit) {
  if (where.status == State::kDead) {
    return bounded_page(db, sql(kSeenForAttention, *where.status, before, kRowsMax), where, limit);
  }
  if (where.status && kOpenStates.has(*where.status) && where.status != State::kSent) {
    if (const auto few = few_open_rows(db, *where.status, before)) {
      if (few->empty()) return {};
      return page_from(db.ask(sql(kFew, *few, matches(where), limit + 1)), limit);
    }
  }
  return bounded_page(db, sql(kSeen, before, kRowsMax), where, limit);
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
    for (const Part& place : places_of(state, where)) {
      const Rows counted = db.ask(sql(kCountIn, place, matches(of_state), std::max<std::int64_t>(most - count, 0)));
      if (!db.failed()) count += counted.integer(0, 0);
    }
  }
  return std::min(count, most);
}

}  // namespace waybill::mariadb
