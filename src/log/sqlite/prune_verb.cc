#include <string>
#include <vector>

#include "log/sqlite/verbs.h"

namespace waybill::sqlite {
namespace {

constexpr Duration kKeyAge = std::chrono::hours(24);

const std::string kOld =
    "FROM msg_log m INDEXED BY msg_log_finished "
    "WHERE (status IN (3, 7) OR (status = 1 AND owner IS NULL AND queue = '')) AND update_time < ?1 "
    "ORDER BY update_time LIMIT ?2";
// Most rows have no history, no recipients and no large body, and many no key: looks into indexes here save statements
// for each row.
const std::string kFindOld =
    "SELECT msg_id, status, EXISTS (SELECT 1 FROM msg_event e WHERE e.msg_id = m.msg_id), "
    "EXISTS (SELECT 1 FROM idempotency_key k WHERE k.msg_id = m.msg_id), "
    "EXISTS (SELECT 1 FROM mail_recipient r WHERE r.msg_id = m.msg_id), "
    "EXISTS (SELECT 1 FROM msg_body b WHERE b.msg_id = m.msg_id) " +
    kOld;
// The same rows, in one statement, which costs half of one a row.
const std::string kDeleteOld = "DELETE FROM msg_log WHERE rowid IN (SELECT rowid " + kOld + ")";

struct OldRow {
  std::string id;
  State status = State::kConsumed;
  bool has_events = false;
  bool has_keys = false;
  bool has_recipients = false;
  bool has_body_apart = false;
};

// A key outlives its row until it is a day old, and then answers for it.
void prune_keys(Transaction& tx, const OldRow& row) {
  const WallTime old = tx.now - kKeyAge;
  tx.db.run("DELETE FROM idempotency_key WHERE msg_id = ?1 AND create_time < ?2", row.id, old);
  tx.db.run("UPDATE idempotency_key SET row_gone = 1, row_status = ?2 WHERE msg_id = ?1", row.id,
            static_cast<int>(row.status));
}

void prune_orphaned_keys(Transaction& tx, int limit) {
  tx.db.run(
      "DELETE FROM idempotency_key WHERE (endpoint, key) IN (SELECT endpoint, key FROM idempotency_key "
      "INDEXED BY idempotency_key_orphaned WHERE row_gone = 1 AND create_time < ?1 LIMIT ?2)",
      tx.now - kKeyAge, limit);
}

}  // namespace

CountAnswer apply(Transaction& tx, const Prune& write) {
  const WallTime before = tx.now - write.age;
  std::vector<OldRow> old;
  {
    auto row = tx.db.query(kFindOld.c_str(), before, write.limit);
    while (row.next()) {
      old.push_back({row.string(0), static_cast<State>(row.integer(1)), row.integer(2) != 0, row.integer(3) != 0,
                     row.integer(4) != 0, row.integer(5) != 0});
    }
  }
  for (const OldRow& row : old) {
    if (row.has_events) tx.db.run("DELETE FROM msg_event WHERE msg_id = ?1", row.id);
    if (row.has_recipients) tx.db.run("DELETE FROM mail_recipient WHERE msg_id = ?1", row.id);
    if (row.has_keys) prune_keys(tx, row);
    if (row.has_body_apart) tx.db.run("DELETE FROM msg_body WHERE msg_id = ?1", row.id);
    tx.finished.leave(row.status);
  }
  const CountAnswer answer{tx.db.run(kDeleteOld.c_str(), before, write.limit)};
  if (answer.rows != std::ssize(old)) tx.db.fail_statement("other rows were deleted than those that were found");
  prune_orphaned_keys(tx, write.limit);
  return answer;
}

}  // namespace waybill::sqlite
