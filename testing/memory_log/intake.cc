#include <algorithm>
#include <utility>

#include "testing/memory_log/batch.h"

namespace waybill {
namespace {

// The columns that every inserted row has; the verb adds its state.
StoredRow new_row(const Message& message, const Digest& digest, QueueName queue) {
  StoredRow row;
  row.message = message;
  row.digest = digest;
  row.queue = std::move(queue);
  return row;
}

// What the table's CHECK holds of every id, reserved ones too.
Status check_id(const MessageId& id) {
  constexpr std::ptrdiff_t kCharactersMax = 155;
  constexpr std::size_t kBytesMax = 255;
  const auto characters = std::ranges::count_if(id.value, [](unsigned char c) { return (c & 0xC0) != 0x80; });
  if (!id.value.empty() && characters <= kCharactersMax && id.value.size() <= kBytesMax && is_valid_utf8(id.value)) {
    return ok_status();
  }
  return make_error(ErrorClass::kPermanent, "a message id has 1 to 155 characters in at most 255 bytes of UTF-8");
}

// A schedule that has passed is none: the take that publishes the row nulls it.
std::optional<WallTime> still_ahead(std::optional<WallTime> not_before, WallTime now) {
  return not_before && *not_before > now ? not_before : std::nullopt;
}

// A row that another program inserted has no digest yet; its body decides.
bool has_digest(const StoredRow& row, const Digest& digest, const Batch& batch) {
  if (row.digest || batch.drop.append_conflicts_without_digest) return row.digest == digest;
  return sha256(row.message.body.bytes()) == digest;
}

// Of a row that was replayed, a time ahead may be the spread of many replays, which nobody who sends it asked for.
bool has_schedule(const StoredRow& row, const Append& write, const Batch& batch) {
  const auto known = still_ahead(row.message.not_before, batch.now);
  const auto asked = still_ahead(write.message.not_before, batch.now);
  const bool spread = batch.has_event(row, kEventReplayed) && !batch.drop.append_takes_a_spread_for_a_schedule;
  return known == asked || (!asked && spread);
}

bool is_same_message(const StoredRow& row, const Append& write, const Batch& batch) {
  return (has_digest(row, write.digest, batch) || batch.drop.append_ignores_digest) &&
         row.message.route == write.message.route && has_schedule(row, write, batch);
}

AppendAnswer about(const StoredRow& row, AppendAnswer::Kind kind) {
  return {kind, row.message.id, row.status, row.create_time};
}

AppendAnswer answer_by_key(const StoredKey& known, const Append& write, Batch& batch) {
  if (known.request != write.key->request && !batch.drop.append_ignores_key_request) {
    return {AppendAnswer::Kind::kKeyReused, known.id, State::kSending, batch.now};
  }
  if (const StoredRow* row = batch.rows.find(known.id)) return about(*row, AppendAnswer::Kind::kDuplicate);
  return {AppendAnswer::Kind::kDuplicate, known.id, known.pruned_as, batch.now};
}

AppendAnswer answer_by_row(StoredRow& row, const Append& write, Batch& batch) {
  if (batch.drop.append_overwrites_duplicate) {
    batch.rows.edit(row, [&](StoredRow& r) { r.message.body = write.message.body; });
    return about(row, AppendAnswer::Kind::kDuplicate);
  }
  if (write.id_generated && !batch.drop.append_takes_generated_id) return about(row, AppendAnswer::Kind::kIdTaken);
  if (!is_same_message(row, write, batch)) return about(row, AppendAnswer::Kind::kConflict);
  return about(row, AppendAnswer::Kind::kDuplicate);
}

AppendAnswer accept(const Append& write, Batch& batch) {
  StoredRow row = new_row(write.message, write.digest, write.queue);
  row.append_token = write.token;
  const auto scheduled = still_ahead(write.message.not_before, batch.now);
  if (scheduled && !batch.drop.append_rules_out_not_before) {
    row.next_try_time = scheduled;
  } else if (write.publish_now) {
    row.publish_count = 1;
    row.publish_boot = write.boot;
    row.next_try_time = batch.now + write.grace;
  } else {
    row.next_try_time = batch.now;
  }
  return about(batch.insert(std::move(row), Verb::kAppend), AppendAnswer::Kind::kAccepted);
}

}  // namespace

Result<Answer> apply(const Append& write, Batch& batch) {
  if (auto usable = check_id(write.message.id); !usable.ok()) return usable.error();
  StoredRow* row = batch.rows.find(write.message.id);
  if (row != nullptr && row->append_token == write.token) return Answer(about(*row, AppendAnswer::Kind::kAccepted));
  if (write.key) {
    const auto known = batch.rows.keys.find({write.key->endpoint, write.key->key});
    if (known != batch.rows.keys.end()) return Answer(answer_by_key(known->second, write, batch));
  }
  AppendAnswer answer = row != nullptr ? answer_by_row(*row, write, batch) : accept(write, batch);
  const bool success = answer.kind == AppendAnswer::Kind::kAccepted || answer.kind == AppendAnswer::Kind::kDuplicate;
  if (write.key && success && !batch.drop.append_forgets_key) {
    batch.rows.keys[{write.key->endpoint, write.key->key}] = {answer.id, write.key->request, batch.now};
  }
  return Answer(std::move(answer));
}

Result<Answer> apply(const Adopt& write, Batch& batch) {
  if (auto usable = check_id(write.message.id); !usable.ok()) return usable.error();
  Claim claim = write.claim;
  claim.id = write.message.id;
  claim.digest = write.digest;
  if (const StoredRow* row = batch.rows.find(write.message.id)) {
    const bool other = !row->digest && row->message.body != write.message.body && !batch.drop.adopt_compares_no_bodies;
    if (!other) return apply(claim, batch);
    return Answer(ClaimAnswer{.verdict = ClaimVerdict::kAnotherMessage, .store_now = batch.now});
  }
  StoredRow row = new_row(write.message, write.digest, claim.queue);
  // Others may be bound to the exchange it came by; its retries must reach our queue alone.
  row.message.route = {"", claim.queue.value};
  row.status = State::kSent;
  row.owner = claim.owner;
  row.claim_token = claim.token;
  row.attempt = 1;
  row.effect_begun = claim.effect_begun;
  row.next_try_time = batch.now + claim.lease;
  row.claim_time = batch.now;
  note(row, claim.times);
  const StoredRow& stored = batch.insert(std::move(row), Verb::kAdopt);
  return Answer(ClaimAnswer{.verdict = ClaimVerdict::kGranted,
                            .attempt = stored.attempt,
                            .retry = stored.message.retry,
                            .body = claim.want_body ? std::optional(stored.message.body) : std::nullopt,
                            .store_now = batch.now});
}

Result<Answer> apply(const Park& write, Batch& batch) {
  if (auto usable = check_id(write.message.id); !usable.ok()) return usable.error();
  if (const StoredRow* row = batch.rows.find(write.message.id)) {
    return Answer(answer_of(*row, row->status == State::kDead && row->digest == write.digest));
  }
  StoredRow row = new_row(write.message, write.digest, write.queue);
  row.status = State::kDead;
  row.message.not_before.reset();  // a dead row waits for nothing
  row.last_error = write.reason;
  const StoredRow& stored = batch.insert(std::move(row), Verb::kPark);
  batch.add_event(stored, kEventParked, 0, write.reason);
  return Answer(answer_of(stored, true));
}

}  // namespace waybill
