#include "log/postgres/inspect.h"

#include <algorithm>

#include "log/postgres/schema.h"

namespace waybill {
namespace {

using postgres::Connection;
using postgres::Rows;
using postgres::Statement;

constexpr Statement kServer{
    "server_facts",
    "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('full_page_writes'), "
    "current_setting('synchronous_commit'), pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', "
    "coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false), "
    "date_trunc('milliseconds', clock_timestamp() AT TIME ZONE 'utc'), "
    "current_setting('max_connections')::integer - (SELECT count(*)::integer FROM pg_stat_activity "
    "WHERE backend_type = 'client backend')"};
constexpr Statement kRights{
    "rights",
    "SELECT bool_and(has_table_privilege(t, 'SELECT') AND has_table_privilege(t, 'INSERT') "
    "AND has_table_privilege(t, 'UPDATE') AND has_table_privilege(t, 'DELETE')) "
    "FROM unnest(ARRAY['msg_log', 'msg_event', 'idempotency_key', 'node_lease', 'queue_fact', 'instance', "
    "'finished_count', 'finished_change']) AS t"};

}  // namespace

Result<PostgresFacts> inspect_postgres(const PostgresOptions& options) {
  auto opened = Connection::open(options);
  if (!opened.ok()) return opened.error();
  Connection& db = **opened;
  const auto schema = postgres::read_schema(db);
  if (!schema.ok()) return schema.error();
  PostgresFacts facts;
  for (const Migration& known : postgres::migrations()) {
    const bool applied = known.number <= static_cast<int>(schema->applied.size());
    facts.migrations.push_back({known.number, std::string(known.name), applied});
  }
  facts.has_log = !schema->applied.empty();
  const Rows server = db.ask(kServer);
  const WallTime here = SystemWallClock().now();
  if (auto failure = db.take_failure()) return failure->error;
  facts.server = server.string(0, 0);
  facts.fsync = server.string(0, 1);
  facts.full_page_writes = server.string(0, 2);
  facts.synchronous_commit = server.string(0, 3);
  facts.read_only = server.boolean(0, 4);
  facts.tls = server.boolean(0, 5);
  facts.clock_ahead = server.time(0, 6) - here;
  facts.connections_left = server.small(0, 7);
  if (facts.has_log && schema->missing.empty()) {
    const Rows rights = db.ask(kRights);
    if (auto failure = db.take_failure()) return failure->error;
    facts.may_write = rights.boolean(0, 0);
  }
  return facts;
}

Status migrate_postgres(const PostgresOptions& options) {
  PostgresOptions patient = options;
  patient.answer_timeout = std::max<Duration>(options.answer_timeout, std::chrono::minutes(10));
  auto opened = Connection::open(patient);
  if (!opened.ok()) return opened.error();
  return postgres::migrate(**opened, postgres::Migrate::kAlways);
}

}  // namespace waybill
