#include "log/postgres/postgres_store.h"
#include "log/postgres/recipients.h"

#include "log/rows/standing.h"

namespace waybill::postgres {
namespace {

constexpr Statement kInsert{
    "insert_rows",
    "INSERT INTO msg_log (msg_id, exchange, routing_key, create_time, append_token, content_type, retry_policy, "
    "headers, msg, body, status, owner, attempt, replay_attempt, claim_token, outcome, effect_begun, late_done, "
    "try_count, lapse_count, unknown_count, crash_count, again_count, publish_count, publish_boot, next_try_time, "
    "not_before, publish_time, confirm_time, claim_time, consume_time, update_time, digest, queue, last_error, result) "
    "SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamp[], $5::bigint[], $6::text[], $7::text[], "
    "$8::text[], $9::text[], $10::bytea[], $11::smallint[], $12::text[], $13::integer[], $14::integer[], "
    "$15::bigint[], $16::smallint[], $17::boolean[], $18::boolean[], $19::integer[], $20::integer[], $21::integer[], "
    "$22::integer[], $23::integer[], $24::bigint[], $25::bigint[], $26::timestamp[], $27::timestamp[], "
    "$28::timestamp[], $29::timestamp[], $30::timestamp[], $31::timestamp[], $32::timestamp[], $33::bytea[], "
    "$34::text[], $35::text[], $36::text[])"};

constexpr Statement kUpdate{
    "update_rows",
    "UPDATE msg_log m SET status = w.status, owner = w.owner, attempt = w.attempt, "
    "replay_attempt = w.replay_attempt, claim_token = w.claim_token, outcome = w.outcome, "
    "effect_begun = w.effect_begun, late_done = w.late_done, try_count = w.try_count, lapse_count = w.lapse_count, "
    "unknown_count = w.unknown_count, crash_count = w.crash_count, again_count = w.again_count, "
    "publish_count = w.publish_count, publish_boot = w.publish_boot, next_try_time = w.next_try_time, "
    "not_before = w.not_before, publish_time = w.publish_time, confirm_time = w.confirm_time, "
    "claim_time = w.claim_time, consume_time = w.consume_time, update_time = w.update_time, digest = w.digest, "
    "queue = w.queue, last_error = w.last_error, result = w.result "
    "FROM unnest($1::text[], $2::smallint[], $3::text[], $4::integer[], $5::integer[], $6::bigint[], $7::smallint[], "
    "$8::boolean[], $9::boolean[], $10::integer[], $11::integer[], $12::integer[], $13::integer[], $14::integer[], "
    "$15::bigint[], $16::bigint[], $17::timestamp[], $18::timestamp[], $19::timestamp[], $20::timestamp[], "
    "$21::timestamp[], $22::timestamp[], $23::timestamp[], $24::bytea[], $25::text[], $26::text[], $27::text[]) "
    "AS w (msg_id, status, owner, attempt, replay_attempt, claim_token, outcome, effect_begun, late_done, try_count, "
    "lapse_count, unknown_count, crash_count, again_count, publish_count, publish_boot, next_try_time, not_before, "
    "publish_time, confirm_time, claim_time, consume_time, update_time, digest, queue, last_error, result) "
    "WHERE m.msg_id = w.msg_id"};

constexpr Statement kInsertKeys{
    "insert_keys",
    "INSERT INTO idempotency_key (endpoint, key, request, msg_id, create_time) "
    "SELECT w.endpoint, w.key, w.request, w.msg_id, $5::timestamp "
    "FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[]) AS w (endpoint, key, request, msg_id)"};

constexpr Statement kWriteEvents{
    "write_events",
    "INSERT INTO msg_event (msg_id, number, at, kind, attempt, count, detail) "
    "SELECT * FROM unnest($1::text[], $2::bigint[], $3::timestamp[], $4::text[], $5::integer[], $6::integer[], "
    "$7::text[]) ON CONFLICT (msg_id, number) DO UPDATE SET count = excluded.count, at = excluded.at"};
constexpr Statement kRemoveEvents{
    "remove_events",
    "DELETE FROM msg_event e USING unnest($1::text[], $2::bigint[]) AS w (msg_id, number) "
    "WHERE e.msg_id = w.msg_id AND e.number <= w.number"};

constexpr Statement kCopies{
    "dead_letter_copies",
    "INSERT INTO msg_log (msg_id, exchange, routing_key, status, next_try_time, create_time, update_time, queue, "
    "digest, content_type, headers, msg, body) "
    "SELECT w.id, w.exchange, w.routing_key, 0, $6::timestamp, $6, $6, '', m.digest, m.content_type, w.headers, m.msg, "
    "m.body "
    "FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) "
    "AS w (original, id, exchange, routing_key, headers) JOIN msg_log m ON m.msg_id = w.original "
    "ON CONFLICT (msg_id) DO NOTHING"};

constexpr Statement kCount{
    "count_finished",
    "INSERT INTO finished_count (part, status, rows) SELECT $1::integer, * FROM unnest($2::smallint[], $3::bigint[]) "
    "ON CONFLICT (part, status) DO UPDATE SET rows = finished_count.rows + excluded.rows"};

// What verbs change, in the order of both statements.
struct Mutable {
  Array status{Type::kSmall};
  Array owner{Type::kText};
  Array attempt{Type::kInteger};
  Array replay_attempt{Type::kInteger};
  Array claim_token{Type::kBig};
  Array outcome{Type::kSmall};
  Array effect_begun{Type::kBool};
  Array late_done{Type::kBool};
  Array try_count{Type::kInteger};
  Array lapse_count{Type::kInteger};
  Array unknown_count{Type::kInteger};
  Array crash_count{Type::kInteger};
  Array again_count{Type::kInteger};
  Array publish_count{Type::kBig};
  Array publish_boot{Type::kBig};
  Array next_try_time{Type::kTimestamp};
  Array not_before{Type::kTimestamp};
  Array publish_time{Type::kTimestamp};
  Array confirm_time{Type::kTimestamp};
  Array claim_time{Type::kTimestamp};
  Array consume_time{Type::kTimestamp};
  Array update_time{Type::kTimestamp};
  Array digest{Type::kBytes};
  Array queue{Type::kText};
  Array last_error{Type::kText};
  Array result{Type::kText};

  void add(const rows::Standing& r) {
    status.add(r.status);
    owner.add(r.owner);
    attempt.add(r.attempt);
    replay_attempt.add(r.replay_attempt);
    claim_token.add(r.claim_token);
    outcome.add(r.outcome ? std::optional(static_cast<int>(*r.outcome)) : std::nullopt);
    effect_begun.add(r.effect_begun);
    late_done.add(r.late_done);
    try_count.add(r.try_count);
    lapse_count.add(r.lapse_count);
    unknown_count.add(r.unknown_count);
    crash_count.add(r.crash_count);
    again_count.add(r.again_count);
    publish_count.add(r.publish_count);
    publish_boot.add(r.publish_boot);
    next_try_time.add(r.next_try_time);
    not_before.add(r.not_before);
    publish_time.add(r.publish_time);
    confirm_time.add(r.confirm_time);
    claim_time.add(r.claim_time);
    consume_time.add(r.consume_time);
    update_time.add(r.update_time);
    digest.add(r.digest);
    queue.add(r.queue);
    last_error.add(r.last_error);
    result.add(r.result);
  }

  void add_to(Params& params) const {
    for (const Array* column :
         {&status,       &owner,         &attempt,     &replay_attempt, &claim_token,  &outcome,     &effect_begun,
          &late_done,    &try_count,     &lapse_count, &unknown_count,  &crash_count,  &again_count, &publish_count,
          &publish_boot, &next_try_time, &not_before,  &publish_time,   &confirm_time, &claim_time,  &consume_time,
          &update_time,  &digest,        &queue,       &last_error,     &result}) {
      params.add(*column);
    }
  }
};

void send_inserts(Connection& db, const rows::WorkingSet& set) {
  Array ids(Type::kText);
  Array exchanges(Type::kText);
  Array routing_keys(Type::kText);
  Array created(Type::kTimestamp);
  Array tokens(Type::kBig);
  Array content_types(Type::kText);
  Array policies(Type::kText);
  Array headers(Type::kText);
  Array texts(Type::kText);
  Array bodies(Type::kBytes);
  Mutable columns;
  for (const auto& [id, row] : set.rows) {
    if (!row.is_new()) continue;
    const rows::Standing& r = *row.now;
    ids.add(id);
    exchanges.add(r.route.exchange);
    routing_keys.add(r.route.routing_key);
    created.add(r.create_time);
    tokens.add(r.append_token);
    content_types.add(r.content_type);
    policies.add(r.retry_policy);
    headers.add(r.headers);
    const std::string& body = row.content->bytes();
    texts.add(r.binary ? std::string_view() : std::string_view(body));
    bodies.add(r.binary ? std::optional<std::string_view>(body) : std::nullopt);
    columns.add(r);
  }
  if (ids.size() == 0) return;
  Params params;
  for (const Array* column :
       {&ids, &exchanges, &routing_keys, &created, &tokens, &content_types, &policies, &headers, &texts, &bodies}) {
    params.add(*column);
  }
  columns.add_to(params);
  db.send(kInsert, params);
}

void send_updates(Connection& db, const rows::WorkingSet& set) {
  Array ids(Type::kText);
  Mutable columns;
  for (const auto& [id, row] : set.rows) {
    if (!row.is_changed()) continue;
    ids.add(id);
    columns.add(*row.now);
  }
  if (ids.size() == 0) return;
  Params params;
  params.add(ids);
  columns.add_to(params);
  db.send(kUpdate, params);
}

void send_keys(Connection& db, const rows::WorkingSet& set) {
  Array endpoints(Type::kText);
  Array keys(Type::kText);
  Array requests(Type::kBytes);
  Array ids(Type::kText);
  for (const auto& [name, known] : set.keys) {
    if (!known.is_new) continue;
    endpoints.add(name.first);
    keys.add(name.second);
    requests.add(known.request);
    ids.add(known.first);
  }
  if (keys.size() > 0) db.send(kInsertKeys, Params().add(endpoints).add(keys).add(requests).add(ids).add(set.now));
}

void send_events(Connection& db, const rows::WorkingSet& set) {
  Array ids(Type::kText);
  Array numbers(Type::kBig);
  Array times(Type::kTimestamp);
  Array kinds(Type::kText);
  Array attempts(Type::kInteger);
  Array counts(Type::kInteger);
  Array details(Type::kText);
  Array shortened(Type::kText);
  Array removed(Type::kBig);
  for (const auto& [id, row] : set.rows) {
    if (row.history.removed_up_to()) {
      shortened.add(id);
      removed.add(row.history.removed_up_to());
    }
    for (const rows::EventLine& line : row.history.lines()) {
      if (!line.changed) continue;
      ids.add(id);
      numbers.add(line.number);
      times.add(line.at);
      kinds.add(line.kind);
      attempts.add(line.attempt);
      counts.add(line.count);
      details.add(line.detail);
    }
  }
  if (ids.size() > 0) {
    db.send(kWriteEvents, Params().add(ids).add(numbers).add(times).add(kinds).add(attempts).add(counts).add(details));
  }
  if (shortened.size() > 0) db.send(kRemoveEvents, Params().add(shortened).add(removed));
}

void send_recipients(Connection& db, const rows::WorkingSet& set) {
  RecipientLines lines;
  for (const auto& [id, row] : set.rows) lines.add(id, row.recipients);
  lines.send(db);
}

void send_copies(Connection& db, const rows::WorkingSet& set) {
  if (set.copies.empty()) return;
  Array originals(Type::kText);
  Array ids(Type::kText);
  Array exchanges(Type::kText);
  Array routing_keys(Type::kText);
  Array headers(Type::kText);
  for (const rows::DeadLetterCopy& copy : set.copies) {
    originals.add(copy.original);
    ids.add(copy.id);
    exchanges.add(copy.route.exchange);
    routing_keys.add(copy.route.routing_key);
    headers.add(copy.headers);
  }
  db.send(kCopies, Params().add(originals).add(ids).add(exchanges).add(routing_keys).add(headers).add(set.now));
}

}  // namespace

void PostgresStore::store(const rows::WorkingSet& set) {
  send_inserts(db_, set);
  send_updates(db_, set);
  send_keys(db_, set);
  send_events(db_, set);
  send_recipients(db_, set);
  send_copies(db_, set);
  db_.receive();
  for (const auto& [state, change] : rows::finished_changes(set)) finished_[state] += change;
}

void send_finished(Connection& connection, int part, const FinishedChanges& changes) {
  Array states(Type::kSmall);
  Array numbers(Type::kBig);
  for (const auto& [state, change] : changes) {
    if (change == 0) continue;
    states.add(state);
    numbers.add(change);
  }
  if (states.size() > 0) connection.send(kCount, Params().add(part).add(states).add(numbers));
}

}  // namespace waybill::postgres
