#include "log/mariadb/inspect.h"

#include "log/mariadb/schema.h"

namespace waybill {
namespace {

using mariadb::Connection;
using mariadb::Rows;

constexpr char kServer[] = "SELECT VERSION(), UTC_TIMESTAMP(3), @@read_only, @@max_connections";
constexpr char kStatus[] = "SHOW STATUS WHERE Variable_name IN ('Ssl_cipher', 'Threads_connected')";
// A statement that changes nothing asks for the right all the same.
constexpr char kRights[] =
    "SELECT 1 FROM msg_log WHERE 1 = 0; UPDATE msg_log SET status = status WHERE 1 = 0; "
    "DELETE FROM msg_log WHERE 1 = 0; INSERT INTO msg_log (msg_id) SELECT '' FROM msg_log WHERE 1 = 0; "
    "DELETE FROM msg_event WHERE 1 = 0; DELETE FROM idempotency_key WHERE 1 = 0; DELETE FROM node_lease WHERE 1 = 0; "
    "DELETE FROM queue_fact WHERE 1 = 0; UPDATE instance SET stopped = stopped WHERE 1 = 0; "
    "UPDATE kept_count SET amount = amount WHERE 1 = 0; DELETE FROM count_change WHERE 1 = 0; "
    "UPDATE own_commit SET number = number WHERE 1 = 0; DELETE FROM mail_recipient WHERE 1 = 0";

void tell_durability(SharedLogFacts& facts, const Result<std::string>& durable) {
  using Durability = SharedLogFacts::Durability;
  if (!durable.ok()) {
    facts.durability = Durability::kUnsafe;
    facts.durability_is = durable.error().message;
    facts.durability_advice = "change that in the server's configuration";
  } else if (!durable->empty()) {
    facts.durability = Durability::kDoubtful;
    facts.durability_is = *durable;
    facts.durability_advice = "set innodb_doublewrite = ON, unless the file system writes pages whole";
  } else {
    facts.durability_is = "every commit reaches the server's disk: innodb_flush_log_at_trx_commit=1";
  }
}

}  // namespace

Result<SharedLogFacts> inspect_mariadb(const MariadbOptions& options) {
  auto opened = Connection::open(options);
  if (!opened.ok()) return opened.error();
  Connection& db = **opened;
  const auto schema = mariadb::read_schema(db);
  if (!schema.ok()) return schema.error();
  SharedLogFacts facts;
  for (const Migration& known : mariadb::migrations()) {
    const bool applied = known.number <= static_cast<int>(schema->applied.size());
    facts.migrations.push_back({known.number, std::string(known.name), applied});
  }
  facts.has_log = !schema->applied.empty();
  const auto durable = mariadb::check_durability(db);
  if (!durable.ok() && durable.error().what == ErrorClass::kRetry) return durable.error();
  tell_durability(facts, durable);
  db.send(kServer);
  db.send(kStatus);
  const auto results = db.receive();
  const WallTime here = SystemWallClock().now();
  if (auto failure = db.take_failure()) return failure->error;
  facts.server = (db.is_mariadb() ? "" : "MySQL ") + results[0].string(0, 0);
  facts.clock_ahead = results[0].time(0, 1) - here;
  facts.read_only = results[0].boolean(0, 2);
  facts.connections_left = results[0].small(0, 3);
  for (int i = 0; i < results[1].size(); ++i) {
    if (results[1].text(i, 0) == "Ssl_cipher") facts.tls = !results[1].text(i, 1).empty();
    if (results[1].text(i, 0) == "Threads_connected") facts.connections_left -= results[1].small(i, 1);
  }
  if (facts.has_log && schema->missing.empty()) {
    db.script(kRights);
    facts.may_write = !db.take_failure();
  }
  facts.tls_advice = "tls=verify in the URL asks for it";
  facts.connections_advice = "raise max_connections in the server's configuration, or close some";
  facts.write_advice = "GRANT SELECT, INSERT, UPDATE, DELETE ON `" + db.database() + "`.* TO user";
  return facts;
}

Status migrate_mariadb(const MariadbOptions& options) { return mariadb::migrate(options, mariadb::Migrate::kAlways); }

}  // namespace waybill
