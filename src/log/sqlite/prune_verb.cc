#include <utility>
#include <vector>

#include "log/sqlite/verbs.h"

namespace waybill::sqlite {
namespace {

constexpr Duration kKeyAge = std::chrono::hours(24);

constexpr char kFindOld[] =
    "SELECT rowid, msg_id FROM msg_log INDEXED BY msg_log_finished "
    "WHERE (status IN (3, 7) OR (status = 1 AND owner IS NULL AND queue = '')) AND update_time < ?1 "
    "ORDER BY update_time LIMIT ?2";

// A key outlives its row until it is a day old.
void prune_keys(Transaction& tx, std::string_view id) {
  const WallTime old = tx.now - kKeyAge;
  tx.db.run("DELETE FROM idempotency_key WHERE msg_id = ?1 AND create_time < ?2", id, old);
  tx.db.run("UPDATE idempotency_key SET row_gone = 1 WHERE msg_id = ?1", id);
}

void prune_orphaned_keys(Transaction& tx, int limit) {
  tx.db.run(
      "DELETE FROM idempotency_key WHERE (endpoint, key) IN (SELECT endpoint, key FROM idempotency_key "
      "INDEXED BY idempotency_key_orphaned WHERE row_gone = 1 AND create_time < ?1 LIMIT ?2)",
      tx.now - kKeyAge, limit);
}

}  // namespace

CountAnswer apply(Transaction& tx, const Prune& write) {
  std::vector<std::pair<std::int64_t, std::string>> old;
  {
    auto found = tx.db.query(kFindOld, tx.now - write.age, write.limit);
    while (found.next()) old.emplace_back(found.integer(0), found.string(1));
  }
  CountAnswer answer;
  for (const auto& [rowid, id] : old) {
    tx.db.run("DELETE FROM msg_event WHERE msg_id = ?1", id);
    prune_keys(tx, id);
    answer.rows += tx.db.run("DELETE FROM msg_log WHERE rowid = ?1", rowid);
  }
  prune_orphaned_keys(tx, write.limit);
  return answer;
}

}  // namespace waybill::sqlite
