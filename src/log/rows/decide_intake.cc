#include <algorithm>

#include "log/headers_json.h"
#include "log/rows/answers.h"
#include "log/rows/decide.h"

namespace waybill::rows {
namespace {

Error refused(std::string why) { return make_error(ErrorClass::kPermanent, std::move(why)); }

// What the table's CHECKs would say of an id, and what no store may be asked to keep. Sizes are looked at before
// anything is sent.
Status check(const Message& message, std::size_t body_max) {
  constexpr std::ptrdiff_t kCharactersMax = 155;
  constexpr std::size_t kBytesMax = 255;
  const std::string& id = message.id.value;
  if (!is_valid_utf8(id) || id.find('\0') != std::string::npos) {
    return refused("the message id is not valid UTF-8 without NUL");
  }
  const auto characters = std::count_if(id.begin(), id.end(), [](unsigned char c) { return (c & 0xC0U) != 0x80U; });
  if (id.empty() || characters > kCharactersMax || id.size() > kBytesMax) {
    return refused("a message id has 1 to 155 characters in at most 255 bytes");
  }
  if (message.body.size() > body_max) {
    return refused("the body has " + std::to_string(message.body.size()) + " bytes; the log takes at most " +
                   std::to_string(body_max));
  }
  return ok_status();
}

// Those of deliveries that others made may hold any bytes; a row for people must not fail for them.
Standing new_standing(WallTime now, const Message& message, const Digest& digest, const QueueName& queue) {
  Standing row;
  row.id = message.id;
  row.route = {as_utf8(message.route.exchange), as_utf8(message.route.routing_key)};
  row.content_type = as_utf8(message.content_type);
  if (message.retry) row.retry_policy = to_string(*message.retry);
  if (auto json = headers_to_json(message.headers)) row.headers = as_utf8(*json);
  row.binary = !is_stored_as_text(message.body);
  row.create_time = now;
  row.update_time = now;
  row.digest = digest;
  row.queue = queue;
  return row;
}

void insert(WorkingRow& row, Standing standing, const Body& body) {
  row.now = std::move(standing);
  row.content = body;
}

// A schedule that has passed is none: the take that publishes the row nulls it.
std::optional<WallTime> still_ahead(std::optional<WallTime> not_before, WallTime now) {
  return is_ahead(not_before, now) ? not_before : std::nullopt;
}

// A foreign row carries no digest; its body decides.
bool has_digest(const WorkingRow& row, const Digest& digest) {
  return row.now->digest ? *row.now->digest == digest : row.body_digest == digest;
}

// Of a row that was replayed, a time ahead may be the spread of many replays, which nobody who sends it asked for.
bool has_schedule(const WorkingSet& set, const WorkingRow& row, const Append& write) {
  const auto known = still_ahead(row.now->not_before, set.now);
  const auto asked = still_ahead(write.message.not_before, set.now);
  return known == asked || (!asked && row.history.has(kEventReplayed));
}

bool is_same_message(const WorkingSet& set, const WorkingRow& row, const Append& write) {
  return row.now->route == write.message.route && has_schedule(set, row, write) && has_digest(row, write.digest);
}

AppendAnswer about(const Standing& row, AppendAnswer::Kind kind) { return {kind, row.id, row.status, row.create_time}; }

Standing sending(const Append& write, WallTime now) {
  Standing r = new_standing(now, write.message, write.digest, write.queue);
  r.append_token = write.token;
  r.next_try_time = now;
  r.not_before = write.message.not_before;
  if (is_ahead(r.not_before, now)) {
    r.next_try_time = r.not_before;
  } else if (write.publish_now) {
    r.next_try_time = now + write.grace;
    r.publish_count = 1;
    r.publish_boot = write.boot;
  }
  return r;
}

AppendAnswer accept(const WorkingSet& set, WorkingRow& row, const Append& write) {
  insert(row, sending(write, set.now), write.message.body);
  return about(*row.now, AppendAnswer::Kind::kAccepted);
}

AppendAnswer answer_known(const WorkingSet& set, const WorkingRow& row, const Append& write) {
  using Kind = AppendAnswer::Kind;
  if (row.now->append_token == write.token) return about(*row.now, Kind::kAccepted);
  if (write.id_generated) return about(*row.now, Kind::kIdTaken);
  return about(*row.now, is_same_message(set, row, write) ? Kind::kDuplicate : Kind::kConflict);
}

KnownKey::FirstRow first_row(const Standing& row) { return {row.status, row.create_time, row.append_token}; }

AppendAnswer answer_by_key(WorkingSet& set, KnownKey known, const Append& write) {
  using Kind = AppendAnswer::Kind;
  if (known.request != write.key->request) return {Kind::kKeyReused, known.first, State::kSending, set.now};
  if (const auto found = set.rows.find(known.first); found != set.rows.end() && found->second.now) {
    known.row = first_row(*found->second.now);
  }
  if (!known.row) return {Kind::kDuplicate, known.first, known.pruned_as, set.now};
  const bool run_again = known.first == write.message.id && known.row->append_token == write.token;
  return {run_again ? Kind::kAccepted : Kind::kDuplicate, known.first, known.row->status, known.row->create_time};
}

}  // namespace

Result<Standing> row_of(const Append& write, WallTime now, std::size_t body_max) {
  if (Status usable = check(write.message, body_max); !usable.ok()) return usable.error();
  return sending(write, now);
}

Result<Answer> decide(WorkingSet& set, const Append& write) {
  if (Status usable = check(write.message, set.body_max); !usable.ok()) return usable.error();
  WorkingRow& row = set.at(write.message.id);
  std::optional<KeyName> key;
  if (write.key) {
    key = KeyName{write.key->endpoint, write.key->key};
    if (const auto known = set.keys.find(*key); known != set.keys.end()) {
      return Answer(answer_by_key(set, known->second, write));
    }
  }
  if (row.held_by_another) return left_out();
  AppendAnswer answer = row.now ? answer_known(set, row, write) : accept(set, row, write);
  const bool recorded = answer.kind == AppendAnswer::Kind::kAccepted || answer.kind == AppendAnswer::Kind::kDuplicate;
  if (key && recorded) set.keys[*key] = {write.key->request, answer.id, first_row(*row.now), answer.status, true};
  return Answer(std::move(answer));
}

Result<Answer> decide(WorkingSet& set, const Adopt& write) {
  if (Status usable = check(write.message, set.body_max); !usable.ok()) return usable.error();
  Claim claim = write.claim;
  claim.id = write.message.id;
  claim.digest = write.digest;
  WorkingRow& row = set.at(write.message.id);
  if (row.held_by_another) return left_out();
  if (row.now) {
    // A row that another program inserted has no digest yet: then the bodies themselves are compared.
    const bool same_body = row.body_digest == write.digest && row.now->binary == !is_stored_as_text(write.message.body);
    if (row.now->digest || same_body) return decide(set, claim);
    return Answer(ClaimAnswer{.verdict = ClaimVerdict::kAnotherMessage, .store_now = set.now});
  }
  Standing r = new_standing(set.now, write.message, write.digest, claim.queue);
  // The default exchange leads to our queue alone: others that are bound to the exchange it came by must not get its
  // retries (protocol, section 3).
  r.route = {"", claim.queue.value};
  r.status = State::kSent;
  r.owner = to_string(claim.owner);
  r.claim_token = claim.token;
  r.attempt = 1;
  r.effect_begun = claim.effect_begun;
  r.next_try_time = set.now + claim.lease;
  r.claim_time = set.now;
  note(r, claim.times);
  insert(row, std::move(r), write.message.body);
  ClaimAnswer answer{
      .verdict = ClaimVerdict::kGranted, .attempt = 1, .retry = write.message.retry, .store_now = set.now};
  if (claim.want_body) answer.body = write.message.body;
  return Answer(std::move(answer));
}

Result<Answer> decide(WorkingSet& set, const Park& write) {
  if (Status usable = check(write.message, set.body_max); !usable.ok()) return usable.error();
  WorkingRow& row = set.at(write.message.id);
  if (row.held_by_another) return left_out();
  if (row.now) return answer_of(row, row.now->status == State::kDead && row.now->digest == write.digest);
  Standing r = new_standing(set.now, write.message, write.digest, write.queue);
  r.status = State::kDead;
  r.last_error = for_people(write.reason);
  insert(row, std::move(r), write.message.body);
  set.add_event(row, kEventParked, 0, write.reason);
  return answer_of(row, true);
}

}  // namespace waybill::rows
