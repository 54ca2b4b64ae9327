#include "log/mariadb/hot_statements.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "log/mariadb/inserter.h"
#include "log/mariadb/recipients.h"
#include "log/rows/columns.h"
#include "log/rows/decide.h"

namespace waybill::mariadb {
namespace {

// A flush whose rows have none of the rare values does not name their columns.
constexpr char kAppend[] =
    "INSERT INTO msg_log (msg_id, exchange, routing_key, queue, append_token, publish_count, publish_boot, "
    "next_try_time, digest, content_type, msg, create_time, update_time) VALUES ";
constexpr char kAppendRare[] =
    "INSERT INTO msg_log (msg_id, exchange, routing_key, queue, append_token, publish_count, publish_boot, "
    "next_try_time, digest, content_type, msg, create_time, update_time, not_before, retry_policy, headers, body) "
    "VALUES ";
constexpr char kLook[] =
    "SELECT msg_id, status, owner, attempt, replay_attempt, effect_begun, publish_count, next_try_time, not_before, "
    "digest, queue, try_count, crash_count, retry_policy, publish_time IS NULL, confirm_time IS NULL "
    "FROM msg_log FORCE INDEX (PRIMARY) WHERE msg_id IN (?) ORDER BY msg_id FOR UPDATE SKIP LOCKED";
constexpr char kUpdate[] = "UPDATE msg_log FORCE INDEX (PRIMARY) SET ";
constexpr char kClaim[] = "INSERT INTO msg_log (msg_id, claim_token) VALUES ";

/// A known row as it was found and locked.
struct Found {
  State status;
  std::optional<std::string> owner;
  std::int32_t attempt;
  std::int32_t replay_attempt;
  bool effect_begun;
  std::int64_t publish_count;
  std::optional<WallTime> next_try_time;
  std::optional<WallTime> not_before;
  std::optional<Digest> digest;
  std::optional<std::string> queue;
  int try_count;
  int crash_count;
  std::optional<std::string> retry_policy;
  bool lacks_publish_time;
  bool lacks_confirm_time;

  Found(const Rows& rows, int i)
      : status(static_cast<State>(rows.small(i, 1))),
        owner(rows.optional_string(i, 2)),
        attempt(rows.small(i, 3)),
        replay_attempt(rows.small(i, 4)),
        effect_begun(rows.boolean(i, 5)),
        publish_count(rows.integer(i, 6)),
        next_try_time(rows.optional_time(i, 7)),
        not_before(rows.optional_time(i, 8)),
        digest(rows.optional_digest(i, 9)),
        queue(rows.optional_string(i, 10)),
        try_count(rows.small(i, 11)),
        crash_count(rows.small(i, 12)),
        retry_policy(rows.optional_string(i, 13)),
        lacks_publish_time(rows.boolean(i, 14)),
        lacks_confirm_time(rows.boolean(i, 15)) {}

  [[nodiscard]] bool stands(const Fence& fence) const {
    return owner && attempt == fence.attempt && *owner == to_string(fence.owner);
  }
  [[nodiscard]] bool is_external() const { return queue && queue->empty(); }
};

/// What rows become, by the text that says so: rows that change alike are changed by one statement.
class Changes {
 public:
  Changes(WallTime now, Ledger& ledger) : now_(now), ledger_(ledger) {}

  // One overload for each verb that has a usual way; nothing: this write has to go by rows.
  template <class W>
  std::optional<Answer> apply(const W&, const Found&) {
    return std::nullopt;
  }

  std::optional<Answer> apply(const MarkSent& write, const Found& row) {
    const bool fits = row.status == State::kSending && row.publish_count == write.publish_number;
    if (!fits || row.publish_count == 0) return std::nullopt;
    const char* clock = row.owner ? "" : ", next_try_time = NULL";  // a claimed row's clock is its lease
    change(write.id, sql("status = 1, confirm_time = ?", write.confirm_time) + clock);
    if (!row.owner && row.is_external()) ++ledger_.counts[static_cast<int>(State::kSent)];
    return applied(State::kSent, row.owner.has_value());
  }

  std::optional<Answer> apply(const Claim& write, const Found& row) {
    if (!is_free(row) || (row.digest && write.digest && *row.digest != *write.digest)) return std::nullopt;
    std::string how =
        sql("owner = ?, attempt = attempt + 1, outcome = NULL, effect_begun = ?, next_try_time = ?, not_before = NULL, "
            "claim_time = ?, room = ''",
            to_string(write.owner), write.effect_begun, now_ + write.lease, now_);
    if (!row.digest && write.digest) how += sql(", digest = ?", *write.digest);
    if (!row.queue) how += sql(", queue = ?", write.queue);
    claims_[how + times(row, write.times)].add(write.id, write.token);
    if (row.status == State::kSent && row.is_external()) --ledger_.counts[static_cast<int>(State::kSent)];
    ClaimAnswer answer{.verdict = ClaimVerdict::kGranted,
                       .attempt = row.attempt + 1,
                       .try_count = row.try_count,
                       .crash_count = row.crash_count,
                       .publish_number = row.publish_count,
                       .store_now = now_};
    if (row.retry_policy) {
      if (auto policy = parse_retry_policy(*row.retry_policy); policy.ok()) answer.retry = *std::move(policy);
    }
    return Answer(std::move(answer));
  }

  std::optional<Answer> apply(const Finish& write, const Found& row) {
    const auto* done = std::get_if<Done>(&write.outcome);
    const bool since_replay = row.attempt > row.replay_attempt;
    if (done == nullptr || !row.stands(write.fence) || !since_replay || is_final(row.status)) return std::nullopt;
    recipients_.add(write, now_);
    std::string how = sql("status = 3, owner = NULL, next_try_time = NULL, outcome = 0, consume_time = ?", now_);
    if (!done->result.empty()) how += sql(", result = ?", rows::for_people(done->result));
    change(write.fence.id, how + times(row, write.times));
    ++ledger_.counts[static_cast<int>(State::kConsumed)];
    return Answer(FinishAnswer{FinishAnswer::Kind::kRecorded, State::kConsumed, false});
  }

  std::optional<Answer> apply(const Renew& write, const Found& row) {
    if (!row.stands(write.fence)) return std::nullopt;
    change(write.fence.id, sql("next_try_time = ?", now_ + write.lease));
    return applied(row.status, true);
  }

  std::optional<Answer> apply(const BeginEffect& write, const Found& row) {
    if (!row.stands(write.fence)) return std::nullopt;
    change(write.fence.id, "effect_begun = 1");
    return applied(row.status, true);
  }

  std::optional<Answer> apply(const Release& write, const Found& row) {
    if (!row.stands(write.fence) || (row.effect_begun && !write.never_started)) return std::nullopt;
    const WallTime due = std::max(now_, row.not_before.value_or(now_));
    change(write.fence.id, sql("status = 0, owner = NULL, publish_count = publish_count + 1, next_try_time = ?", due));
    return applied(State::kSending, false);
  }

  void tell(Connection& db) const {
    for (const auto& [how, ids] : changes_) {
      db.tell(kUpdate + how + sql(", update_time = ? WHERE msg_id IN (?)", now_, ids));
    }
    for (const auto& [how, rows] : claims_) {
      db.tell(kClaim + rows.text() + " ON DUPLICATE KEY UPDATE " + how +
              sql(", claim_token = VALUES(claim_token), update_time = ?", now_));
    }
    recipients_.tell(db);
  }
  [[nodiscard]] bool empty() const { return changes_.empty() && claims_.empty(); }

 private:
  [[nodiscard]] bool is_free(const Found& row) const {
    if (row.owner || rows::is_ahead(row.not_before, now_)) return false;
    if (row.status <= State::kSendFailed) return true;
    const bool waits = row.status == State::kConsumeFailed || row.status == State::kOutcomeUnknown;
    return waits && row.next_try_time && *row.next_try_time <= now_;
  }
  [[nodiscard]] static std::string times(const Found& row, const KnownTimes& known) {
    std::string text;
    if (row.lacks_publish_time && known.publish_time) text += sql(", publish_time = ?", *known.publish_time);
    if (row.lacks_confirm_time && known.confirm_time) text += sql(", confirm_time = ?", *known.confirm_time);
    return text;
  }
  [[nodiscard]] static Answer applied(State status, bool attempt_open) {
    return VerbAnswer{VerbAnswer::Kind::kApplied, status, attempt_open};
  }
  void change(const MessageId& id, const std::string& how) { changes_[how].add(id); }

  const WallTime now_;
  Ledger& ledger_;
  std::map<std::string, List> changes_;
  std::map<std::string, Tuples> claims_;
  RecipientLines recipients_;
};

bool has_usual_way(const Write& write) {
  if (const auto* claim = std::get_if<Claim>(&write)) {
    return !claim->want_body && !rows::is_dead_letter_copy(claim->id);
  }
  if (const auto* finish = std::get_if<Finish>(&write)) {
    return std::holds_alternative<Done>(finish->outcome) && rows::only_adds_recipients(*finish);
  }
  return std::holds_alternative<MarkSent>(write) || std::holds_alternative<Renew>(write) ||
         std::holds_alternative<BeginEffect>(write) || std::holds_alternative<Release>(write);
}

bool has_rare_values(const rows::Standing& r) { return r.not_before || r.retry_policy || r.headers || r.binary; }

void put(Inserter& inserter, const rows::Standing& r, const std::string& body) {
  Tuples& row = inserter.rows();
  row.begin();
  row.put(r.id);
  row.put(r.route);
  row.put(r.queue);
  row.put(r.append_token);
  row.put(r.publish_count);
  row.put(r.publish_boot);
  row.put(r.next_try_time);
  row.put(r.digest);
  row.put(r.content_type);
  row.put(r.binary ? std::string_view() : std::string_view(body));
  row.put(r.create_time);
  row.put(r.update_time);
  if (has_rare_values(r)) {
    row.put(r.not_before);
    row.put(r.retry_policy);
    row.put(r.headers);
    row.put(r.binary ? std::optional(Bytes{body}) : std::nullopt);
  }
  inserter.end_row();
}

/// False if one of the ids exists, or after a failure.
bool insert(Connection& db, Inserter& appends, Inserter& rare) {
  constexpr std::string_view kDuplicate = "1062";
  appends.send();
  rare.send();
  db.receive();
  auto failure = db.take_failure();
  if (!failure) return true;
  if (failure->error.code != kDuplicate) db.fail(*std::move(failure));
  return false;
}

/// The first attempt of a row has nothing to be told.
void tell_recipients(Connection& db, std::span<const Write* const> writes, rows::Answers& answers) {
  std::unordered_map<std::string_view, ClaimAnswer*> again;
  List ids;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const auto* claim = std::get_if<Claim>(writes[i]);
    if (claim == nullptr || !answers[i]) continue;
    auto& answer = std::get<ClaimAnswer>(answers[i]->value());
    if (answer.attempt == 1) continue;
    again.emplace(claim->id.value, &answer);
    ids.add(claim->id);
  }
  if (again.empty()) return;
  const Rows recipients = db.ask(recipients_of(ids));
  for (int i = 0; i < recipients.size(); ++i) {
    again.at(recipients.text(i, 0))->recipients.push_back(rows::recipient_from(recipients, i).record);
  }
}

/// `of` gives the write that names this row, and the place of its answer.
template <class Of>
void advance(Connection& db, const List& known, WallTime now, Ledger& ledger, const Of& of) {
  const Rows rows = db.ask(sql(kLook, known));
  if (db.failed()) return;
  Changes changes(now, ledger);
  for (int row = 0; row < rows.size(); ++row) {
    const Found found(rows, row);
    const auto [write, place] = of(rows.text(row, 0));
    auto answer = std::visit([&](const auto& verb) { return changes.apply(verb, found); }, *write);
    if (answer) *place = *std::move(answer);
  }
  ledger.has_written = ledger.has_written || !changes.empty();
  changes.tell(db);
}

}  // namespace

void run_hot_statements(Connection& db, rows::HeldRows& held, std::span<const Write* const> writes,
                        const rows::Moment& moment, rows::Answers& answers, Ledger& ledger) {
  // What was told before must not fail with the rows that are new.
  if (db.has_unsent()) db.receive();
  if (db.failed()) return;
  Inserter appends(db, head_of(db, kAppend), "");
  Inserter rare_appends(db, head_of(db, kAppendRare), "");
  std::vector<std::size_t> appended;
  List known;
  std::unordered_map<std::string_view, std::size_t> by_id;
  for (const std::size_t i : rows::single_writes(writes)) {
    const Write& write = *writes[i];
    const MessageId& id = rows::row_named_by(write);
    if (held.has(id)) continue;
    if (const auto* append = std::get_if<Append>(&write)) {
      if (append->key) continue;
      const auto row = rows::row_of(*append, moment.now, moment.body_max);
      if (!row.ok()) continue;
      put(has_rare_values(*row) ? rare_appends : appends, *row, append->message.body.bytes());
      appended.push_back(i);
    } else if (has_usual_way(write)) {
      known.add(id);
      by_id.emplace(id.value, i);
    }
  }
  if (!appended.empty() && insert(db, appends, rare_appends)) {
    ledger.has_written = true;
    for (const std::size_t i : appended) {
      const MessageId& id = rows::row_named_by(*writes[i]);
      answers[i] = Answer(AppendAnswer{AppendAnswer::Kind::kAccepted, id, State::kSending, moment.now});
    }
  }
  if (!known.empty() && !db.failed()) {
    ledger.has_read = true;
    advance(db, known, moment.now, ledger, [&](std::string_view id) {
      const std::size_t i = by_id.at(id);
      return std::pair(writes[i], &answers[i]);
    });
    if (!db.failed()) tell_recipients(db, writes, answers);
  }
}

}  // namespace waybill::mariadb
