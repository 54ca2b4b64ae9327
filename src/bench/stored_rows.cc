#include "bench/stored_rows.h"

#include <algorithm>
#include <filesystem>

#include "app/store.h"
#include "bench/scratch.h"
#include "core/snowflake.h"
#include "log/sqlite/connection.h"
#include "log/sqlite/lock_file.h"
#include "log/sqlite/schema.h"
#include "log/sqlite/sqlite_log.h"

namespace waybill::bench {
namespace {

using sqlite::Connection;
using sqlite::LongText;

constexpr std::int64_t kRowsPerCommit = 50'000;
constexpr std::int64_t kSpanMillis = 2LL * 24 * 3'600 * 1'000;
// What a row takes beside its body: its other columns and its places in the indexes.
constexpr std::uint64_t kRowBytes = 600;
// Ids of a node that no instance of a benchmark leases.
constexpr std::int64_t kNodeBits = std::int64_t{kNodeIdMax} << 12;

constexpr char kCount[] = "SELECT count(*) FROM msg_log WHERE status = 3";

// Row i of ?3, spread over the time ?5 before ?4, the oldest first; its id is the Snowflake of its time. Ids that exist
// are left out, so that a log can be filled further.
constexpr char kFill[] =
    "WITH RECURSIVE row(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM row WHERE i < ?2), "
    "timed(i, at) AS (SELECT i, ?4 - ?5 + i * ?5 / ?3 FROM row) "
    "INSERT INTO msg_log (msg_id, exchange, routing_key, status, next_try_time, create_time, update_time, queue, "
    "attempt, claim_token, outcome, append_token, effect_begun, publish_count, publish_boot, publish_time, "
    "confirm_time, claim_time, consume_time, digest, content_type, msg) "
    "SELECT CAST(((at - ?6) << 22) | ?7 | (i & 4095) AS TEXT), ?8, ?9, 3, NULL, at, at + 5, ?10, 1, 4711 + i, 0, "
    "4712 + i, 1, 1, 4713, at + 1, at + 2, at + 3, at + 5, zeroblob(32), 'text/plain', ?11 FROM timed WHERE true "
    "ON CONFLICT (msg_id) DO NOTHING";

std::int64_t count_consumed(Connection& db) {
  auto row = db.query(kCount);
  return row.next() ? row.integer(0) : 0;
}

Status outcome_of(Connection& db) {
  auto failure = db.take_failure();
  db.rollback();
  return failure ? Status(failure->error) : ok_status();
}

Status check_room(const app::Config& config, const StoredRows& rows) {
  const auto folder = std::filesystem::absolute(config.message_log.sqlite_file).parent_path().string();
  const std::uint64_t wanted = static_cast<std::uint64_t>(rows.count) * (rows.size + kRowBytes);
  const std::uint64_t there = free_bytes(folder);
  if (wanted < there) return ok_status();
  constexpr std::uint64_t kMiB = 1U << 20U;
  return make_error(ErrorClass::kRetry, std::to_string(rows.count) + " stored rows need about " +
                                            std::to_string(wanted / kMiB) + " MiB, but " + folder + " has only " +
                                            std::to_string(there / kMiB) + " MiB free; ask for fewer with --stored");
}

// The schema is made by the log itself.
Status make_log(const std::string& path) {
  const SystemWallClock clock;
  const auto log = SqliteLog::open({path, clock});
  return log.ok() ? ok_status() : Status(log.error());
}

Status fill(Connection& db, const app::Config& config, const StoredRows& rows, RunWatch& watch) {
  const std::string body(rows.size, '.');
  const std::int64_t now = to_millis(SystemWallClock().now());
  std::int64_t there = count_consumed(db);
  for (std::int64_t next = 0; there < rows.count && !db.failed();) {
    if (watch.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    const std::int64_t last = next + std::min(kRowsPerCommit, rows.count - there) - 1;
    db.script("BEGIN IMMEDIATE");
    there += db.run(kFill, next, last, rows.count, now, kSpanMillis, to_millis(kSnowflakeEpoch), kNodeBits,
                    config.mail.route.exchange, config.mail.route.routing_key, config.mail.queue, LongText{body});
    db.script("COMMIT");
    // Nobody else has the log open, so this is the one that may checkpoint.
    static_cast<void>(db.checkpoint(Connection::Checkpoint::kPassive));
    next = last + 1;
    watch.tell("storing finished rows", there, rows.count);
  }
  return outcome_of(db);
}

}  // namespace

Status fill_with_stored_rows(const app::Config& config, const StoredRows& rows, RunWatch& watch) {
  if (config.message_log.shared()) {
    return make_error(ErrorClass::kPermanent, "--stored fills a log in a file; leave --log out");
  }
  const std::string& path = config.message_log.sqlite_file;
  const auto lock = LockFile::acquire(path, "bench");
  if (!lock.ok()) return lock.error();
  if (Status made = make_log(path); !made.ok()) return made;
  auto db = Connection::open({.path = path, .cache_bytes = 64U << 20U});
  if (!db.ok()) return db.error();
  if (Status durable = sqlite::make_durable(**db, path); !durable.ok()) return durable;
  // Less than the whole, if a part is there.
  StoredRows missing = rows;
  missing.count = std::max<std::int64_t>(0, rows.count - count_consumed(**db));
  if (missing.count == 0) return outcome_of(**db);
  if (Status room = check_room(config, missing); !room.ok()) return room;
  if (Status filled = fill(**db, config, rows, watch); !filled.ok()) return filled;
  static_cast<void>((*db)->checkpoint(Connection::Checkpoint::kTruncate));
  return outcome_of(**db);
}

}  // namespace waybill::bench
