#include <chrono>
#include <thread>

#include "log/mariadb/mariadb_store.h"
#include "log/mariadb/recipients.h"
#include "log/mariadb/row_columns.h"

namespace waybill::mariadb {
namespace {

constexpr int kDigestColumn = 35;
constexpr int kBodyColumn = 36;
constexpr int kHasEventsColumn = 37;

// Locked, so that an answer by a key is the last word.
constexpr char kKeys[] =
    "SELECT k.endpoint, k.name, k.request, k.msg_id, k.row_status FROM idempotency_key k FORCE INDEX (PRIMARY) "
    "WHERE k.endpoint = ? AND k.name IN (?) ORDER BY k.name FOR UPDATE";
constexpr char kFirstRows[] =
    "SELECT m.msg_id, m.status, m.create_time, m.append_token FROM msg_log m FORCE INDEX (PRIMARY) "
    "WHERE m.msg_id IN (?)";
constexpr char kExisting[] = "SELECT m.msg_id FROM msg_log m FORCE INDEX (PRIMARY) WHERE m.msg_id IN (?)";
constexpr char kEvents[] =
    "SELECT e.msg_id, e.number, e.at, e.kind, e.attempt, e.count, e.detail FROM msg_event e FORCE INDEX (PRIMARY) "
    "WHERE e.msg_id IN (?) ORDER BY e.msg_id, e.number";

struct Wanted {
  List ids;
  List bodies;
  bool digests = false;
  bool history = false;

  explicit Wanted(const rows::Needs& needs) {
    for (const auto& [id, need] : needs.rows) {
      ids.add(id);
      if (need.body) bodies.add(id);
      history = history || need.history;
      digests = digests || need.body_digest;
    }
  }
};

std::string load_statement(const Wanted& wanted, std::size_t body_max) {
  std::string text = "SELECT " WAYBILL_STANDING_COLUMNS;
  text += wanted.digests ? ", CASE WHEN m.digest IS NULL THEN UNHEX(SHA2(" WAYBILL_BODY ", 256)) END" : ", NULL";
  if (wanted.bodies.empty()) {
    text += ", NULL";
  } else {
    text += sql(", CASE WHEN m.msg_id IN (?) AND " WAYBILL_BODY_SIZE " <= ? THEN " WAYBILL_BODY " END", wanted.bodies,
                body_max);
  }
  text += wanted.history ? ", EXISTS (SELECT 1 FROM msg_event e WHERE e.msg_id = m.msg_id)" : ", 0";
  return text + sql(" FROM msg_log m FORCE INDEX (PRIMARY) WHERE m.msg_id IN (?) ORDER BY m.msg_id "
                    "FOR UPDATE SKIP LOCKED",
                    wanted.ids);
}

/// The rows of these that have a history.
List read_rows(rows::WorkingSet& set, const Rows& loaded) {
  List with_history;
  for (int i = 0; i < loaded.size(); ++i) {
    rows::Standing standing = standing_from(loaded, i);
    rows::WorkingRow& row = set.at(standing.id);
    row.body_digest = loaded.optional_digest(i, kDigestColumn);
    if (!loaded.is_null(i, kBodyColumn)) row.body = Body(loaded.string(i, kBodyColumn), standing.binary);
    row.before = standing;
    row.now = std::move(standing);
    if (loaded.boolean(i, kHasEventsColumn)) with_history.add(loaded.text(i, 0));
  }
  return with_history;
}

void read_events(rows::WorkingSet& set, const Rows& events) {
  for (int i = 0; i < events.size(); ++i) {
    rows::WorkingRow& row = set.at({events.string(i, 0)});
    row.history.load({events.integer(i, 1), events.time(i, 2), events.string(i, 3), events.small(i, 4),
                      events.small(i, 5), events.string(i, 6)});
  }
}

void read_recipients(rows::WorkingSet& set, const Rows& recipients) {
  for (int i = 0; i < recipients.size(); ++i) {
    set.at({recipients.string(i, 0)}).recipients.load(rows::recipient_from(recipients, i));
  }
}

/// Those that were claimed before, of which a verb looks at the recipients.
List with_recipients(rows::WorkingSet& set, const rows::Needs& needs) {
  List tried;
  for (const auto& [id, need] : needs.rows) {
    const auto& row = set.at(id).now;
    if (need.recipients && row && row->attempt > 0) tried.add(id);
  }
  return tried;
}

using FirstRows = std::map<std::string, rows::KnownKey::FirstRow, std::less<>>;

FirstRows load_first_rows(Connection& db, const std::vector<Rows>& keys) {
  FirstRows by_id;
  List ids;
  for (const Rows& of_endpoint : keys) {
    for (int i = 0; i < of_endpoint.size(); ++i) ids.add(of_endpoint.text(i, 3));
  }
  if (ids.empty()) return by_id;
  const Rows firsts = db.ask(sql(kFirstRows, ids));
  for (int i = 0; i < firsts.size(); ++i) {
    rows::KnownKey::FirstRow row{static_cast<State>(firsts.small(i, 1)), firsts.time(i, 2)};
    if (!firsts.is_null(i, 3)) row.append_token = Token{static_cast<std::uint64_t>(firsts.integer(i, 3))};
    by_id.emplace(firsts.string(i, 0), row);
  }
  return by_id;
}

void load_keys(Connection& db, rows::WorkingSet& set, const std::set<rows::KeyName>& names) {
  std::map<std::string, List, std::less<>> wanted;
  for (const auto& [endpoint, name] : names) wanted[endpoint].add(name);
  for (const auto& [endpoint, of_endpoint] : wanted) db.send(sql(kKeys, endpoint, of_endpoint));
  const auto results = db.receive();
  if (db.failed()) return;
  const FirstRows firsts = load_first_rows(db, results);
  for (const Rows& keys : results) {
    for (int i = 0; i < keys.size(); ++i) {
      rows::KnownKey known{.request = keys.optional_digest(i, 2).value_or(Digest{}),
                           .first = {keys.string(i, 3)},
                           .pruned_as = static_cast<State>(keys.small(i, 4))};
      if (const auto row = firsts.find(known.first.value); row != firsts.end()) known.row = row->second;
      set.keys[{keys.string(i, 0), keys.string(i, 1)}] = std::move(known);
    }
  }
}

}  // namespace

// Most rows have no history and no recipients, so these are asked for by themselves.
void MariadbStore::load_rows(rows::WorkingSet& set, const rows::Needs& needs) {
  const Rows loaded = db_.ask(load_statement(Wanted(needs), body_max_));
  if (failed()) return;
  const List with_history = read_rows(set, loaded);
  const List tried = with_recipients(set, needs);
  if (!with_history.empty()) db_.send(sql(kEvents, with_history));
  if (!tried.empty()) db_.send(recipients_of(tried));
  if (with_history.empty() && tried.empty()) return;
  const auto results = db_.receive();
  if (!with_history.empty()) read_events(set, results.front());
  if (!tried.empty()) read_recipients(set, results.back());
}

void MariadbStore::load(rows::WorkingSet& set, const rows::Needs& needs) {
  ledger_.has_read = true;
  if (!needs.keys.empty()) load_keys(db_, set, needs.keys);
  if (needs.rows.empty() || failed()) return;
  load_rows(set, needs);
  if (failed()) return;
  rows::Needs absent;
  List remembered;
  for (const auto& [id, need] : needs.rows) {
    if (set.at(id).now) {
      held_.forget(id);
    } else if (held_.has(id)) {
      set.at(id).held_by_another = true;
      remembered.add(id);
    } else {
      absent.rows[id] = need;
    }
  }
  if (!remembered.empty()) {
    const Rows still = db_.ask(sql(kExisting, remembered));
    for (int i = 0; i < still.size(); ++i) held_.add({still.string(i, 0)});
  }
  if (!absent.rows.empty()) wait_for_held(set, std::move(absent));
}

// Between processes of Waybill a row is held for the time of a commit. Who holds it longer is a stranger, and its rows
// are left out. The server counts what a statement waits in seconds, so we ask again instead.
void MariadbStore::wait_for_held(rows::WorkingSet& set, rows::Needs held) {
  constexpr std::chrono::milliseconds kBetween{10};
  constexpr int kTries = 20;
  for (int attempt = 0;; ++attempt) {
    List ids;
    for (const auto& [id, _] : held.rows) ids.add(id);
    const Rows existing = db_.ask(sql(kExisting, ids));
    if (failed() || existing.size() == 0) return;
    rows::Needs still;
    for (int i = 0; i < existing.size(); ++i) {
      const MessageId id{existing.string(i, 0)};
      still.rows[id] = held.rows.at(id);
      if (attempt < kTries) continue;
      set.at(id).held_by_another = true;
      held_.add(id);
    }
    if (attempt == kTries) return;
    if (attempt > 0) std::this_thread::sleep_for(kBetween);
    load_rows(set, still);
    if (failed()) return;
    std::erase_if(still.rows, [&](const auto& entry) { return set.at(entry.first).now.has_value(); });
    if (still.rows.empty()) return;
    held = std::move(still);
  }
}

}  // namespace waybill::mariadb
