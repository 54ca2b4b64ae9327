#include "log/mariadb/classic.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "log/mariadb/classic_statements.h"
#include "log/mariadb/connection.h"
#include "log/mariadb/schema.h"

namespace waybill::mariadb {
namespace {

constexpr char kColumns[] =
    "SELECT LOWER(column_name), column_type, data_type FROM information_schema.columns "
    "WHERE table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position";
constexpr char kForm[] =
    "SELECT table_type, COALESCE(engine, '') FROM information_schema.tables WHERE table_schema = DATABASE() "
    "AND table_name = ?";
constexpr char kKey[] =
    "SELECT GROUP_CONCAT(LOWER(column_name)) FROM information_schema.statistics WHERE table_schema = DATABASE() "
    "AND table_name = ? AND index_name = 'PRIMARY'";
constexpr char kReferredTo[] =
    "SELECT table_name FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE() "
    "AND referenced_table_name = ? LIMIT 1";
constexpr char kTrigger[] =
    "SELECT trigger_name FROM information_schema.triggers WHERE event_object_schema = DATABASE() "
    "AND event_object_table = ? LIMIT 1";
constexpr char kNow[] =
    "SELECT UTC_TIMESTAMP(3), EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() "
    "AND table_name = 'msg_log_adoption')";
constexpr char kBegun[] = "SELECT time_zone, sent_is_done_ms, begun FROM msg_log_adoption";
constexpr char kServing[] =
    "SELECT name, host, process FROM instance WHERE stopped = 0 AND alive_until > UTC_TIMESTAMP(3) LIMIT 1";
// Names of session locks are the server's, not the database's, and at most 64 characters.
constexpr char kLock[] = "SELECT GET_LOCK(LEFT(SHA2(CONCAT('waybill.adopt.', DATABASE()), 256), 64), 0)";
constexpr char kMarker[] =
    "CREATE TABLE IF NOT EXISTS msg_log_adoption (only_row INT NOT NULL PRIMARY KEY, time_zone VARCHAR(64) NOT NULL, "
    "sent_is_done_ms BIGINT, begun DATETIME(3) NOT NULL) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4";
constexpr char kBegin[] =
    "INSERT IGNORE INTO msg_log_adoption (only_row, time_zone, sent_is_done_ms, begun) "
    "VALUES (1, ?, ?, UTC_TIMESTAMP(3))";
constexpr char kForgetMarker[] = "DROP TABLE IF EXISTS msg_log_adoption";
constexpr char kForgetTerms[] = "DELETE FROM msg_log_adoption";
constexpr char kTaken[] = "SELECT msg_id FROM msg_log FORCE INDEX (PRIMARY) WHERE msg_id IN (?)";
constexpr char kMoved[] =
    "SELECT COALESCE(SUM(status = 3), 0), COALESCE(SUM(status <> 3), 0) FROM msg_log FORCE INDEX (PRIMARY) "
    "WHERE msg_id IN (?)";
constexpr char kIsEmpty[] = "SELECT NOT EXISTS (SELECT 1 FROM msg_log_classic)";

// What an adoption left that was broken off before the exchange; the table itself is untouched until then.
constexpr char kForgetFormer[] = "DROP TABLE IF EXISTS msg_log_coming, schema_migration_coming, schema_migration";
// One moment for all three, also when the server crashes.
constexpr char kExchange[] =
    "RENAME TABLE msg_log TO msg_log_classic, msg_log_coming TO msg_log, schema_migration_coming TO schema_migration";

// A table is locked for a moment only; whoever waits for it must not hold up those who wait behind.
constexpr char kSession[] = "SET SESSION lock_wait_timeout = 1, innodb_lock_wait_timeout = 1";

ClassicColumn::Kind kind_of(std::string_view type) {
  using Kind = ClassicColumn::Kind;
  const auto is = [&](auto... names) { return ((type == names) || ...); };
  if (is("varchar", "char", "text", "tinytext", "mediumtext", "longtext", "json")) return Kind::kText;
  if (is("tinyint", "smallint", "mediumint", "int", "bigint")) return Kind::kInteger;
  if (is("datetime")) return Kind::kTime;
  if (is("timestamp")) return Kind::kInstant;
  return Kind::kOther;
}

class MariadbClassic final : public ClassicTable {
 public:
  MariadbClassic(const MariadbOptions& options, AdoptTerms terms) : options_(options), terms_(std::move(terms)) {
    options_.answer_timeout = std::chrono::hours(1);
    options_.statement_timeout = std::chrono::hours(1);
  }

  Status connect();
  [[nodiscard]] Result<ClassicLook> look() override;
  [[nodiscard]] Result<std::vector<ClassicCount>> count(bool renamed, WallTime old) override;
  [[nodiscard]] Result<bool> lock() override;
  [[nodiscard]] Result<std::string> serving() override;
  [[nodiscard]] Status exchange() override;
  [[nodiscard]] Status begin() override;
  [[nodiscard]] Status forget() override;
  [[nodiscard]] Result<std::vector<ClassicRow>> next(const std::optional<std::string>& after, int limit) override;
  [[nodiscard]] Result<ClassicMoved> move(const std::vector<std::string>& keys,
                                          std::optional<WallTime> done_before) override;
  [[nodiscard]] Result<ClassicMoved> moved(const std::vector<std::string>& keys) override;
  [[nodiscard]] Result<bool> end() override;

 private:
  Status ready();
  Status done();
  /// The same for statements that take rights which an administrator may have to give.
  Status done_with_rights();
  std::vector<ClassicColumn> columns_of(const char* table);
  std::string trouble_of(const char* table);
  void write_marker();

  MariadbOptions options_;
  const AdoptTerms terms_;
  std::optional<ClassicStatements> statements_;
  std::unique_ptr<Connection> db_;
  bool locked_ = false;
  bool needs_lock_ = false;
};

Status MariadbClassic::connect() {
  db_.reset();
  auto opened = Connection::open(options_);
  if (!opened.ok()) return opened.error();
  db_ = std::move(*opened);
  db_->script(kSession);
  if (auto failure = db_->take_failure()) return failure->error;
  return ok_status();
}

// The lock goes with its session, and whoever has had it does nothing without.
Status MariadbClassic::ready() {
  if (!db_ || !db_->alive()) {
    locked_ = false;
    if (Status connected = connect(); !connected.ok()) return connected;
  }
  if (locked_ || !needs_lock_) return ok_status();
  const auto again = lock();
  if (!again.ok()) return again.error();
  return *again ? ok_status()
                : Status(make_error(ErrorClass::kRetry, "another process has begun to adopt this table meanwhile"));
}

Status MariadbClassic::done() {
  auto failure = db_->take_failure();
  if (!failure) return ok_status();
  db_->rollback();
  return failure->error;
}

Status MariadbClassic::done_with_rights() {
  auto failure = db_->take_failure();
  if (!failure) return ok_status();
  db_->rollback();
  return explain(*db_, std::move(*failure));
}

std::vector<ClassicColumn> MariadbClassic::columns_of(const char* table) {
  const Rows found = db_->ask(sql(kColumns, table));
  std::vector<ClassicColumn> columns;
  columns.reserve(static_cast<std::size_t>(found.size()));
  for (int i = 0; i < found.size(); ++i) {
    columns.push_back({found.string(i, 0), found.string(i, 1), kind_of(found.text(i, 2))});
  }
  return columns;
}

std::string MariadbClassic::trouble_of(const char* table) {
  db_->send(sql(kForm, table));
  db_->send(sql(kKey, table));
  db_->send(sql(kReferredTo, table));
  db_->send(sql(kTrigger, table));
  const auto found = db_->receive();
  if (db_->failed() || found[0].size() == 0) return {};
  if (found[0].text(0, 0) != "BASE TABLE") return "is no plain table, but a view";
  const std::string name = table;
  if (found[0].text(0, 1) != "InnoDB") {
    return "is kept by the engine " + found[0].string(0, 1) + "; convert it first: ALTER TABLE " + name +
           " ENGINE=InnoDB";
  }
  if (found[1].text(0, 0) != "msg_id") {
    return "has no primary key on msg_id; add one: ALTER TABLE " + name + " ADD PRIMARY KEY (msg_id)";
  }
  if (found[2].size() > 0) return "is referred to by a foreign key of the table " + found[2].string(0, 0) + "; drop it";
  if (found[3].size() > 0) return "has the trigger " + found[3].string(0, 0) + ", which would act on each row; drop it";
  return {};
}

Result<ClassicLook> MariadbClassic::look() {
  if (Status up = ready(); !up.ok()) return up.error();
  ClassicLook look;
  const auto schema = read_schema(*db_);
  if (!schema.ok()) return schema.error();
  look.log_is_ours = schema->has_table && !schema->applied.empty();
  if (look.log_is_ours && !schema->missing.empty()) {
    return make_error(ErrorClass::kPermanent, "the message log was made by an older program; run `waybill migrate up`");
  }
  look.log = columns_of("msg_log");
  look.classic = columns_of(kClassicTable);
  look.trouble = trouble_of(look.log_is_ours ? kClassicTable : "msg_log");
  look.in_the_way = schema->in_the_way;
  const Rows now = db_->ask(kNow);
  if (!db_->failed()) look.store_now = now.time(0, 0);
  if (!db_->failed() && now.boolean(0, 1)) {
    const Rows begun = db_->ask(kBegun);
    if (begun.size() > 0) {
      const auto millis = begun.is_null(0, 1) ? std::nullopt : std::optional(Duration{begun.integer(0, 1)});
      look.begun = {begun.string(0, 0), millis, begun.time(0, 2)};
    }
  }
  if (Status all = done(); !all.ok()) return all.error();
  const auto& columns = look.log_is_ours ? look.classic : look.log;
  const auto is_other = [](const ClassicColumn& column) { return column.kind == ClassicColumn::Kind::kOther; };
  constexpr std::size_t kClassicColumns = 9;
  if (!statements_ && columns.size() == kClassicColumns && std::ranges::none_of(columns, is_other)) {
    statements_.emplace(columns, terms_.zone);
  }
  return look;
}

Result<std::vector<ClassicCount>> MariadbClassic::count(bool renamed, WallTime old) {
  if (Status up = ready(); !up.ok()) return up.error();
  const Rows found = db_->ask(statements_->count(renamed, old));
  if (Status all = done(); !all.ok()) return all.error();
  std::vector<ClassicCount> counts;
  for (int i = 0; i < found.size(); ++i) {
    const auto status = found.is_null(i, 0) ? std::nullopt : std::optional(found.integer(i, 0));
    counts.push_back({status, found.integer(i, 1), found.integer(i, 2)});
  }
  return counts;
}

Result<bool> MariadbClassic::lock() {
  if (!db_ || !db_->alive()) {
    if (Status connected = connect(); !connected.ok()) return connected.error();
  }
  const Rows got = db_->ask(kLock);
  if (Status all = done(); !all.ok()) return all.error();
  locked_ = got.boolean(0, 0);
  needs_lock_ = needs_lock_ || locked_;
  return locked_;
}

Result<std::string> MariadbClassic::serving() {
  if (Status up = ready(); !up.ok()) return up.error();
  const Rows who = db_->ask(kServing);
  if (Status all = done(); !all.ok()) return all.error();
  if (who.size() == 0) return std::string();
  const std::string host = who.string(0, 1);
  return "the instance " + who.string(0, 0) + ", process " + std::to_string(who.small(0, 2)) + " on " +
         host.substr(0, host.find(' '));
}

void MariadbClassic::write_marker() {
  db_->ask(kMarker);
  const auto millis = terms_.sent_is_done ? std::optional(std::int64_t{terms_.sent_is_done->count()}) : std::nullopt;
  db_->ask(sql(kBegin, terms_.zone.name(), millis));
}

// Each statement commits by itself: until the exchange the new tables have other names, and are made anew. The marker
// comes first, for it says whose they are.
Status MariadbClassic::exchange() {
  if (Status up = ready(); !up.ok()) return up;
  db_->ask(kMarker);
  db_->ask(kForgetTerms);
  write_marker();
  db_->script(kForgetFormer);
  if (Status ready = done_with_rights(); !ready.ok()) return ready;
  if (Status made = make_schema(*db_, "msg_log_coming", "schema_migration_coming"); !made.ok()) return made;
  db_->ask(kExchange);
  return done_with_rights();
}

Status MariadbClassic::begin() {
  if (Status up = ready(); !up.ok()) return up;
  write_marker();
  return done_with_rights();
}

Status MariadbClassic::forget() {
  if (Status up = ready(); !up.ok()) return up;
  db_->ask(kForgetMarker);
  return done();
}

Result<std::vector<ClassicRow>> MariadbClassic::next(const std::optional<std::string>& after, int limit) {
  if (Status up = ready(); !up.ok()) return up.error();
  const Rows found = db_->ask(statements_->page(after, limit));
  std::vector<ClassicRow> rows;
  List ids;
  for (int i = 0; i < found.size(); ++i) {
    ClassicRow row;
    row.key = row.id = found.string(i, 0);
    if (!found.is_null(i, 1)) row.status = found.integer(i, 1);
    row.has_route = !found.is_null(i, 2) && !found.is_null(i, 3);
    if (row.has_route) row.route = {found.string(i, 2), found.string(i, 3)};
    row.bytes = found.integer(i, 4);
    ids.add(row.id);
    rows.push_back(std::move(row));
  }
  if (!ids.empty()) {
    const Rows taken = db_->ask(sql(kTaken, ids));
    std::set<std::string_view> there;
    for (int i = 0; i < taken.size(); ++i) there.insert(taken.text(i, 0));
    for (ClassicRow& row : rows) row.is_taken = there.contains(row.id);
  }
  if (Status all = done(); !all.ok()) return all.error();
  return rows;
}

Result<ClassicMoved> MariadbClassic::move(const std::vector<std::string>& keys, std::optional<WallTime> done_before) {
  if (Status up = ready(); !up.ok()) return up.error();
  const auto move = statements_->move(statements_->list_of(keys), done_before);
  db_->tell("START TRANSACTION");
  db_->send(move.outcome);
  for (const std::string& statement : {move.rows, move.events, move.counts, move.gone}) db_->tell(statement);
  db_->tell("COMMIT");
  const auto found = db_->receive();
  if (Status all = done(); !all.ok()) return all.error();
  return ClassicMoved{found[0].integer(0, 0), found[0].integer(0, 1) - found[0].integer(0, 0)};
}

Result<ClassicMoved> MariadbClassic::moved(const std::vector<std::string>& keys) {
  if (Status up = ready(); !up.ok()) return up.error();
  List ids;
  for (const std::string& key : keys) ids.add(key);
  const Rows found = db_->ask(sql(kMoved, ids));
  if (Status all = done(); !all.ok()) return all.error();
  return ClassicMoved{found.integer(0, 0), found.integer(0, 1)};
}

// The marker first: once it is gone, an empty table is all that can be left.
Result<bool> MariadbClassic::end() {
  if (Status up = ready(); !up.ok()) return up.error();
  db_->ask(kForgetMarker);
  if (columns_of(kClassicTable).empty()) {
    if (Status all = done(); !all.ok()) return all.error();
    return true;
  }
  const Rows empty = db_->ask(kIsEmpty);
  const bool is_empty = !db_->failed() && empty.boolean(0, 0);
  if (is_empty) db_->ask("DROP TABLE IF EXISTS msg_log_classic");
  if (Status all = done(); !all.ok()) return all.error();
  return is_empty;
}

}  // namespace

Result<std::unique_ptr<ClassicTable>> open_classic(const MariadbOptions& options, const AdoptTerms& terms) {
  auto table = std::make_unique<MariadbClassic>(options, terms);
  if (Status connected = table->connect(); !connected.ok()) return connected.error();
  return std::unique_ptr<ClassicTable>(std::move(table));
}

}  // namespace waybill::mariadb
