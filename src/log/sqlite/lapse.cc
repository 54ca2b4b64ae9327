#include "log/sqlite/lapse.h"

#include "core/headers.h"
#include "log/headers_json.h"
#include "log/sqlite/bodies.h"
#include "log/sqlite/events.h"

namespace waybill::sqlite {
namespace {

constexpr std::string_view kCopyPrefix = "waybill.dead/";
static_assert(kCopyPrefix.starts_with(kReservedIdPrefix));

constexpr char kToSending[] =
    "UPDATE msg_log SET status = 0, owner = NULL, claim_token = NULL, crash_count = crash_count + 1, "
    "lapse_count = lapse_count + effect_begun, publish_count = publish_count + 1, "
    "next_try_time = max(?3, ifnull(not_before, ?3)), update_time = ?3 "
    "WHERE msg_id = ?1 AND owner IS NOT NULL AND attempt = ?2";

constexpr char kToRest[] =
    "UPDATE msg_log SET status = ?4, owner = NULL, claim_token = NULL, crash_count = crash_count + 1, "
    "lapse_count = lapse_count + effect_begun, next_try_time = NULL, update_time = ?3, "
    "last_error = CASE WHEN ?4 = 5 THEN ?5 ELSE last_error END "
    "WHERE msg_id = ?1 AND owner IS NOT NULL AND attempt = ?2";

State state_after(const OpenAttempt& attempt, const LapseRule& rule) {
  if (rule.crash_limit > 0 && attempt.crash_count + 1 >= rule.crash_limit) return State::kDead;
  if (attempt.effect_begun && rule.unknown == UnknownPolicy::kHold) return State::kOutcomeUnknown;
  return State::kSending;
}

}  // namespace

bool may_lapse(const Transaction& tx, const LapseRule& rule) {
  constexpr Duration kStepMax{1'000};
  if (!rule.allowed) return false;
  return !rule.expected_now || std::chrono::abs(tx.now - *rule.expected_now) <= kStepMax;
}

State lapse(Transaction& tx, const OpenAttempt& attempt, const LapseRule& rule) {
  const State to = state_after(attempt, rule);
  const int ended = to == State::kSending
                        ? tx.db.run(kToSending, attempt.id, attempt.number, tx.now)
                        : tx.db.run(kToRest, attempt.id, attempt.number, tx.now, static_cast<int>(to), kNeverFinished);
  if (ended == 0) return to;  // only after a failure: the row was read in this transaction
  add_event(tx, attempt.id, {kEventLapsed, attempt.number, attempt.effect_begun ? "effect begun" : "effect not begun"});
  if (to == State::kDead) copy_to_dead_letters(tx, attempt.id, attempt.number, rule.dead_letter);
  return to;
}

std::vector<LapsedRow> lapse_all(Transaction& tx, const std::vector<OpenAttempt>& attempts, const LapseRule& rule) {
  std::vector<LapsedRow> ended;
  for (const OpenAttempt& attempt : attempts) {
    const State to = lapse(tx, attempt, rule);
    if (to != State::kSending) ended.push_back({attempt.id, to});
  }
  return ended;
}

void copy_to_dead_letters(Transaction& tx, const MessageId& dead, std::int32_t attempt,
                          const std::optional<Route>& dead_letter) {
  if (!dead_letter) return;
  Headers headers;
  {
    auto row = tx.db.query("SELECT headers FROM msg_log WHERE msg_id = ?1 AND queue <> ''", dead);
    if (!row.next()) return;
    // Headers that cannot be read are left behind: the copy must not fail for them.
    headers = headers_from_json(row.is_null(0) ? "[]" : row.text(0)).value_or(Headers{});
  }
  headers.emplace_back(kHeaderDeadOf, dead.value);
  // The id may be as long as ids can be, so the copy's holds a digest of it.
  const auto id = std::string(kCopyPrefix) + to_hex(sha256(dead.value + "#" + std::to_string(attempt)));
  const int inserted = tx.db.run(
      "INSERT INTO msg_log (msg_id, exchange, routing_key, status, next_try_time, create_time, update_time, queue, "
      "digest, content_type, headers, msg, body) "
      "SELECT ?2, ?3, ?4, 0, ?5, ?5, ?5, '', digest, content_type, ?6, msg, body FROM msg_log WHERE msg_id = ?1 "
      "ON CONFLICT (msg_id) DO NOTHING",
      dead, id, dead_letter->exchange, dead_letter->routing_key, tx.now, headers_to_json(headers));
  if (inserted == 1) copy_apart(tx, dead, id);
}

bool is_dead_letter_copy(const MessageId& id) { return id.value.starts_with(kCopyPrefix); }

}  // namespace waybill::sqlite
