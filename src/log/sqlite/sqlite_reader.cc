#include "log/sqlite/sqlite_reader.h"

#include <algorithm>
#include <utility>

#include "log/sqlite/connection.h"
#include "log/sqlite/row_mapping.h"
#include "log/sqlite/schema.h"

namespace waybill {
namespace {

using sqlite::Connection;

const std::string kSelect = std::string("SELECT ") + sqlite::kRowColumns + " FROM msg_log ";
const std::string kById = kSelect + "WHERE msg_id = ?1";

// Rows are numbered as they come in, so the newest are the last; where a state is rare among the rows, the partial
// index that holds it finds them.
const std::string kNewest = kSelect + "ORDER BY rowid DESC LIMIT ?1";
const std::string kNewestOf = kSelect + "WHERE status = ?2 ORDER BY rowid DESC LIMIT ?1";
const std::string kNewestDue = kSelect +
                               "INDEXED BY msg_log_due WHERE status IN (0, 1, 2, 4, 6) AND next_try_time IS NOT NULL "
                               "AND status = ?2 ORDER BY rowid DESC LIMIT ?1";
const std::string kNewestForAttention =
    kSelect + "INDEXED BY msg_log_attention WHERE status IN (5, 6) AND status = ?2 ORDER BY rowid DESC LIMIT ?1";
const std::string kNewestFinished =
    kSelect +
    "INDEXED BY msg_log_finished WHERE (status IN (3, 7) OR (status = 1 AND owner IS NULL AND queue = '')) "
    "AND status = ?2 ORDER BY rowid DESC LIMIT ?1";

const char* list_sql(std::optional<State> status) {
  if (!status) return kNewest.c_str();
  switch (*status) {
    case State::kSending:
    case State::kSendFailed:
    case State::kConsumeFailed:
      return kNewestDue.c_str();
    case State::kDead:
    case State::kOutcomeUnknown:
      return kNewestForAttention.c_str();
    case State::kCancelled:
      return kNewestFinished.c_str();
    case State::kSent:
    case State::kConsumed:
      break;
  }
  return kNewestOf.c_str();
}

// Every row is in exactly one of the four: counting them in the partial indexes leaves the bodies' pages alone.
constexpr char kCounts[] =
    "SELECT status, sum(n) FROM ("
    "SELECT status, count(*) AS n FROM msg_log INDEXED BY msg_log_due "
    "WHERE status IN (0, 1, 2, 4, 6) AND next_try_time IS NOT NULL GROUP BY status "
    "UNION ALL SELECT 1, count(*) FROM msg_log INDEXED BY msg_log_waiting "
    "WHERE status = 1 AND owner IS NULL AND queue <> '' "
    "UNION ALL SELECT status, count(*) FROM msg_log INDEXED BY msg_log_finished "
    "WHERE status IN (3, 7) OR (status = 1 AND owner IS NULL AND queue = '') GROUP BY status "
    "UNION ALL SELECT status, count(*) FROM msg_log INDEXED BY msg_log_attention "
    "WHERE status IN (5, 6) AND (status = 5 OR next_try_time IS NULL) GROUP BY status"
    ") GROUP BY status";

constexpr char kPossibleRepeats[] =
    "SELECT ifnull(sum(lapse_count), 0), ifnull(sum(unknown_count), 0) FROM msg_log INDEXED BY msg_log_counted "
    "WHERE lapse_count > 0 OR unknown_count > 0";

// What is confirmed on an external route is not ours to finish any more and does not count as open.
constexpr char kOldestOpen[] =
    "SELECT create_time FROM msg_log WHERE rowid = (SELECT min(first) FROM ("
    "SELECT min(rowid) AS first FROM msg_log INDEXED BY msg_log_due "
    "WHERE status IN (0, 1, 2, 4, 6) AND next_try_time IS NOT NULL "
    "UNION ALL SELECT min(rowid) FROM msg_log INDEXED BY msg_log_waiting "
    "WHERE status = 1 AND owner IS NULL AND queue <> '' "
    "UNION ALL SELECT min(rowid) FROM msg_log INDEXED BY msg_log_attention "
    "WHERE status IN (5, 6) AND status = 6))";

LogStats read_stats(Connection& db) {
  LogStats stats;
  stats.rows_by_state.resize(kStateCount);
  {
    auto counts = db.query(kCounts);
    while (counts.next()) stats.rows_by_state.at(static_cast<std::size_t>(counts.integer(0))) = counts.integer(1);
  }
  {
    auto sums = db.query(kPossibleRepeats);
    if (sums.next()) {
      stats.lapses = sums.integer(0);
      stats.unknowns = sums.integer(1);
    }
  }
  auto oldest = db.query(kOldestOpen);
  if (oldest.next()) stats.oldest_open = oldest.time(0);
  return stats;
}

// The body's size is asked of the value itself, so that a list of large messages does not read them.
Row with_size(Connection& db, sqlite::ReadRow read) {
  read.row.body_bytes = db.value_size(read.binary ? "body" : "msg", read.rowid).value_or(0);
  return std::move(read.row);
}

}  // namespace

SqliteReader::SqliteReader(const SqliteOptions& options) : options_(options) {}
SqliteReader::~SqliteReader() = default;

Result<std::unique_ptr<SqliteReader>> SqliteReader::open(const SqliteOptions& options) {
  std::unique_ptr<SqliteReader> reader(new SqliteReader(options));
  if (auto status = reader->connect(); !status.ok()) return status.error();
  return reader;
}

Status SqliteReader::connect() {
  auto opened = Connection::open({.path = options_.path,
                                  .busy_timeout = options_.busy_timeout,
                                  .query_only = true,
                                  .cache_bytes = options_.cache_bytes});
  if (!opened.ok()) return opened.error();
  if (auto status = sqlite::check_store(**opened, options_.path); !status.ok()) return status;
  db_ = std::move(opened).value();
  return ok_status();
}

// One read transaction, so that what is read together belongs together.
template <class Read>
auto SqliteReader::read(const Read& query) -> Result<decltype(query(std::declval<Connection&>()))> {
  const std::lock_guard lock(mutex_);
  if (!db_) {
    if (auto status = connect(); !status.ok()) return status.error();
  }
  db_->run("BEGIN");
  auto value = query(*db_);
  auto failure = db_->take_failure();
  db_->rollback();
  if (!failure) return value;
  if (failure->must_reopen) db_.reset();
  return std::move(failure->error);
}

Result<std::optional<Row>> SqliteReader::find(const MessageId& id, bool with_body) {
  return read([&](Connection& db) -> std::optional<Row> {
    std::optional<sqlite::ReadRow> found;
    {
      auto query = db.query(kById.c_str(), id);
      if (query.next()) found = sqlite::row_from(query);
    }
    if (!found) return std::nullopt;
    const auto rowid = found->rowid;
    const bool binary = found->binary;
    Row row = with_size(db, std::move(*found));
    if (with_body) row.message.body = sqlite::load_body(db, rowid, binary, options_.body_max).value_or(Body());
    return row;
  });
}

Result<std::vector<MessageEvent>> SqliteReader::events(const MessageId& id) {
  return read([&](Connection& db) {
    std::vector<MessageEvent> events;
    auto query =
        db.query("SELECT at, kind, attempt, count, detail FROM msg_event WHERE msg_id = ?1 ORDER BY number", id);
    while (query.next()) {
      events.push_back({query.time(0), query.string(1), query.small(2), query.small(3), query.string(4)});
    }
    return events;
  });
}

Result<std::vector<Row>> SqliteReader::list(const ListFilter& filter) {
  constexpr int kLimitMax = 1'000;
  const int limit = std::clamp(filter.limit, 1, kLimitMax);
  return read([&](Connection& db) {
    std::vector<sqlite::ReadRow> found;
    {
      auto query = filter.status ? db.query(list_sql(filter.status), limit, static_cast<int>(*filter.status))
                                 : db.query(list_sql(filter.status), limit);
      while (query.next()) found.push_back(sqlite::row_from(query));
    }
    std::vector<Row> rows;
    rows.reserve(found.size());
    for (auto& each : found) rows.push_back(with_size(db, std::move(each)));
    return rows;
  });
}

Result<LogStats> SqliteReader::stats() {
  auto stats = read(read_stats);
  if (stats.ok()) stats->store_now = options_.clock.now();
  return stats;
}

}  // namespace waybill
