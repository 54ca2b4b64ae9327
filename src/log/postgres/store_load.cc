#include "log/postgres/postgres_store.h"
#include "log/postgres/recipients.h"
#include "log/postgres/row_columns.h"

namespace waybill::postgres {
namespace {

#define WAYBILL_LOAD                                                                                         \
  "SELECT " WAYBILL_STANDING_COLUMNS                                                                         \
  ", CASE WHEN w.digest AND m.digest IS NULL THEN sha256(coalesce(m.body, convert_to(m.msg, 'UTF8'))) END, " \
  "CASE WHEN w.body AND coalesce(octet_length(m.body), octet_length(m.msg)) <= $4::bigint "                  \
  "THEN coalesce(m.body, convert_to(m.msg, 'UTF8')) END "                                                    \
  "FROM unnest($1::text[], $2::boolean[], $3::boolean[]) WITH ORDINALITY AS w (id, digest, body, number) "   \
  "JOIN msg_log m ON m.msg_id = w.id ORDER BY w.number FOR UPDATE OF m"
constexpr int kDigestColumn = 35;
constexpr int kBodyColumn = 36;

constexpr Statement kLoad{"load", WAYBILL_LOAD " SKIP LOCKED"};
constexpr Statement kLoadWaiting{"load_waiting", WAYBILL_LOAD};
constexpr Statement kExisting{"existing",
                              "SELECT m.msg_id FROM unnest($1::text[]) AS w (id) JOIN msg_log m ON m.msg_id = w.id"};
constexpr Statement kEvents{"events_of",
                            "SELECT e.msg_id, e.number, e.at, e.kind, e.attempt, e.count, e.detail "
                            "FROM unnest($1::text[]) WITH ORDINALITY AS w (id, number) "
                            "JOIN msg_event e ON e.msg_id = w.id ORDER BY w.number, e.number"};
// Locked, so that an answer by a key that another session has just committed rests on a durable commit of our own.
constexpr Statement kKeys{"keys",
                          "SELECT k.endpoint, k.key, k.request, k.msg_id, k.row_status, m.status, m.create_time, "
                          "m.append_token FROM unnest($1::text[], $2::text[]) AS w (endpoint, key) "
                          "JOIN idempotency_key k ON k.endpoint = w.endpoint AND k.key = w.key "
                          "LEFT JOIN msg_log m ON m.msg_id = k.msg_id FOR NO KEY UPDATE OF k"};
constexpr Statement kSavepoint{"before_waiting", "SAVEPOINT before_waiting"};
constexpr Statement kWaitShortly{"wait_shortly", "SET LOCAL lock_timeout = '100ms'"};
constexpr Statement kBack{"back", "ROLLBACK TO SAVEPOINT before_waiting"};
constexpr Statement kRelease{"release", "RELEASE SAVEPOINT before_waiting"};

void read_rows(rows::WorkingSet& set, const Rows& loaded) {
  for (int i = 0; i < loaded.size(); ++i) {
    rows::Standing standing = standing_from(loaded, i);
    rows::WorkingRow& row = set.at(standing.id);
    row.body_digest = loaded.optional_digest(i, kDigestColumn);
    if (!loaded.is_null(i, kBodyColumn)) row.body = Body(loaded.string(i, kBodyColumn), standing.binary);
    row.before = standing;
    row.now = std::move(standing);
  }
}

void read_events(rows::WorkingSet& set, const Rows& events) {
  for (int i = 0; i < events.size(); ++i) {
    rows::WorkingRow& row = set.at({events.string(i, 0)});
    row.history.load({events.integer(i, 1), events.time(i, 2), events.string(i, 3), events.small(i, 4),
                      events.small(i, 5), events.string(i, 6)});
  }
}

/// Which of these rows were claimed before is known only now that they are loaded.
void load_recipients(Connection& db, rows::WorkingSet& set, const rows::Needs& needs) {
  Array tried(Type::kText);
  for (const auto& [id, need] : needs.rows) {
    const auto& row = set.at(id).now;
    if (need.recipients && row && row->attempt > 0) tried.add(id);
  }
  if (tried.size() == 0) return;
  const Rows recipients = ask_recipients(db, tried);
  for (int i = 0; i < recipients.size(); ++i) {
    set.at({recipients.string(i, 0)}).recipients.load(rows::recipient_from(recipients, i));
  }
}

void read_keys(rows::WorkingSet& set, const Rows& keys) {
  for (int i = 0; i < keys.size(); ++i) {
    rows::KnownKey known{.request = keys.optional_digest(i, 2).value_or(Digest{}),
                         .first = {keys.string(i, 3)},
                         .pruned_as = static_cast<State>(keys.small(i, 4))};
    if (!keys.is_null(i, 5)) {
      known.row = {static_cast<State>(keys.small(i, 5)), keys.time(i, 6)};
      if (!keys.is_null(i, 7)) known.row->append_token = Token{static_cast<std::uint64_t>(keys.integer(i, 7))};
    }
    set.keys[{keys.string(i, 0), keys.string(i, 1)}] = std::move(known);
  }
}

}  // namespace

struct PostgresStore::Wanted {
  Array ids{Type::kText};
  Array digests{Type::kBool};
  Array bodies{Type::kBool};
  Array with_history{Type::kText};

  explicit Wanted(const rows::Needs& needs) {
    for (const auto& [id, need] : needs.rows) {
      ids.add(id);
      digests.add(need.body_digest);
      bodies.add(need.body);
      if (need.history) with_history.add(id);
    }
  }
};

void PostgresStore::send_load(const Statement& statement, const Wanted& wanted) {
  db_.send(statement,
           Params().add(wanted.ids).add(wanted.digests).add(wanted.bodies).add(static_cast<std::int64_t>(body_max_)));
}

void PostgresStore::load(rows::WorkingSet& set, const rows::Needs& needs) {
  const Wanted wanted(needs);
  if (wanted.ids.size() > 0) {
    send_load(kLoad, wanted);
    db_.send(kExisting, Params().add(wanted.ids));
    db_.send(kEvents, Params().add(wanted.with_history));
  }
  if (!needs.keys.empty()) {
    Array endpoints(Type::kText);
    Array keys(Type::kText);
    for (const auto& [endpoint, key] : needs.keys) {
      endpoints.add(endpoint);
      keys.add(key);
    }
    db_.send(kKeys, Params().add(endpoints).add(keys));
  }
  const auto results = db_.receive();
  if (db_.failed()) return;
  if (!needs.keys.empty()) read_keys(set, results.back());
  if (wanted.ids.size() == 0) return;
  read_rows(set, results[0]);
  rows::Needs held;
  for (int i = 0; i < results[1].size(); ++i) {
    const MessageId id{results[1].string(i, 0)};
    if (set.at(id).now) {
      held_.forget(id);
    } else if (held_.has(id)) {
      held_.add(id);
    } else {
      held.rows[id] = needs.rows.at(id);
    }
  }
  // Nor does an id that another session has inserted, and not committed, have a row that can be seen.
  for (const auto& [id, _] : needs.rows) {
    if (!set.at(id).now && held_.has(id)) set.at(id).held_by_another = true;
  }
  read_events(set, results[2]);
  if (!held.rows.empty()) wait_for_held(set, held);
  if (!db_.failed()) load_recipients(db_, set, needs);
}

// Between processes of Waybill a row is held for the time of a commit. Who holds it longer is a stranger, and its rows
// are left out.
void PostgresStore::wait_for_held(rows::WorkingSet& set, const rows::Needs& held) {
  const Wanted wanted(held);
  db_.send(kSavepoint);
  db_.send(kWaitShortly);
  send_load(kLoadWaiting, wanted);
  auto results = db_.receive();
  std::optional<Rows> loaded;
  if (db_.failed()) {
    auto failure = *db_.take_failure();
    if (failure.scope != Failure::Scope::kLock) return db_.fail(std::move(failure));
    db_.send(kBack);
    send_load(kLoad, wanted);
    results = db_.receive();
    if (!db_.failed()) loaded = results[1];
  } else {
    loaded = results[2];
    db_.ask(kRelease);
  }
  if (!loaded || db_.failed()) return;
  read_rows(set, *loaded);
  for (const auto& [id, _] : held.rows) {
    set.at(id).history = {};
    set.at(id).held_by_another = !set.at(id).now;
    if (!set.at(id).now) held_.add(id);
  }
  read_events(set, db_.ask(kEvents, Params().add(wanted.with_history)));
}

}  // namespace waybill::postgres
