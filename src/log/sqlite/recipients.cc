#include "log/sqlite/recipients.h"

#include <utility>

namespace waybill::sqlite {
namespace {

constexpr char kFindAttempt[] = "SELECT replay_attempt FROM msg_log WHERE msg_id = ?1 AND attempt >= ?2 AND ?2 >= 1";

// The rule of `replaces`.
constexpr char kRecord[] =
    "INSERT INTO mail_recipient AS r (msg_id, address, status, code, enhanced, reply, relay, time) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (msg_id, address) DO UPDATE "
    "SET status = ?3, code = ?4, enhanced = ?5, reply = ?6, relay = ?7, time = ?8 "
    "WHERE r.status <> 0 AND (r.status <> 2 OR ?3 = 0) "
    "AND (r.status, r.code, r.enhanced, r.reply, r.relay) IS NOT (?3, ?4, ?5, ?6, ?7)";

constexpr char kOpenRefused[] = "UPDATE mail_recipient SET status = 1, time = ?2 WHERE msg_id = ?1 AND status = 2";

constexpr char kRead[] =
    "SELECT address, status, code, enhanced, reply, relay, time FROM mail_recipient WHERE msg_id = ?1 ORDER BY address";

}  // namespace

void record_recipients(Transaction& tx, const Finish& write) {
  if (write.recipients.empty()) return;
  std::int32_t replay_attempt = 0;
  {
    auto row = tx.db.query(kFindAttempt, write.fence.id, write.fence.attempt);
    if (!row.next()) return;  // the row is gone; one that took its id never had this attempt
    replay_attempt = row.small(0);
  }
  for (const RecipientRecord& told : write.recipients) {
    const auto [address, outcome, relay] = fit_to_keep(told);
    // What an attempt from before the last replay was refused has been opened since.
    if (write.fence.attempt <= replay_attempt && outcome.fate != RecipientFate::kDelivered) continue;
    tx.db.run(kRecord, write.fence.id, address, static_cast<int>(outcome.fate), outcome.code, outcome.enhanced,
              outcome.text, relay, tx.now);
  }
}

void open_refused(Transaction& tx, const MessageId& id) { tx.db.run(kOpenRefused, id, tx.now); }

std::vector<RecordedRecipient> read_recipients(Connection& db, const MessageId& id) {
  std::vector<RecordedRecipient> recipients;
  auto row = db.query(kRead, id);
  while (row.next()) {
    RecipientOutcome outcome{static_cast<RecipientFate>(row.integer(1)), row.small(2), row.string(3), row.string(4)};
    recipients.push_back({{row.string(0), std::move(outcome), row.string(5)}, row.time(6)});
  }
  return recipients;
}

std::vector<RecipientRecord> recipients_of(Transaction& tx, const MessageId& id) {
  std::vector<RecipientRecord> records;
  for (auto& [record, _] : read_recipients(tx.db, id)) records.push_back(std::move(record));
  return records;
}

}  // namespace waybill::sqlite
