#include <algorithm>

#include "log/headers_json.h"
#include "log/sqlite/bodies.h"
#include "log/sqlite/events.h"
#include "log/sqlite/row_mapping.h"
#include "log/sqlite/verbs.h"

namespace waybill::sqlite {
namespace {

constexpr char kInsert[] =
    "INSERT INTO msg_log (msg_id, exchange, routing_key, status, next_try_time, create_time, update_time, queue, "
    "append_token, publish_count, publish_boot, not_before, digest, content_type, retry_policy, headers, last_error, "
    "msg, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18) "
    "ON CONFLICT (msg_id) DO NOTHING";

// What the verbs that insert differ in.
struct NewRow {
  State status = State::kSending;
  std::optional<WallTime> next_try_time;
  std::optional<Token> token;
  std::int64_t publish_count = 0;
  std::optional<BootNonce> boot;
  std::string_view last_error;
};

// False if the id exists or the row is refused.
bool insert_row(Transaction& tx, const Message& message, const Digest& digest, const QueueName& queue,
                const NewRow& row) {
  if (!is_valid_utf8(message.id.value)) tx.db.fail_statement("the message id is not valid UTF-8");
  if (message.body.size() > tx.body_max) {
    tx.db.fail_statement("the body has " + std::to_string(message.body.size()) + " bytes; the log takes at most " +
                         std::to_string(tx.body_max));
  }
  const BodyColumns body(message.body);
  std::optional<std::string> policy;
  if (message.retry) policy = to_string(*message.retry);
  const int inserted = tx.db.run(kInsert, message.id, message.route.exchange, message.route.routing_key,
                                 static_cast<int>(row.status), row.next_try_time, tx.now, queue, row.token,
                                 row.publish_count, row.boot, message.not_before, digest, message.content_type, policy,
                                 headers_to_json(message.headers), bounded(row.last_error), body.msg, body.body);
  if (inserted == 1) store_apart(tx, message.id, message.body);
  return inserted == 1;
}

// A schedule that has passed is none: the take that publishes the row nulls it.
std::optional<WallTime> still_ahead(std::optional<WallTime> not_before, WallTime now) {
  return not_before && *not_before > now ? not_before : std::nullopt;
}

bool insert_sending(Transaction& tx, const Append& write) {
  NewRow row{.token = write.token};
  if (const auto scheduled = still_ahead(write.message.not_before, tx.now)) {
    row.next_try_time = scheduled;
  } else if (write.publish_now) {
    row.next_try_time = tx.now + write.grace;
    row.publish_count = 1;
    row.boot = write.boot;
  } else {
    row.next_try_time = tx.now;
  }
  return insert_row(tx, write.message, write.digest, write.queue, row);
}

struct KnownRow {
  State status = State::kSending;
  WallTime create_time{};
  std::optional<std::int64_t> append_token;
  bool same_message = false;
};

// A foreign row carries no digest; its body decides.
bool has_digest(Transaction& tx, const Query& row, const Digest& digest) {
  if (const auto known = row.optional_digest(4)) return *known == digest;
  const auto body = load_body(tx.db, MessageId{row.string(9)}, row.integer(0), row.integer(5) != 0, tx.body_max);
  return body && sha256(body->bytes()) == digest;
}

// Of a row that was replayed, a time ahead may be the spread of many replays, which nobody who sends it asked for.
bool has_schedule(Transaction& tx, const Query& row, const Append& write) {
  const auto known = still_ahead(row.optional_time(8), tx.now);
  const auto asked = still_ahead(write.message.not_before, tx.now);
  return known == asked || (!asked && has_event(tx, write.message.id, kEventReplayed));
}

std::optional<KnownRow> read_known(Transaction& tx, const Append& write) {
  auto row = tx.db.query(
      "SELECT rowid, status, create_time, append_token, digest, body IS NOT NULL, exchange, routing_key, not_before, "
      "msg_id "
      "FROM msg_log WHERE msg_id = ?1",
      write.message.id);
  if (!row.next()) return std::nullopt;
  KnownRow known{.status = static_cast<State>(row.integer(1)), .create_time = row.time(2)};
  if (!row.is_null(3)) known.append_token = row.integer(3);
  const Route& route = write.message.route;
  known.same_message = row.text(6) == route.exchange && row.text(7) == route.routing_key &&
                       has_schedule(tx, row, write) && has_digest(tx, row, write.digest);
  return known;
}

bool is_own_earlier_run(const std::optional<KnownRow>& known, const Append& write) {
  return known && known->append_token == static_cast<std::int64_t>(write.token.value);
}

AppendAnswer answer(AppendAnswer::Kind kind, const MessageId& id, const KnownRow& known) {
  return {kind, id, known.status, known.create_time};
}

// Nothing if the key is new.
std::optional<AppendAnswer> answer_by_key(Transaction& tx, const Append& write) {
  auto key = tx.db.query(
      "SELECT k.request, k.msg_id, m.status, m.create_time, m.append_token, k.row_status FROM idempotency_key k "
      "LEFT JOIN msg_log m ON m.msg_id = k.msg_id WHERE k.endpoint = ?1 AND k.key = ?2",
      write.key->endpoint, write.key->key);
  if (!key.next()) return std::nullopt;
  const MessageId first{key.string(1)};
  if (key.optional_digest(0) != write.key->request) {
    return AppendAnswer{AppendAnswer::Kind::kKeyReused, first, State::kSending, tx.now};
  }
  if (key.is_null(2)) {
    return AppendAnswer{AppendAnswer::Kind::kDuplicate, first, static_cast<State>(key.integer(5)), tx.now};
  }
  const bool same_run =
      first == write.message.id && !key.is_null(4) && key.integer(4) == static_cast<std::int64_t>(write.token.value);
  return AppendAnswer{same_run ? AppendAnswer::Kind::kAccepted : AppendAnswer::Kind::kDuplicate, first,
                      static_cast<State>(key.integer(2)), key.time(3)};
}

AppendAnswer explain_existing(Transaction& tx, const Append& write) {
  const auto known = read_known(tx, write);
  if (!known) return {};  // only after a failure
  if (is_own_earlier_run(known, write)) return answer(AppendAnswer::Kind::kAccepted, write.message.id, *known);
  if (write.id_generated) return answer(AppendAnswer::Kind::kIdTaken, write.message.id, *known);
  return answer(known->same_message ? AppendAnswer::Kind::kDuplicate : AppendAnswer::Kind::kConflict, write.message.id,
                *known);
}

void remember_key(Transaction& tx, const Append& write, const MessageId& id) {
  tx.db.run(
      "INSERT INTO idempotency_key (endpoint, key, request, msg_id, create_time) VALUES (?1, ?2, ?3, ?4, ?5) "
      "ON CONFLICT DO NOTHING",
      write.key->endpoint, write.key->key, write.key->request, id, tx.now);
}

}  // namespace

AppendAnswer apply(Transaction& tx, const Append& write) {
  if (write.key) {
    if (auto known = answer_by_key(tx, write)) return *known;
  }
  AppendAnswer result{AppendAnswer::Kind::kAccepted, write.message.id, State::kSending, tx.now};
  if (!insert_sending(tx, write)) result = explain_existing(tx, write);
  const bool recorded = result.kind == AppendAnswer::Kind::kAccepted || result.kind == AppendAnswer::Kind::kDuplicate;
  if (write.key && recorded) remember_key(tx, write, result.id);
  return result;
}

VerbAnswer apply(Transaction& tx, const Park& write) {
  Message message = write.message;
  message.not_before.reset();  // a dead row waits for nothing
  const NewRow row{.status = State::kDead, .last_error = write.reason};
  if (insert_row(tx, message, write.digest, write.queue, row)) {
    add_event(tx, message.id, {kEventParked, 0, write.reason});
    return {VerbAnswer::Kind::kApplied, State::kDead, false};
  }
  auto known = tx.db.query("SELECT status, digest, owner IS NOT NULL FROM msg_log WHERE msg_id = ?1", message.id);
  if (!known.next()) return {};  // only after a failure
  const auto status = static_cast<State>(known.integer(0));
  const bool run_again = status == State::kDead && known.optional_digest(1) == write.digest;
  return {run_again ? VerbAnswer::Kind::kApplied : VerbAnswer::Kind::kRefused, status, known.integer(2) != 0};
}

}  // namespace waybill::sqlite
