#include "log/mariadb/mariadb_reader.h"

#include <algorithm>
#include <utility>

#include "log/list_cursor.h"
#include "log/mariadb/connection.h"
#include "log/mariadb/listing.h"
#include "log/mariadb/recipients.h"
#include "log/mariadb/row_columns.h"
#include "log/mariadb/schema.h"
#include "log/mariadb/statistics.h"

namespace waybill {
namespace {

using mariadb::Connection;
using mariadb::Rows;
using mariadb::sql;

constexpr char kBegin[] = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";
constexpr char kRepeatable[] = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";
constexpr char kIdentity[] = "SELECT identity FROM log_identity";
constexpr char kClock[] = "SELECT UTC_TIMESTAMP(3)";
constexpr char kFind[] = "SELECT " WAYBILL_ROW_COLUMNS ", CASE WHEN ? AND " WAYBILL_BODY_SIZE " <= ? THEN " WAYBILL_BODY
                         " END FROM msg_log m WHERE m.msg_id = ?";
constexpr char kEvents[] = "SELECT at, kind, attempt, count, detail FROM msg_event WHERE msg_id = ? ORDER BY number";

bool is_text(std::string_view text) { return is_valid_utf8(text) && text.find('\0') == std::string_view::npos; }

}  // namespace

MariadbReader::MariadbReader(MariadbOptions options) : options_(std::move(options)) {}
MariadbReader::~MariadbReader() = default;

Result<std::unique_ptr<MariadbReader>> MariadbReader::open(const MariadbOptions& options) {
  std::unique_ptr<MariadbReader> reader(new MariadbReader(options));
  if (Status done = reader->connect(); !done.ok()) return done.error();
  return reader;
}

Status MariadbReader::connect() {
  auto opened = Connection::open(options_);
  if (!opened.ok()) return opened.error();
  Connection& db = **opened;
  const auto schema = mariadb::read_schema(db);
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
  db.ask(kRepeatable);
  if (auto failure = db.take_failure()) return failure->error;
  db_ = std::move(opened).value();
  return ok_status();
}

// A connection that nobody used for a while is closed by the server, which is no reason to fail.
Status MariadbReader::begin() {
  if (db_) {
    db_->ask(kBegin);
    const auto failure = db_->take_failure();
    if (!failure) return ok_status();
    if (db_->alive()) return failure->error;
    db_.reset();
  }
  if (Status done = connect(); !done.ok()) return done;
  db_->ask(kBegin);
  if (auto failure = db_->take_failure()) return failure->error;
  return ok_status();
}

// One read transaction, so that what is read together belongs together.
template <class Read>
auto MariadbReader::read(const Read& query) -> Result<decltype(query(std::declval<Connection&>()))> {
  const std::lock_guard lock(mutex_);
  if (Status done = begin(); !done.ok()) return done.error();
  auto value = query(*db_);
  auto failure = db_->take_failure();
  db_->rollback();
  if (!db_->alive()) db_.reset();
  if (failure) return std::move(failure->error);
  return value;
}

Result<std::optional<Row>> MariadbReader::find(const MessageId& id, bool with_body) {
  if (!is_text(id.value)) return std::optional<Row>();  // no such id can be stored
  return read([&](Connection& db) -> std::optional<Row> {
    const Rows found = db.ask(sql(kFind, with_body, options_.body_max, id));
    if (db.failed() || found.size() == 0) return std::nullopt;
    Row row = mariadb::row_from(found, 0);
    if (!found.is_null(0, mariadb::kAfterRowColumns)) {
      const bool binary = found.boolean(0, 8);
      row.message.body = Body(found.string(0, mariadb::kAfterRowColumns), binary);
    }
    return row;
  });
}

Result<std::vector<MessageEvent>> MariadbReader::events(const MessageId& id) {
  if (!is_text(id.value)) return std::vector<MessageEvent>();
  return read([&](Connection& db) {
    std::vector<MessageEvent> events;
    const Rows lines = db.ask(sql(kEvents, id));
    events.reserve(static_cast<std::size_t>(lines.size()));
    for (int i = 0; i < lines.size(); ++i) {
      events.push_back(
          {lines.time(i, 0), lines.string(i, 1), lines.small(i, 2), lines.small(i, 3), lines.string(i, 4)});
    }
    return events;
  });
}

Result<std::vector<RecordedRecipient>> MariadbReader::recipients(const MessageId& id) {
  if (!is_text(id.value)) return std::vector<RecordedRecipient>();
  return read([&](Connection& db) {
    std::vector<RecordedRecipient> recipients;
    const Rows lines = db.ask(mariadb::recipients_of(mariadb::List().add(id)));
    for (int i = 0; i < lines.size(); ++i) recipients.push_back(rows::recipient_from(lines, i));
    return recipients;
  });
}

Result<ListPage> MariadbReader::list(const ListFilter& filter) {
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
    auto found = mariadb::find_page(db, filter.where, before, limit);
    ListPage page{.rows = std::move(found.rows)};
    if (found.next) page.next_cursor = write_cursor(identity, *found.next);
    return page;
  });
}

Result<std::int64_t> MariadbReader::count(const MessageFilter& where, std::int64_t most) {
  if (where.queue && !is_text(where.queue->value)) return std::int64_t{0};
  auto counted = read([&](Connection& db) { return mariadb::count_matching(db, where, most); });
  if (counted.ok() || (counted.error().code != "1969" && counted.error().code != "3024")) return counted;
  return make_error(ErrorClass::kRetry, "counting these messages takes too long; name a status, or a later time");
}

Result<LogStats> MariadbReader::stats() {
  return read([&](Connection& db) {
    LogStats stats = mariadb::read_stats(db);
    const Rows clock = db.ask(kClock);
    if (!db.failed()) stats.store_now = options_.clock != nullptr ? options_.clock->now() : clock.time(0, 0);
    return stats;
  });
}

}  // namespace waybill
