#include "log/sqlite/listing.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "log/sqlite/statistics.h"

namespace waybill::sqlite {
namespace {

// What one page may look at. Rows cost a look into the table, entries of an index ten times less; where the rows must
// first come from a disk, the time ends it.
constexpr std::size_t kRowsMax = 10'000;
constexpr std::size_t kEntriesMax = 50'000;
constexpr std::chrono::milliseconds kTimeMax{20};
constexpr std::size_t kRowsBetweenClocks = 64;

// Rows are numbered as they arrive. They are read in short stretches, each from its oldest to its newest, because
// nothing reads ahead for whoever reads a file backwards.
constexpr std::int64_t kStretch = 500;
constexpr char kNewestBefore[] = "SELECT max(rowid) FROM msg_log WHERE rowid < ?1";
constexpr char kStretchOfRows[] =
    "SELECT rowid, status, queue, create_time FROM msg_log WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid";
constexpr char kNewestForAttention[] =
    "SELECT rowid, status, queue, create_time FROM msg_log INDEXED BY msg_log_attention "
    "WHERE status IN (5, 6) AND status = ?2 AND rowid < ?1 ORDER BY rowid DESC";
constexpr char kOne[] = "SELECT rowid, status, queue, create_time FROM msg_log WHERE rowid = ?1";

constexpr char kDueEntries[] =
    "SELECT rowid, status FROM msg_log INDEXED BY msg_log_due "
    "WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3";
constexpr char kAttemptEntries[] =
    "SELECT rowid, status FROM msg_log INDEXED BY msg_log_open_attempt WHERE owner IS NOT NULL";
constexpr char kWaitingEntries[] =
    "SELECT rowid, 1 FROM msg_log INDEXED BY msg_log_waiting WHERE status = 1 AND owner IS NULL AND queue <> ''";
constexpr char kExternalSent[] = "SELECT rows FROM finished_count WHERE status = 1";

/// What filters look at.
struct Seen {
  std::int64_t rowid = 0;
  bool match = false;
};

Seen see(const Query& row, const MessageFilter& where) {
  const bool of_state = !where.status || static_cast<State>(row.integer(1)) == *where.status;
  const bool of_queue = !where.queue || (!row.is_null(2) && row.text(2) == where.queue->value);
  const bool of_time = (!where.since || row.time(3) >= *where.since) && (!where.until || row.time(3) < *where.until);
  return {row.integer(0), of_state && of_queue && of_time};
}

/// Gathers a page from rows that come newest first.
class PageBuilder {
 public:
  explicit PageBuilder(std::size_t limit) : limit_(limit), end_(std::chrono::steady_clock::now() + kTimeMax) {}

  /// False once the page is complete: by one match too many, or because it has looked at enough.
  bool add(const Seen& row) {
    if (row.match && page_.rowids.size() == limit_) {
      page_.next = page_.rowids.back();
      return false;
    }
    if (row.match) page_.rowids.push_back(row.rowid);
    ++looked_at_;
    const bool late = looked_at_ % kRowsBetweenClocks == 0 && std::chrono::steady_clock::now() > end_;
    if (looked_at_ < kRowsMax && !late) return true;
    page_.next = row.rowid;
    return false;
  }
  FoundPage take() { return std::move(page_); }

 private:
  const std::size_t limit_;
  const std::chrono::steady_clock::time_point end_;
  FoundPage page_;
  std::size_t looked_at_ = 0;
};

std::optional<std::int64_t> newest_before(Connection& db, std::int64_t end) {
  auto row = db.query(kNewestBefore, end);
  return row.next() && !row.is_null(0) ? std::optional(row.integer(0)) : std::nullopt;
}

FoundPage page_of_all(Connection& db, const MessageFilter& where, std::int64_t end, std::size_t limit) {
  PageBuilder page(limit);
  std::vector<Seen> stretch;
  for (auto newest = newest_before(db, end); newest; newest = newest_before(db, *newest - kStretch + 1)) {
    stretch.clear();
    auto row = db.query(kStretchOfRows, *newest - kStretch + 1, *newest);
    while (row.next()) stretch.push_back(see(row, where));
    const auto stop = std::find_if(stretch.rbegin(), stretch.rend(), [&](const Seen& seen) { return !page.add(seen); });
    if (stop != stretch.rend()) break;
  }
  return page.take();
}

FoundPage page_for_attention(Connection& db, const MessageFilter& where, std::int64_t end, std::size_t limit) {
  PageBuilder page(limit);
  auto row = db.query(kNewestForAttention, end, static_cast<int>(*where.status));
  while (row.next() && page.add(see(row, where))) {
  }
  return page.take();
}

/// The rows of an open state before `before`, newest first, from the indexes of open rows. Nothing if those hold too
/// much to look through, or not all: external rows are `sent` and finished.
std::optional<std::vector<std::int64_t>> few_open_rows(Connection& db, State state, std::int64_t before) {
  std::vector<std::int64_t> rowids;
  std::size_t entries = 0;
  const auto add_from = [&](Query rows) {
    while (entries <= kEntriesMax && rows.next()) {
      ++entries;
      if (static_cast<State>(rows.integer(1)) == state && rows.integer(0) < before) rowids.push_back(rows.integer(0));
    }
  };
  if (state == State::kSent) {
    {
      auto external = db.query(kExternalSent);
      if (external.next() && external.integer(0) > 0) return std::nullopt;
    }
    add_from(db.query(kWaitingEntries));
  }
  add_from(db.query(kDueEntries));
  add_from(db.query(kAttemptEntries));
  if (entries > kEntriesMax) return std::nullopt;
  std::ranges::sort(rowids, std::greater());
  return rowids;
}

FoundPage page_of_few(Connection& db, const std::vector<std::int64_t>& rowids, const MessageFilter& where,
                      std::size_t limit) {
  PageBuilder page(limit);
  for (const std::int64_t rowid : rowids) {
    auto row = db.query(kOne, rowid);
    if (row.next() && !page.add(see(row, where))) break;
  }
  return page.take();
}

// Where rows of each state are, apart from those of the others. ?1: the state, ?2 and ?3: queue and create time, if
// they matter, ?4: the most that is counted, ?5: the other end of the create time. A finished row was changed after it
// was created, so the index that has the time of the last change leads to it; the queue is in that index too, and where
// only that matters no row is read.
constexpr char kCountDue[] =
    "SELECT count(*) FROM (SELECT 1 FROM msg_log INDEXED BY msg_log_due "
    "WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3 AND status = ?1 "
    "AND (?2 IS NULL OR queue = ?2) AND (?3 IS NULL OR create_time >= ?3) "
    "AND (?5 IS NULL OR create_time < ?5) LIMIT ?4)";
constexpr char kCountAttempts[] =
    "SELECT count(*) FROM (SELECT 1 FROM msg_log INDEXED BY msg_log_open_attempt WHERE owner IS NOT NULL "
    "AND status = ?1 AND (?2 IS NULL OR queue = ?2) AND (?3 IS NULL OR create_time >= ?3) "
    "AND (?5 IS NULL OR create_time < ?5) LIMIT ?4)";
constexpr char kCountWaiting[] =
    "SELECT count(*) FROM (SELECT 1 FROM msg_log INDEXED BY msg_log_waiting "
    "WHERE status = 1 AND owner IS NULL AND queue <> '' AND status = ?1 "
    "AND (?2 IS NULL OR queue = ?2) AND (?3 IS NULL OR create_time >= ?3) "
    "AND (?5 IS NULL OR create_time < ?5) LIMIT ?4)";
constexpr char kCountForAttention[] =
    "SELECT count(*) FROM (SELECT 1 FROM msg_log INDEXED BY msg_log_attention WHERE status IN (5, 6) AND status = ?1 "
    "AND (?2 IS NULL OR queue = ?2) AND (?3 IS NULL OR create_time >= ?3) "
    "AND (?5 IS NULL OR create_time < ?5) LIMIT ?4)";
constexpr char kCountFinished[] =
    "SELECT count(*) FROM (SELECT 1 FROM msg_log INDEXED BY msg_log_finished "
    "WHERE (status IN (3, 7) OR (status = 1 AND owner IS NULL AND queue = '')) AND status = ?1 "
    "AND (?2 IS NULL OR queue = ?2) AND (?5 IS NULL OR create_time < ?5) LIMIT ?4)";
constexpr char kCountFinishedSince[] =
    "SELECT count(*) FROM (SELECT 1 FROM msg_log INDEXED BY msg_log_finished "
    "WHERE (status IN (3, 7) OR (status = 1 AND owner IS NULL AND queue = '')) AND status = ?1 "
    "AND (?2 IS NULL OR queue = ?2) AND update_time >= ?3 AND create_time >= ?3 "
    "AND (?5 IS NULL OR create_time < ?5) LIMIT ?4)";

std::vector<const char*> places_of(State state, bool since) {
  const char* finished = since ? kCountFinishedSince : kCountFinished;
  switch (state) {
    case State::kSending:
    case State::kSendFailed:
    case State::kConsumeFailed:
      return {kCountDue, kCountAttempts};
    case State::kSent:
      return {kCountDue, kCountAttempts, kCountWaiting, finished};
    case State::kDead:
    case State::kOutcomeUnknown:
      return {kCountForAttention};
    case State::kConsumed:
    case State::kCancelled:
      break;
  }
  return {finished};
}

}  // namespace

FoundPage find_page(Connection& db, const MessageFilter& where, std::optional<std::int64_t> before, std::size_t limit) {
  const std::int64_t end = before.value_or(INT64_MAX);
  if (where.status == State::kDead || where.status == State::kOutcomeUnknown) {
    return page_for_attention(db, where, end, limit);
  }
  if (where.status && kOpenStates.has(*where.status)) {
    if (const auto few = few_open_rows(db, *where.status, end)) return page_of_few(db, *few, where, limit);
  }
  return page_of_all(db, where, end, limit);
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
    for (const char* place : places_of(state, where.since.has_value())) {
      auto rows = db.query(place, static_cast<int>(state), where.queue, where.since, most - count, where.until);
      if (rows.next()) count += rows.integer(0);
    }
  }
  return std::min(count, most);
}

}  // namespace waybill::sqlite
