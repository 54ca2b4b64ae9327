#include "bench/bare_statements.h"

#include "base/sha256.h"
#include "core/names.h"
#include "log/sqlite/schema.h"
#include "log/sqlite/sqlite_log.h"

namespace waybill::bench {
namespace {

using sqlite::Connection;
using sqlite::LongText;

constexpr std::int64_t kPage = 4'096;
constexpr std::int64_t kFirstId = 300'000'000'000'000'000;  // ids as long as real ones
constexpr const char* kOwner = "bench#0123456789abcdef";

// As the log does (log/sqlite/sqlite_options.h).
constexpr int kCheckpointPages = 4'000;
constexpr std::size_t kCacheBytes = 32U << 20U;

constexpr char kInsert[] =
    "INSERT INTO msg_log (msg_id, exchange, routing_key, status, next_try_time, create_time, update_time, queue, "
    "append_token, publish_count, publish_boot, digest, content_type, msg) "
    "VALUES (?1, ?2, ?3, 0, ?4, ?5, ?5, ?6, ?7, 1, 4711, ?8, 'text/plain', ?9)";
constexpr char kClaim[] =
    "UPDATE msg_log SET owner = ?3, claim_token = ?4, attempt = attempt + 1, effect_begun = 1, next_try_time = ?5, "
    "claim_time = ?2, update_time = ?2, publish_time = ?2, confirm_time = ?2 "
    "WHERE msg_id = ?1 AND owner IS NULL AND status <= 2";
constexpr char kFinish[] =
    "UPDATE msg_log SET status = 3, owner = NULL, next_try_time = NULL, outcome = 0, consume_time = ?3, "
    "update_time = ?3 WHERE msg_id = ?1 AND owner = ?2 AND attempt = 1";

std::string id_of(std::int64_t index) { return std::to_string(kFirstId + index * kPage); }

}  // namespace

Result<BareStatements> BareStatements::open(const std::string& path, const app::Config& config, std::string body) {
  const SystemWallClock clock;
  if (auto made = SqliteLog::open({path, clock}); !made.ok()) return made.error();
  auto db = Connection::open({.path = path,
                              .triggers = false,
                              .cache_bytes = kCacheBytes,
                              .gathers_wal = true,
                              .wal_bytes_kept = 2 * kPage * kCheckpointPages});
  if (!db.ok()) return db.error();
  if (Status durable = sqlite::make_durable(**db, path); !durable.ok()) return durable.error();
  return BareStatements(std::move(*db), config, std::move(body));
}

template <class Statement>
bool BareStatements::commit(std::int64_t first, std::int64_t count, Statement statement) {
  if (db_->wal_pages() >= kCheckpointPages) static_cast<void>(db_->checkpoint(Connection::Checkpoint::kPassive));
  db_->run("BEGIN IMMEDIATE");
  const WallTime now = SystemWallClock().now();
  for (std::int64_t i = first; i < first + count; ++i) statement(id_of(i), i, now);
  db_->run("COMMIT");
  return !db_->failed();
}

bool BareStatements::insert(std::int64_t first, std::int64_t count) {
  const Sha256 digest{};
  return commit(first, count, [&](const std::string& id, std::int64_t index, WallTime now) {
    db_->run(kInsert, id, config_.mail.route.exchange, config_.mail.route.routing_key, now + config_.publish.grace, now,
             config_.mail.queue, index, digest, LongText{body_});
  });
}

bool BareStatements::claim(std::int64_t first, std::int64_t count) {
  return commit(first, count, [&](const std::string& id, std::int64_t index, WallTime now) {
    db_->run(kClaim, id, now, kOwner, index, now + config_.worker.lease);
  });
}

bool BareStatements::finish(std::int64_t first, std::int64_t count) {
  return commit(first, count,
                [&](const std::string& id, std::int64_t, WallTime now) { db_->run(kFinish, id, kOwner, now); });
}

Result<std::int64_t> BareStatements::consumed() {
  std::int64_t rows = 0;
  {
    auto count = db_->query("SELECT count(*) FROM msg_log WHERE status = 3");
    if (count.next()) rows = count.integer(0);
  }
  if (auto failure = db_->take_failure()) return failure->error;
  return rows;
}

}  // namespace waybill::bench
