#include "log/headers_json.h"
#include "log/sqlite/bodies.h"
#include "log/sqlite/lapse.h"
#include "log/sqlite/recipients.h"
#include "log/sqlite/row_mapping.h"
#include "log/sqlite/standing.h"
#include "log/sqlite/verbs.h"

namespace waybill::sqlite {
namespace {

constexpr char kFindForClaim[] =
    "SELECT rowid, status = 1 AND owner IS NULL AND queue = '', attempt, try_count, crash_count, publish_count, "
    "retry_policy FROM msg_log WHERE msg_id = ?1";

constexpr char kClaim[] =
    "UPDATE msg_log SET owner = ?3, claim_token = ?4, outcome = NULL, attempt = attempt + 1, effect_begun = ?5, "
    "next_try_time = ?6, not_before = NULL, digest = ifnull(digest, ?7), queue = ifnull(queue, ?8), claim_time = ?2, "
    "update_time = ?2, "
    "publish_time = ifnull(publish_time, ?9), confirm_time = ifnull(confirm_time, ?10) "
    "WHERE rowid = ?1 AND owner IS NULL "
    "AND (status <= 2 OR ((status = 4 OR status = 6) AND next_try_time <= ?2)) "
    "AND (not_before IS NULL OR not_before <= ?2) AND (digest IS NULL OR ?7 IS NULL OR digest = ?7)";

// A run again finds its attempt and makes the lease new, for its worker counts the lease from this run.
constexpr char kClaimAgain[] =
    "UPDATE msg_log SET next_try_time = ?5, update_time = ?4 "
    "WHERE msg_id = ?1 AND owner = ?2 AND claim_token = ?3";

constexpr char kAdopt[] =
    "INSERT INTO msg_log (msg_id, exchange, routing_key, status, next_try_time, create_time, update_time, queue, "
    "owner, "
    "attempt, claim_token, effect_begun, publish_time, confirm_time, claim_time, digest, content_type, retry_policy, "
    "headers, msg, body) "
    "VALUES (?1, '', ?2, 1, ?3, ?4, ?4, ?2, ?5, 1, ?6, ?7, ?8, ?9, ?4, ?10, ?11, ?12, ?13, ?14, ?15) "
    "ON CONFLICT (msg_id) DO NOTHING";

// The body of a granted row whose delivery carried none.
std::optional<Body> body_of(Transaction& tx, const MessageId& id, std::int64_t rowid) {
  bool in_body_column = false;
  {
    auto row = tx.db.query("SELECT body IS NOT NULL FROM msg_log WHERE rowid = ?1", rowid);
    if (!row.next()) return std::nullopt;  // only after a failure
    in_body_column = row.integer(0) != 0;
  }
  return load_body(tx.db, id, rowid, in_body_column, tx.body_max);
}

// A row that another program inserted has no digest yet: then the bodies themselves are compared.
bool has_other_body(Transaction& tx, const Message& message) {
  std::int64_t rowid = 0;
  {
    auto row = tx.db.query("SELECT rowid FROM msg_log WHERE msg_id = ?1 AND digest IS NULL", message.id);
    if (!row.next()) return false;
    rowid = row.integer(0);
  }
  const auto body = body_of(tx, message.id, rowid);
  const bool text = is_stored_as_text(message.body);
  return body && (body->binary() == text || body->bytes() != message.body.bytes());
}

std::optional<ClaimAnswer> try_claim(Transaction& tx, const Claim& write) {
  ClaimAnswer answer{.verdict = ClaimVerdict::kGranted, .store_now = tx.now};
  std::int64_t rowid = 0;
  bool finished = false;
  {
    auto row = tx.db.borrowing_query(kFindForClaim, write.id);
    if (!row.next()) return std::nullopt;
    rowid = row.integer(0);
    finished = row.integer(1) != 0;
    answer.attempt = row.small(2) + 1;
    answer.try_count = row.small(3);
    answer.crash_count = row.small(4);
    answer.publish_number = row.integer(5);
    answer.retry = policy_of(row, 6);
  }
  if (tx.db.run(kClaim, rowid, tx.now, tx.owners.of(write.owner), write.token, write.effect_begun, tx.now + write.lease,
                write.digest, write.queue, write.times.publish_time, write.times.confirm_time) == 0) {
    return std::nullopt;
  }
  if (finished) tx.finished.leave(State::kSent);
  if (write.want_body) answer.body = body_of(tx, write.id, rowid);
  if (answer.attempt > 1) answer.recipients = recipients_of(tx, write.id);
  return answer;
}

ClaimVerdict why_refused(const Standing& row) {
  if (row.owner) return ClaimVerdict::kBusy;
  if (row.on_hold()) return ClaimVerdict::kOnHold;
  switch (row.status) {
    case State::kConsumed:
      return ClaimVerdict::kFinished;
    case State::kDead:
      return ClaimVerdict::kDead;
    case State::kCancelled:
      return ClaimVerdict::kCancelled;
    case State::kSending:
    case State::kSent:
    case State::kSendFailed:
    case State::kConsumeFailed:
    case State::kOutcomeUnknown:
      break;
  }
  return ClaimVerdict::kNotDue;
}

ClaimAnswer answer_for(const Standing& row, ClaimVerdict verdict, const Transaction& tx) {
  return {.verdict = verdict,
          .attempt = row.attempt,
          .try_count = row.try_count,
          .crash_count = row.crash_count,
          .publish_number = row.publish_count,
          .retry = row.retry,
          .store_now = tx.now};
}

ClaimAnswer claim_again(Transaction& tx, const Claim& write, const Standing& row) {
  tx.db.run(kClaimAgain, write.id, tx.owners.of(write.owner), write.token, tx.now, tx.now + write.lease);
  auto answer = answer_for(row, ClaimVerdict::kGranted, tx);
  if (write.want_body) answer.body = load_body(tx.db, write.id, row.rowid, row.in_body_column, tx.body_max);
  if (answer.attempt > 1) answer.recipients = recipients_of(tx, write.id);
  return answer;
}

// The row was not simply free: it is told why, after a lapsed attempt has been ended.
ClaimAnswer claim_or_explain(Transaction& tx, const Claim& write) {
  auto row = read_standing(tx, write.id);
  if (!row) return {.verdict = ClaimVerdict::kUnknownId, .store_now = tx.now};
  if (row->digest && write.digest && *row->digest != *write.digest) {
    return answer_for(*row, ClaimVerdict::kAnotherMessage, tx);
  }
  if (is_dead_letter_copy(write.id)) return answer_for(*row, ClaimVerdict::kDead, tx);
  if (row->owner == tx.owners.of(write.owner) && row->claim_token == static_cast<std::int64_t>(write.token.value)) {
    return claim_again(tx, write, *row);
  }
  std::optional<LapsedRow> lapsed;
  if (row->owner && row->next_try_time <= tx.now && may_lapse(tx, write.lapse)) {
    const OpenAttempt attempt{write.id, row->attempt, row->effect_begun, row->crash_count};
    lapsed = LapsedRow{write.id, lapse(tx, attempt, write.lapse)};
    if (lapsed->status == State::kSending) {
      if (auto granted = try_claim(tx, write)) {
        granted->lapsed = std::move(lapsed);
        return *std::move(granted);
      }
    }
    row = read_standing(tx, write.id);
    if (!row) return {};  // only after a failure
  }
  auto answer = answer_for(*row, why_refused(*row), tx);
  answer.lapsed = std::move(lapsed);
  return answer;
}

}  // namespace

ClaimAnswer apply(Transaction& tx, const Claim& write) {
  if (!is_dead_letter_copy(write.id)) {
    if (auto granted = try_claim(tx, write)) return *granted;
  }
  return claim_or_explain(tx, write);
}

ClaimAnswer apply(Transaction& tx, const Adopt& write) {
  const Message& message = write.message;
  Claim claim = write.claim;
  claim.id = message.id;
  claim.digest = write.digest;
  if (!is_valid_utf8(message.id.value)) tx.db.fail_statement("the message id is not valid UTF-8");
  if (message.body.size() > tx.body_max) {
    tx.db.fail_statement("the body has " + std::to_string(message.body.size()) + " bytes; the log takes at most " +
                         std::to_string(tx.body_max));
  }
  const BodyColumns body(message.body);
  std::optional<std::string> policy;
  if (message.retry) policy = to_string(*message.retry);
  // The default exchange leads to our queue alone: others that are bound to the exchange it came by must not get its
  // retries (protocol, section 3).
  const int inserted =
      tx.db.run(kAdopt, message.id, claim.queue, tx.now + claim.lease, tx.now, tx.owners.of(claim.owner), claim.token,
                claim.effect_begun, claim.times.publish_time, claim.times.confirm_time, write.digest,
                message.content_type, policy, headers_to_json(message.headers), body.msg, body.body);
  if (inserted == 0) {
    if (has_other_body(tx, message)) return ClaimAnswer{.verdict = ClaimVerdict::kAnotherMessage, .store_now = tx.now};
    return apply(tx, claim);
  }
  store_apart(tx, message.id, message.body);
  ClaimAnswer answer{.verdict = ClaimVerdict::kGranted, .attempt = 1, .retry = message.retry, .store_now = tx.now};
  if (claim.want_body) answer.body = message.body;
  return answer;
}

}  // namespace waybill::sqlite
