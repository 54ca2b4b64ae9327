#include "log/postgres/recipients.h"

#include "log/rows/columns.h"

namespace waybill::postgres {
namespace {

#define WAYBILL_RECIPIENTS_GIVEN                                                                       \
  "unnest($1::text[], $2::text[], $3::smallint[], $4::integer[], $5::text[], $6::text[], $7::text[], " \
  "$8::timestamp[]"
#define WAYBILL_INSERT_RECIPIENTS \
  "INSERT INTO mail_recipient (msg_id, address, status, code, enhanced, reply, relay, time) "

constexpr Statement kWrite{
    "write_recipients", WAYBILL_INSERT_RECIPIENTS
    "SELECT * FROM " WAYBILL_RECIPIENTS_GIVEN
    ") ON CONFLICT (msg_id, address) DO UPDATE SET "
    "status = excluded.status, code = excluded.code, enhanced = excluded.enhanced, reply = excluded.reply, "
    "relay = excluded.relay, time = excluded.time"};
// It goes to the server together with the statement that consumes the rows, before it is known which those are. A
// subquery and no join: a plan could begin a join with all rows that were ever consumed.
constexpr Statement kWriteOfConsumed{"write_recipients_of_consumed", WAYBILL_INSERT_RECIPIENTS
                                     "SELECT w.* FROM " WAYBILL_RECIPIENTS_GIVEN
                                     ") AS w (msg_id, address, status, code, enhanced, reply, relay, time) "
                                     "WHERE (SELECT m.status = 3 AND m.attempt = 1 AND m.consume_time = w.time FROM "
                                     "msg_log m WHERE m.msg_id = w.msg_id) "
                                     "ON CONFLICT DO NOTHING"};
// Apart for each row, for the same reason.
constexpr Statement kRead{"recipients_of",
                          "SELECT " WAYBILL_RECIPIENT_COLUMNS
                          " FROM unnest($1::text[]) AS w (id), LATERAL (SELECT * FROM mail_recipient o "
                          "WHERE o.msg_id = w.id OFFSET 0) AS r ORDER BY r.msg_id, r.address"};

}  // namespace

void RecipientLines::add(const MessageId& id, const rows::Recipients& recipients) {
  for (const auto& [address, line] : recipients.lines()) {
    if (!line.changed) continue;
    const auto& [record, at] = line.recorded;
    ids_.add(id);
    addresses_.add(address);
    fates_.add(static_cast<int>(record.outcome.fate));
    codes_.add(record.outcome.code);
    enhanced_.add(record.outcome.enhanced);
    replies_.add(record.outcome.text);
    relays_.add(record.relay);
    times_.add(at);
  }
}

void RecipientLines::add(const Finish& write, WallTime now) {
  rows::Recipients recipients;
  recipients.record(write.recipients, now);
  add(write.fence.id, recipients);
}

Params RecipientLines::params() const {
  Params params;
  for (const Array* column : {&ids_, &addresses_, &fates_, &codes_, &enhanced_, &replies_, &relays_, &times_}) {
    params.add(*column);
  }
  return params;
}

void RecipientLines::send(Connection& db) const {
  if (ids_.size() > 0) db.send(kWrite, params());
}

void RecipientLines::send_of_consumed(Connection& db) const {
  if (ids_.size() > 0) db.send(kWriteOfConsumed, params());
}

Rows ask_recipients(Connection& db, const Array& ids) {
  db.send(kRead, Params().add(ids));
  const auto results = db.receive();
  return results.empty() ? Rows() : results.back();
}

}  // namespace waybill::postgres
