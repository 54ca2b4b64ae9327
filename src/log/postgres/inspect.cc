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
    "'finished_count', 'finished_change', 'mail_recipient']) AS t"};

void tell_durability(SharedLogFacts& facts, const std::string& fsync, const std::string& full_page_writes,
                     const std::string& synchronous_commit) {
  using Durability = SharedLogFacts::Durability;
  if (fsync != "on") {
    facts.durability = Durability::kUnsafe;
    facts.durability_is = "the server runs with fsync=" + fsync + ": a crash takes back what was accepted";
    facts.durability_advice = "set fsync = on in postgresql.conf";
  } else if (synchronous_commit != "on" && synchronous_commit != "remote_apply") {
    facts.durability = Durability::kUnsafe;
    facts.durability_is = "commits do not wait for the disk: synchronous_commit=" + synchronous_commit;
    facts.durability_advice = "let this role set synchronous_commit = on";
  } else if (full_page_writes != "on") {
    facts.durability = Durability::kDoubtful;
    facts.durability_is = "the server runs with full_page_writes=off: a power cut may tear pages";
    facts.durability_advice = "set full_page_writes = on, unless the file system writes pages whole";
  } else {
    facts.durability_is = "every commit reaches the server's disk: fsync, synchronous_commit=" + synchronous_commit;
  }
}

}  // namespace

Result<SharedLogFacts> inspect_postgres(const PostgresOptions& options) {
  auto opened = Connection::open(options);
  if (!opened.ok()) return opened.error();
  Connection& db = **opened;
  const auto schema = postgres::read_schema(db);
  if (!schema.ok()) return schema.error();
  SharedLogFacts facts;
  for (const Migration& known : postgres::migrations()) {
    const bool applied = known.number <= static_cast<int>(schema->applied.size());
    facts.migrations.push_back({known.number, std::string(known.name), applied});
  }
  facts.has_log = !schema->applied.empty();
  const Rows server = db.ask(kServer);
  const WallTime here = SystemWallClock().now();
  if (auto failure = db.take_failure()) return failure->error;
  facts.server = "PostgreSQL " + server.string(0, 0);
  tell_durability(facts, server.string(0, 1), server.string(0, 2), server.string(0, 3));
  facts.read_only = server.boolean(0, 4);
  facts.tls = server.boolean(0, 5);
  facts.clock_ahead = server.time(0, 6) - here;
  facts.connections_left = server.small(0, 7);
  facts.tls_advice = "sslmode=verify-full asks for it";
  facts.connections_advice = "raise max_connections in postgresql.conf, or close some";
  facts.write_advice = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO role";
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
