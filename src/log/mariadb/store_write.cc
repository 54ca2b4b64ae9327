#include <algorithm>
#include <array>

#include "log/mariadb/inserter.h"
#include "log/mariadb/mariadb_store.h"
#include "log/mariadb/recipients.h"
#include "log/rows/standing.h"

namespace waybill::mariadb {
namespace {

constexpr char kCopy[] =
    "INSERT INTO msg_log (msg_id, exchange, routing_key, status, next_try_time, create_time, update_time, queue, "
    "digest, content_type, headers, msg, body) SELECT ?, ?, ?, 0, ?, ?, ?, '', m.digest, m.content_type, ?, m.msg, "
    "m.body FROM msg_log m WHERE m.msg_id = ? AND NOT EXISTS (SELECT 1 FROM msg_log c WHERE c.msg_id = ?)";
constexpr char kInsertKeys[] = "INSERT INTO idempotency_key (endpoint, name, request, msg_id, create_time) VALUES ?";
constexpr char kWriteEvents[] =
    "INSERT INTO msg_event (msg_id, number, at, kind, attempt, count, detail) VALUES ? "
    "ON DUPLICATE KEY UPDATE count = VALUES(count), at = VALUES(at)";
constexpr char kRemoveEvents[] = "DELETE FROM msg_event WHERE msg_id = ? AND number <= ?";

/// A column that verbs change.
struct Column {
  const char* name;
  void (*put)(Tuples& row, const rows::Standing& standing);
  bool (*differs)(const rows::Standing& a, const rows::Standing& b);  ///< null: always written
};

std::optional<int> number_of(const std::optional<rows::Outcome>& outcome) {
  return outcome ? std::optional(static_cast<int>(*outcome)) : std::nullopt;
}

#define WAYBILL_ALWAYS(member)                                                         \
  Column {                                                                             \
#member, [](Tuples & row, const rows::Standing& r) { row.put(r.member); }, nullptr \
  }
#define WAYBILL_IF_CHANGED(member)                                                                             \
  Column {                                                                                                     \
#member, [](Tuples & row,                                                                                  \
                const rows::Standing& r) { row.put(r.member); }, [](const rows::Standing& a,                   \
                                                                    const rows::Standing&                      \
                                                                        b) { return !(a.member == b.member); } \
  }
// First what the table's CHECKs look at: an update is written as a row to insert, which must pass them too.
const std::array<Column, 26> kColumns = {
    WAYBILL_ALWAYS(status),
    WAYBILL_ALWAYS(owner),
    WAYBILL_ALWAYS(attempt),
    WAYBILL_ALWAYS(replay_attempt),
    WAYBILL_ALWAYS(claim_token),
    WAYBILL_ALWAYS(next_try_time),
    WAYBILL_ALWAYS(not_before),
    WAYBILL_ALWAYS(confirm_time),
    WAYBILL_ALWAYS(publish_count),
    WAYBILL_ALWAYS(queue),
    WAYBILL_ALWAYS(update_time),
    Column{"outcome", [](Tuples& row, const rows::Standing& r) { row.put(number_of(r.outcome)); },
           [](const rows::Standing& a, const rows::Standing& b) { return a.outcome != b.outcome; }},
    WAYBILL_IF_CHANGED(effect_begun),
    WAYBILL_IF_CHANGED(late_done),
    WAYBILL_IF_CHANGED(try_count),
    WAYBILL_IF_CHANGED(lapse_count),
    WAYBILL_IF_CHANGED(unknown_count),
    WAYBILL_IF_CHANGED(crash_count),
    WAYBILL_IF_CHANGED(again_count),
    WAYBILL_IF_CHANGED(publish_boot),
    WAYBILL_IF_CHANGED(publish_time),
    WAYBILL_IF_CHANGED(claim_time),
    WAYBILL_IF_CHANGED(consume_time),
    WAYBILL_IF_CHANGED(digest),
    WAYBILL_IF_CHANGED(last_error),
    WAYBILL_IF_CHANGED(result),
};

void send_inserts(Connection& db, const rows::WorkingSet& set) {
  std::string head =
      "INSERT INTO msg_log (msg_id, exchange, routing_key, create_time, append_token, content_type, retry_policy, "
      "headers, msg, body";
  for (const Column& column : kColumns) head.append(", ").append(column.name);
  Inserter inserter(db, head_of(db, head + ") VALUES "), "");
  for (const auto& [id, row] : set.rows) {
    if (!row.is_new()) continue;
    const rows::Standing& r = *row.now;
    const std::string& body = row.content->bytes();
    Tuples& values = inserter.rows();
    values.begin();
    values.put(id);
    values.put(r.route);
    values.put(r.create_time);
    values.put(r.append_token);
    values.put(r.content_type);
    values.put(r.retry_policy);
    values.put(r.headers);
    values.put(r.binary ? std::string_view() : std::string_view(body));
    values.put(r.binary ? std::optional(Bytes{body}) : std::nullopt);
    for (const Column& column : kColumns) column.put(values, r);
    inserter.end_row();
  }
  inserter.send();
}

// One statement for all, in a form that both MariaDB and MySQL take. The rows are there and locked, so that nothing is
// ever inserted.
void send_updates(Connection& db, const rows::WorkingSet& set) {
  std::vector<const rows::WorkingRow*> changed;
  for (const auto& [_, row] : set.rows) {
    if (row.is_changed()) changed.push_back(&row);
  }
  if (changed.empty()) return;
  std::vector<const Column*> columns;
  std::string head = "INSERT INTO msg_log (msg_id";
  std::string tail = " ON DUPLICATE KEY UPDATE ";
  for (const Column& column : kColumns) {
    const auto differs = [&](const rows::WorkingRow* row) { return column.differs(*row->before, *row->now); };
    if (column.differs != nullptr && std::ranges::none_of(changed, differs)) continue;
    head.append(", ").append(column.name);
    tail.append(columns.empty() ? "" : ", ").append(column.name).append(" = VALUES(").append(column.name) += ')';
    columns.push_back(&column);
  }
  // What a claim writes takes the room that was kept for it.
  tail += ", room = CASE WHEN VALUES(owner) IS NULL THEN room ELSE '' END";
  Inserter inserter(db, head + ") VALUES ", tail);
  for (const rows::WorkingRow* row : changed) {
    Tuples& values = inserter.rows();
    values.begin();
    values.put(row->now->id);
    for (const Column* column : columns) column->put(values, *row->now);
    inserter.end_row();
  }
  inserter.send();
}

void send_keys(Connection& db, const rows::WorkingSet& set) {
  Tuples keys;
  for (const auto& [name, known] : set.keys) {
    if (known.is_new) keys.add(name.first, name.second, known.request, known.first, set.now);
  }
  if (!keys.empty()) db.tell(sql(kInsertKeys, keys));
}

void send_events(Connection& db, const rows::WorkingSet& set) {
  Tuples events;
  for (const auto& [id, row] : set.rows) {
    for (const rows::EventLine& line : row.history.lines()) {
      if (line.changed) events.add(id, line.number, line.at, line.kind, line.attempt, line.count, line.detail);
    }
  }
  if (!events.empty()) db.tell(sql(kWriteEvents, events));
  for (const auto& [id, row] : set.rows) {
    if (row.history.removed_up_to()) db.tell(sql(kRemoveEvents, id, *row.history.removed_up_to()));
  }
}

void send_copies(Connection& db, const rows::WorkingSet& set) {
  for (const rows::DeadLetterCopy& copy : set.copies) {
    db.tell(sql(kCopy, copy.id, copy.route.exchange, copy.route.routing_key, set.now, set.now, set.now, copy.headers,
                copy.original, copy.id));
  }
}

}  // namespace

void MariadbStore::store(const rows::WorkingSet& set) {
  for (const auto& [state, rows] : rows::finished_changes(set)) ledger_.counts[static_cast<int>(state)] += rows;
  for (const auto& [_, row] : set.rows) {
    ledger_.has_written = ledger_.has_written || row.is_new() || row.is_changed();
    if (!row.is_changed()) continue;
    ledger_.counts[kLapses] += row.now->lapse_count - row.before->lapse_count;
    ledger_.counts[kUnknowns] += row.now->unknown_count - row.before->unknown_count;
  }
  send_inserts(db_, set);
  send_updates(db_, set);
  send_keys(db_, set);
  send_events(db_, set);
  RecipientLines recipients;
  for (const auto& [id, row] : set.rows) recipients.add(id, row.recipients);
  ledger_.has_written = ledger_.has_written || !recipients.empty();
  recipients.tell(db_);
  send_copies(db_, set);
}

}  // namespace waybill::mariadb
