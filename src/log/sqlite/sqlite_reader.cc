#include "log/sqlite/sqlite_reader.h"

#include <algorithm>
#include <utility>

#include "log/list_cursor.h"
#include "log/sqlite/bodies.h"
#include "log/sqlite/connection.h"
#include "log/sqlite/listing.h"
#include "log/sqlite/recipients.h"
#include "log/sqlite/row_mapping.h"
#include "log/sqlite/schema.h"
#include "log/sqlite/statistics.h"

namespace waybill {
namespace {

using sqlite::Connection;

const std::string kSelect = std::string("SELECT ") + sqlite::kRowColumns + " FROM msg_log ";
const std::string kById = kSelect + "WHERE msg_id = ?1";

const std::string kByRowid = kSelect + "WHERE rowid = ?1";

// Longer than this nobody waits for a count, and it is in the way of every other question.
constexpr Duration kCountMax{2'000};

// The body's size is asked of the value itself, so that a list of large messages does not read them.
Row with_size(Connection& db, sqlite::ReadRow read) {
  const auto stored = sqlite::find_body(db, read.row.message.id, read.rowid, read.in_body_column);
  read.row.body_bytes = stored ? stored->bytes : 0;
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
  if (identity_.empty()) {
    auto row = (*opened)->query("SELECT identity FROM log_identity");
    if (row.next()) identity_ = row.string(0);
  }
  if (auto failure = (*opened)->take_failure()) return failure->error;
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
    const bool in_body_column = found->in_body_column;
    Row row = with_size(db, std::move(*found));
    if (with_body) {
      row.message.body = sqlite::load_body(db, id, rowid, in_body_column, options_.body_max).value_or(Body());
    }
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

Result<std::vector<RecordedRecipient>> SqliteReader::recipients(const MessageId& id) {
  return read([&](Connection& db) { return sqlite::read_recipients(db, id); });
}

Result<ListPage> SqliteReader::list(const ListFilter& filter) {
  constexpr int kLimitMax = 1'000;
  const auto limit = static_cast<std::size_t>(std::clamp(filter.limit, 1, kLimitMax));
  std::optional<std::int64_t> before;
  if (!filter.cursor.empty()) {
    const auto position = read_cursor(identity_, filter.cursor);
    if (!position.ok()) return position.error();
    before = *position;
  }
  return read([&](Connection& db) {
    const auto found = sqlite::find_page(db, filter.where, before, limit);
    ListPage page;
    page.rows.reserve(found.rowids.size());
    for (const std::int64_t rowid : found.rowids) {
      std::optional<sqlite::ReadRow> row;
      {
        auto query = db.query(kByRowid.c_str(), rowid);
        if (query.next()) row = sqlite::row_from(query);
      }
      if (row) page.rows.push_back(with_size(db, std::move(*row)));
    }
    if (found.next) page.next_cursor = write_cursor(identity_, *found.next);
    return page;
  });
}

Result<std::int64_t> SqliteReader::count(const MessageFilter& where, std::int64_t most) {
  const auto give_up_at = std::chrono::steady_clock::now() + kCountMax;
  bool gave_up = false;
  auto count = read([&](Connection& db) {
    const auto interruption = db.interrupt_when([&] {
      gave_up = std::chrono::steady_clock::now() > give_up_at;
      return gave_up;
    });
    return sqlite::count_matching(db, where, most);
  });
  if (!gave_up) return count;
  return make_error(ErrorClass::kRetry, "counting these messages takes too long; name a status, or a later time");
}

Result<LogStats> SqliteReader::stats() {
  auto stats = read(sqlite::read_stats);
  if (stats.ok()) stats->store_now = options_.clock.now();
  return stats;
}

}  // namespace waybill
