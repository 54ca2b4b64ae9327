#include "log/postgres/postgres_reader.h"

#include <algorithm>
#include <utility>

#include "log/list_cursor.h"
#include "log/postgres/connection.h"
#include "log/postgres/listing.h"
#include "log/postgres/recipients.h"
#include "log/postgres/row_columns.h"
#include "log/postgres/schema.h"
#include "log/postgres/statistics.h"

namespace waybill {
namespace {

using postgres::Connection;
using postgres::Params;
using postgres::Rows;
using postgres::Statement;

constexpr Statement kBegin{"begin_reading", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"};
constexpr Statement kIdentity{"identity", "SELECT identity FROM log_identity"};
constexpr Statement kClock{"clock", "SELECT date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'utc')"};
constexpr Statement kFind{"find", "SELECT " WAYBILL_ROW_COLUMNS
                                  ", CASE WHEN $2 AND coalesce(octet_length(m.body), octet_length(m.msg)) <= "
                                  "$3::bigint THEN coalesce(m.body, convert_to(m.msg, 'UTF8')) END "
                                  "FROM msg_log m WHERE m.msg_id = $1"};
constexpr Statement kEvents{"events",
                            "SELECT at, kind, attempt, count, detail FROM msg_event WHERE msg_id = $1 ORDER BY number"};

bool is_text(std::string_view text) { return is_valid_utf8(text) && text.find('\0') == std::string_view::npos; }

}  // namespace

PostgresReader::PostgresReader(PostgresOptions options) : options_(std::move(options)) {}
PostgresReader::~PostgresReader() = default;

Result<std::unique_ptr<PostgresReader>> PostgresReader::open(const PostgresOptions& options) {
  std::unique_ptr<PostgresReader> reader(new PostgresReader(options));
  if (Status done = reader->connect(); !done.ok()) return done.error();
  return reader;
}

Status PostgresReader::connect() {
  auto opened = Connection::open(options_);
  if (!opened.ok()) return opened.error();
  Connection& db = **opened;
  const auto schema = postgres::read_schema(db);
  if (!schema.ok()) return schema.error();
  if (schema->applied.empty()) {
    return make_error(ErrorClass::kPermanent, "the database holds no message log yet; start `waybill serve` once");
  }
  if (!schema->missing.empty()) {
    return make_error(ErrorClass::kPermanent,
                      "the message log was made by an older program; run `waybill migrate up` once");
  }
  const Rows known = db.ask(kIdentity);
  if (auto failure = db.take_failure()) return failure->error;
  if (known.size() > 0) identity_ = known.string(0, 0);
  db_ = std::move(opened).value();
  return ok_status();
}

// One read transaction, so that what is read together belongs together. A connection whose server was started again
// since it was used last is no reason to fail.
template <class Read>
auto PostgresReader::read(const Read& query) -> Result<decltype(query(std::declval<Connection&>()))> {
  const std::lock_guard lock(mutex_);
  for (bool is_new = !db_;; is_new = true) {
    if (!db_) {
      if (Status done = connect(); !done.ok()) return done.error();
    }
    db_->send(kBegin);
    auto value = query(*db_);
    auto failure = db_->take_failure();
    db_->rollback();
    if (!db_->alive()) db_.reset();
    if (!failure) return value;
    if (db_ || is_new) return std::move(failure->error);
  }
}

Result<std::optional<Row>> PostgresReader::find(const MessageId& id, bool with_body) {
  if (!is_text(id.value)) return std::optional<Row>();  // no such id can be stored
  return read([&](Connection& db) -> std::optional<Row> {
    db.send(kFind, Params().add(id).add(with_body).add(static_cast<std::int64_t>(options_.body_max)));
    const auto results = db.receive();
    if (db.failed() || results.back().size() == 0) return std::nullopt;
    const Rows& found = results.back();
    Row row = postgres::row_from(found, 0);
    if (!found.is_null(0, postgres::kAfterRowColumns)) {
      const bool binary = found.boolean(0, 8);
      row.message.body = Body(found.string(0, postgres::kAfterRowColumns), binary);
    }
    return row;
  });
}

Result<std::vector<MessageEvent>> PostgresReader::events(const MessageId& id) {
  if (!is_text(id.value)) return std::vector<MessageEvent>();
  return read([&](Connection& db) {
    std::vector<MessageEvent> events;
    db.send(kEvents, Params().add(id));
    const auto results = db.receive();
    if (db.failed()) return events;
    const Rows& lines = results.back();
    for (int i = 0; i < lines.size(); ++i) {
      events.push_back(
          {lines.time(i, 0), lines.string(i, 1), lines.small(i, 2), lines.small(i, 3), lines.string(i, 4)});
    }
    return events;
  });
}

Result<std::vector<RecordedRecipient>> PostgresReader::recipients(const MessageId& id) {
  if (!is_text(id.value)) return std::vector<RecordedRecipient>();
  return read([&](Connection& db) {
    std::vector<RecordedRecipient> recipients;
    postgres::Array ids(postgres::Type::kText);
    ids.add(id);
    const Rows lines = postgres::ask_recipients(db, ids);
    for (int i = 0; i < lines.size(); ++i) recipients.push_back(rows::recipient_from(lines, i));
    return recipients;
  });
}

Result<ListPage> PostgresReader::list(const ListFilter& filter) {
  constexpr int kLimitMax = 1'000;
  const std::int64_t limit = std::clamp(filter.limit, 1, kLimitMax);
  std::string identity;
  {
    const std::lock_guard lock(mutex_);
    identity = identity_;
  }
  std::int64_t before = INT64_MAX;
  if (!filter.cursor.empty()) {
    const auto position = read_cursor(identity, filter.cursor);
    if (!position.ok()) return position.error();
    before = *position;
  }
  if (filter.where.queue && !is_text(filter.where.queue->value)) return ListPage{};
  return read([&](Connection& db) {
    db.receive();
    auto found = postgres::find_page(db, filter.where, before, limit);
    ListPage page{.rows = std::move(found.rows)};
    if (found.next) page.next_cursor = write_cursor(identity, *found.next);
    return page;
  });
}

Result<std::int64_t> PostgresReader::count(const MessageFilter& where, std::int64_t most) {
  if (where.queue && !is_text(where.queue->value)) return std::int64_t{0};
  auto counted = read([&](Connection& db) {
    db.receive();
    return postgres::count_matching(db, where, most);
  });
  if (counted.ok() || counted.error().code != "57014") return counted;
  return make_error(ErrorClass::kRetry, "counting these messages takes too long; name a status, or a later time");
}

Result<LogStats> PostgresReader::stats() {
  return read([&](Connection& db) {
    db.receive();
    LogStats stats = postgres::read_stats(db);
    const Rows clock = db.ask(kClock);
    if (!db.failed()) stats.store_now = options_.clock != nullptr ? options_.clock->now() : clock.time(0, 0);
    return stats;
  });
}

}  // namespace waybill
