#include "log/mariadb/recipients.h"

#include "log/rows/columns.h"

namespace waybill::mariadb {
namespace {

constexpr char kWrite[] =
    "INSERT INTO mail_recipient (msg_id, address, status, code, enhanced, reply, relay, time) VALUES ? "
    "ON DUPLICATE KEY UPDATE status = VALUES(status), code = VALUES(code), enhanced = VALUES(enhanced), "
    "reply = VALUES(reply), relay = VALUES(relay), time = VALUES(time)";
constexpr char kRead[] = "SELECT " WAYBILL_RECIPIENT_COLUMNS
                         " FROM mail_recipient r FORCE INDEX (PRIMARY) WHERE r.msg_id IN (?) "
                         "ORDER BY r.msg_id, r.address";

}  // namespace

void RecipientLines::add(const MessageId& id, const rows::Recipients& recipients) {
  for (const auto& [address, line] : recipients.lines()) {
    if (!line.changed) continue;
    const auto& [record, at] = line.recorded;
    lines_.add(id, address, static_cast<int>(record.outcome.fate), record.outcome.code, record.outcome.enhanced,
               record.outcome.text, record.relay, at);
  }
}

void RecipientLines::add(const Finish& write, WallTime now) {
  rows::Recipients recipients;
  recipients.record(write.recipients, now);
  add(write.fence.id, recipients);
}

void RecipientLines::tell(Connection& db) const {
  if (!lines_.empty()) db.tell(sql(kWrite, lines_));
}

std::string recipients_of(const List& ids) { return sql(kRead, ids); }

}  // namespace waybill::mariadb
