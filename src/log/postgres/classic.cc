#include "log/postgres/classic.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "log/postgres/classic_statements.h"
#include "log/postgres/connection.h"
#include "log/postgres/schema.h"

namespace waybill::postgres {
namespace {

constexpr Statement kColumns{
    "classic_columns",
    "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod)::text, t.typname::text FROM pg_attribute a "
    "JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 "
    "AND NOT a.attisdropped ORDER BY a.attnum"};
constexpr Statement kForm{
    "classic_form",
    "SELECT c.relkind::text, EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid "
    "AND a.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND i.indisunique AND i.indnkeyatts = 1 "
    "AND i.indpred IS NULL AND i.indisvalid AND i.indimmediate AND a.attname = 'msg_id' AND a.attnotnull), "
    "coalesce((SELECT r.relname::text FROM pg_constraint f JOIN pg_class r ON r.oid = f.conrelid "
    "WHERE f.confrelid = c.oid AND f.contype = 'f' LIMIT 1), ''), "
    "coalesce((SELECT t.tgname::text FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal LIMIT 1), ''), "
    // Views and rules know the table, not its name, and keep it from being removed.
    "coalesce((SELECT r.ev_class::regclass::text FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid "
    "WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid "
    "AND r.ev_class <> c.oid LIMIT 1), ''), "
    "coalesce((SELECT r.rulename::text FROM pg_rewrite r WHERE r.ev_class = c.oid LIMIT 1), ''), "
    "coalesce((SELECT h.inhrelid::regclass::text FROM pg_inherits h WHERE h.inhparent = c.oid LIMIT 1), ''), "
    "c.relnamespace::regnamespace::text, coalesce(quote_ident(current_schema()), '') "
    "FROM pg_class c WHERE c.oid = to_regclass($1::text)"};
constexpr Statement kNow{"classic_now",
                         "SELECT (clock_timestamp() AT TIME ZONE 'utc')::timestamp(3), "
                         "to_regclass('msg_log_adoption') IS NOT NULL"};
constexpr Statement kBegun{"adoption_begun", "SELECT time_zone, sent_is_done_ms, begun FROM msg_log_adoption"};
constexpr Statement kServing{
    "adoption_serving",
    "SELECT name, host, process FROM instance WHERE NOT stopped AND alive_until > clock_timestamp() AT TIME ZONE 'utc' "
    "LIMIT 1"};
constexpr Statement kLock{"lock_adoption", "SELECT pg_try_advisory_lock(6150173812543029303)"};
constexpr Statement kBegin{"begin_adoption",
                           "INSERT INTO msg_log_adoption (only_row, time_zone, sent_is_done_ms, begun) "
                           "VALUES (1, $1, $2, clock_timestamp() AT TIME ZONE 'utc') ON CONFLICT DO NOTHING"};
constexpr Statement kMoved{"adopted",
                           "SELECT count(*) FILTER (WHERE m.status = 3), count(*) FILTER (WHERE m.status <> 3) "
                           "FROM unnest($1::text[]) AS k (id) JOIN msg_log m ON m.msg_id = k.id"};
constexpr Statement kIsEmpty{"classic_is_empty", "SELECT NOT EXISTS (SELECT FROM msg_log_classic)"};

constexpr char kForgetMarker[] = "DROP TABLE IF EXISTS msg_log_adoption";
constexpr char kMarker[] =
    "CREATE TABLE IF NOT EXISTS msg_log_adoption (only_row integer NOT NULL PRIMARY KEY, time_zone text NOT NULL, "
    "sent_is_done_ms bigint, begun timestamp(3) NOT NULL, CONSTRAINT one_adoption CHECK (only_row = 1))";
// Names of indexes are the schema's, and the new table wants some of them.
constexpr char kRename[] =
    "DO $$ DECLARE i record; BEGIN FOR i IN SELECT x.indexrelid::regclass AS old, c.relname AS name FROM pg_index x "
    "JOIN pg_class c ON c.oid = x.indexrelid WHERE x.indrelid = 'msg_log'::regclass LOOP "
    "EXECUTE format('ALTER INDEX %s RENAME TO %I', i.old, left(i.name, 50) || '_of_classic'); END LOOP; END $$; "
    "ALTER TABLE msg_log RENAME TO msg_log_classic";
// Whoever may insert into the table, or into some of its columns, goes on inserting into the one that is in its place.
constexpr char kGrant[] =
    "DO $$ DECLARE g record; BEGIN FOR g IN SELECT DISTINCT a.grantee, a.privilege_type FROM pg_class c, "
    "aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a WHERE c.oid = 'msg_log_classic'::regclass "
    "AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') LOOP "
    "EXECUTE format('GRANT %s ON msg_log TO %s', g.privilege_type, "
    "CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END); END LOOP; "
    "FOR g IN SELECT DISTINCT a.grantee, a.privilege_type, c.attname FROM pg_attribute c, aclexplode(c.attacl) a "
    "WHERE c.attrelid = 'msg_log_classic'::regclass AND c.attnum > 0 AND NOT c.attisdropped "
    "AND a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE') LOOP "
    "EXECUTE format('GRANT %s (%I) ON msg_log TO %s', g.privilege_type, g.attname, "
    "CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END); END LOOP; END $$";

// A table is locked for a moment only; whoever waits for it must not hold up those who wait behind.
constexpr char kSession[] =
    "SET enable_hashjoin = on; SET lock_timeout = '1s'; SET statement_timeout = '3600s'; "
    "SET idle_in_transaction_session_timeout = '60s'; SET tcp_keepalives_idle = 5";

ClassicColumn::Kind kind_of(std::string_view type) {
  using Kind = ClassicColumn::Kind;
  const auto is = [&](auto... names) { return ((type == names) || ...); };
  if (is("varchar", "bpchar", "text", "json", "jsonb", "name")) return Kind::kText;
  if (is("int2", "int4", "int8")) return Kind::kInteger;
  if (is("timestamp")) return Kind::kTime;
  if (is("timestamptz")) return Kind::kInstant;
  return Kind::kOther;
}

class PostgresClassic final : public ClassicTable {
 public:
  PostgresClassic(const PostgresOptions& options, AdoptTerms terms) : options_(options), terms_(std::move(terms)) {
    options_.answer_timeout = std::chrono::hours(1);
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
  std::vector<ClassicColumn> columns_of(const char* table);
  std::string trouble_of(const char* table);
  Status done();
  Error denied(Failure failure);
  [[nodiscard]] std::optional<std::int64_t> done_millis() const {
    return terms_.sent_is_done ? std::optional(terms_.sent_is_done->count()) : std::nullopt;
  }

  PostgresOptions options_;
  const AdoptTerms terms_;
  std::optional<ClassicStatements> statements_;  // which the connection knows by address
  std::unique_ptr<Connection> db_;
  bool locked_ = false;
  bool needs_lock_ = false;
};

Status PostgresClassic::connect() {
  db_.reset();
  auto opened = Connection::open(options_);
  if (!opened.ok()) return opened.error();
  db_ = std::move(*opened);
  db_->script(kSession);
  if (auto failure = db_->take_failure()) return failure->error;
  return ok_status();
}

// The lock goes with its session, and whoever has had it does nothing without.
Status PostgresClassic::ready() {
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

Status PostgresClassic::done() {
  auto failure = db_->take_failure();
  if (!failure) return ok_status();
  db_->rollback();
  if (failure->error.code == "42501") return denied(*std::move(failure));
  return failure->error;
}

// Rights do not come by waiting.
Error PostgresClassic::denied(Failure failure) {
  const bool is_for_schema = failure.error.message.find("for schema") != std::string::npos;
  if (is_for_schema) return explain(*db_, std::move(failure));
  return make_error(ErrorClass::kPermanent,
                    failure.error.message + "; an adoption is run by the owner of the table, or by an administrator",
                    failure.error.code);
}

std::vector<ClassicColumn> PostgresClassic::columns_of(const char* table) {
  const Rows found = db_->ask(kColumns, Params().add(std::string_view(table)));
  std::vector<ClassicColumn> columns;
  columns.reserve(static_cast<std::size_t>(found.size()));
  for (int i = 0; i < found.size(); ++i) {
    columns.push_back({found.string(i, 0), found.string(i, 1), kind_of(found.text(i, 2))});
  }
  return columns;
}

std::string PostgresClassic::trouble_of(const char* table) {
  const Rows form = db_->ask(kForm, Params().add(std::string_view(table)));
  if (form.size() == 0) return {};
  if (form.text(0, 0) != "r") return "is no plain table, but a view, a partitioned or a foreign one";
  if (!form.boolean(0, 1)) {
    return "has no primary key on msg_id; add one: ALTER TABLE " + std::string(table) + " ADD PRIMARY KEY (msg_id)";
  }
  if (!form.text(0, 2).empty())
    return "is referred to by a foreign key of the table " + form.string(0, 2) + "; drop it";
  if (!form.text(0, 3).empty())
    return "has the trigger " + form.string(0, 3) + ", which would act on each row; drop it";
  if (!form.text(0, 4).empty())
    return "is read by the view " + form.string(0, 4) + "; drop it, and make it again later";
  if (!form.text(0, 5).empty()) return "has the rule " + form.string(0, 5) + "; drop it";
  if (!form.text(0, 6).empty()) return "is inherited by the table " + form.string(0, 6) + "; let that stand alone";
  if (form.text(0, 7) != form.text(0, 8)) {
    return "is in the schema " + form.string(0, 7) +
           ", which is not the first in search_path; make it that: ALTER ROLE " +
           "… SET search_path = " + form.string(0, 7);
  }
  return {};
}

Result<ClassicLook> PostgresClassic::look() {
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
  if (!statements_ && columns.size() == 9 && std::ranges::none_of(columns, is_other)) {
    statements_.emplace(columns, terms_.zone);
  }
  return look;
}

Result<std::vector<ClassicCount>> PostgresClassic::count(bool renamed, WallTime old) {
  if (Status up = ready(); !up.ok()) return up.error();
  const Statement statement{renamed ? "count_classic" : "count_log",
                            (renamed ? statements_->count_classic : statements_->count_log).c_str()};
  const Rows found = db_->ask(statement, Params().add(old));
  if (Status all = done(); !all.ok()) return all.error();
  std::vector<ClassicCount> counts;
  for (int i = 0; i < found.size(); ++i) {
    const auto status = found.is_null(i, 0) ? std::nullopt : std::optional(found.integer(i, 0));
    counts.push_back({status, found.integer(i, 1), found.integer(i, 2)});
  }
  return counts;
}

Result<bool> PostgresClassic::lock() {
  if (!db_ || !db_->alive()) {
    if (Status connected = connect(); !connected.ok()) return connected.error();
  }
  const Rows got = db_->ask(kLock);
  if (Status all = done(); !all.ok()) return all.error();
  locked_ = got.boolean(0, 0);
  needs_lock_ = needs_lock_ || locked_;
  return locked_;
}

Result<std::string> PostgresClassic::serving() {
  if (Status up = ready(); !up.ok()) return up.error();
  const Rows who = db_->ask(kServing);
  if (Status all = done(); !all.ok()) return all.error();
  if (who.size() == 0) return std::string();
  const std::string host = who.string(0, 1);
  return "the instance " + who.string(0, 0) + ", process " + std::to_string(who.small(0, 2)) + " on " +
         host.substr(0, host.find(' '));
}

Status PostgresClassic::exchange() {
  if (Status up = ready(); !up.ok()) return up;
  db_->script("BEGIN; LOCK TABLE msg_log IN ACCESS EXCLUSIVE MODE");
  db_->script(kRename);
  if (Status renamed = done(); !renamed.ok()) return renamed;
  if (Status made = make_schema(*db_); !made.ok()) {
    db_->rollback();
    return made;
  }
  db_->script(kGrant);
  db_->script(kMarker);
  db_->ask(kBegin, Params().add(terms_.zone.name()).add(done_millis()));
  db_->script("COMMIT");
  return done();
}

Status PostgresClassic::begin() {
  if (Status up = ready(); !up.ok()) return up;
  db_->script("BEGIN");
  db_->script(kMarker);
  db_->ask(kBegin, Params().add(terms_.zone.name()).add(done_millis()));
  db_->script("COMMIT");
  return done();
}

Status PostgresClassic::forget() {
  if (Status up = ready(); !up.ok()) return up;
  db_->script(kForgetMarker);
  return done();
}

Result<std::vector<ClassicRow>> PostgresClassic::next(const std::optional<std::string>& after, int limit) {
  if (Status up = ready(); !up.ok()) return up.error();
  Params params;
  params.add(std::int64_t{limit});
  if (after) params.add(*after);
  const Statement statement{after ? "next_classic" : "first_classic",
                            (after ? statements_->next : statements_->first).c_str()};
  const Rows found = db_->ask(statement, params);
  if (Status all = done(); !all.ok()) return all.error();
  std::vector<ClassicRow> rows;
  for (int i = 0; i < found.size(); ++i) {
    ClassicRow row;
    row.key = row.id = found.string(i, 0);
    if (!found.is_null(i, 1)) row.status = found.integer(i, 1);
    row.has_route = !found.is_null(i, 2) && !found.is_null(i, 3);
    if (row.has_route) row.route = {found.string(i, 2), found.string(i, 3)};
    row.bytes = found.integer(i, 4);
    row.is_taken = found.boolean(i, 5);
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<ClassicMoved> PostgresClassic::move(const std::vector<std::string>& keys, std::optional<WallTime> done_before) {
  if (Status up = ready(); !up.ok()) return up.error();
  Array ids(Type::kText);
  for (const std::string& key : keys) ids.add(key);
  const Rows moved = db_->ask(Statement{"move_classic", statements_->move.c_str()}, Params().add(ids).add(done_before));
  if (Status all = done(); !all.ok()) return all.error();
  return ClassicMoved{moved.integer(0, 0), moved.integer(0, 1)};
}

Result<ClassicMoved> PostgresClassic::moved(const std::vector<std::string>& keys) {
  if (Status up = ready(); !up.ok()) return up.error();
  Array ids(Type::kText);
  for (const std::string& key : keys) ids.add(key);
  const Rows found = db_->ask(kMoved, Params().add(ids));
  if (Status all = done(); !all.ok()) return all.error();
  return ClassicMoved{found.integer(0, 0), found.integer(0, 1)};
}

// The marker first: once it is gone, an empty table is all that can be left, and whoever reads that keeps nobody from
// serving.
Result<bool> PostgresClassic::end() {
  if (Status up = ready(); !up.ok()) return up.error();
  db_->script(kForgetMarker);
  if (columns_of(kClassicTable).empty()) {
    if (Status all = done(); !all.ok()) return all.error();
    return true;
  }
  db_->script("BEGIN; LOCK TABLE msg_log_classic IN ACCESS EXCLUSIVE MODE");
  const Rows empty = db_->ask(kIsEmpty);
  const bool is_empty = !db_->failed() && empty.boolean(0, 0);
  if (is_empty) db_->script("DROP TABLE msg_log_classic");
  db_->script("COMMIT");
  if (Status all = done(); !all.ok()) return all.error();
  return is_empty;
}

}  // namespace

Result<std::unique_ptr<ClassicTable>> open_classic(const PostgresOptions& options, const AdoptTerms& terms) {
  auto table = std::make_unique<PostgresClassic>(options, terms);
  if (Status connected = table->connect(); !connected.ok()) return connected.error();
  return std::unique_ptr<ClassicTable>(std::move(table));
}

}  // namespace waybill::postgres
