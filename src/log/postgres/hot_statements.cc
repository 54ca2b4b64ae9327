#include "log/postgres/hot_statements.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "log/postgres/recipients.h"
#include "log/rows/columns.h"
#include "log/rows/decide.h"

namespace waybill::postgres {
namespace {

constexpr Statement kAppend{
    "append",
    "INSERT INTO msg_log (msg_id, exchange, routing_key, queue, append_token, publish_count, publish_boot, "
    "next_try_time, not_before, digest, content_type, retry_policy, headers, msg, body, create_time, update_time) "
    "SELECT w.*, $16::timestamp, $16 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], "
    "$6::bigint[], $7::bigint[], $8::timestamp[], $9::timestamp[], $10::bytea[], $11::text[], $12::text[], "
    "$13::text[], $14::text[], $15::bytea[]) AS w ON CONFLICT (msg_id) DO NOTHING RETURNING msg_id"};

// What may become of a row that is known; numbers as the statement has them.
enum class Step { kMarkSent = 1, kClaim = 2, kDone = 3, kRenew = 4, kBeginEffect = 5, kRelease = 6 };

constexpr Statement kAdvance{
    "advance",
    "UPDATE msg_log m SET "
    "status = CASE w.step WHEN 1 THEN 1 WHEN 3 THEN 3 WHEN 6 THEN 0 ELSE m.status END, "
    "owner = CASE w.step WHEN 2 THEN w.owner WHEN 3 THEN NULL WHEN 6 THEN NULL ELSE m.owner END, "
    "attempt = CASE w.step WHEN 2 THEN m.attempt + 1 ELSE m.attempt END, "
    "claim_token = CASE w.step WHEN 2 THEN w.token ELSE m.claim_token END, "
    "outcome = CASE w.step WHEN 2 THEN NULL WHEN 3 THEN 0 ELSE m.outcome END, "
    "effect_begun = CASE w.step WHEN 2 THEN w.flag WHEN 5 THEN true ELSE m.effect_begun END, "
    "publish_count = CASE w.step WHEN 6 THEN m.publish_count + 1 ELSE m.publish_count END, "
    "next_try_time = CASE w.step WHEN 1 THEN CASE WHEN m.owner IS NOT NULL THEN m.next_try_time END "
    "WHEN 2 THEN w.until WHEN 4 THEN w.until WHEN 5 THEN m.next_try_time WHEN 6 THEN greatest($13, m.not_before) END, "
    "not_before = CASE w.step WHEN 2 THEN NULL ELSE m.not_before END, "
    "publish_time = coalesce(m.publish_time, w.published), "
    "confirm_time = CASE w.step WHEN 1 THEN w.confirmed ELSE coalesce(m.confirm_time, w.confirmed) END, "
    "claim_time = CASE w.step WHEN 2 THEN $13 ELSE m.claim_time END, "
    "consume_time = CASE w.step WHEN 3 THEN $13 ELSE m.consume_time END, "
    "digest = CASE w.step WHEN 2 THEN coalesce(m.digest, w.digest) ELSE m.digest END, "
    "queue = CASE w.step WHEN 2 THEN coalesce(m.queue, w.queue) ELSE m.queue END, "
    "result = CASE w.step WHEN 3 THEN w.result ELSE m.result END, update_time = $13 "
    "FROM unnest($1::text[], $2::smallint[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[], $7::timestamp[], "
    "$8::timestamp[], $9::timestamp[], $10::bytea[], $11::text[], $12::text[]) WITH ORDINALITY "
    "AS w (id, step, owner, token, number, flag, until, published, confirmed, digest, queue, result, place) "
    "WHERE m.msg_id = w.id AND CASE w.step "
    "WHEN 1 THEN m.status = 0 AND m.publish_count = w.number AND m.publish_count > 0 "
    "WHEN 2 THEN m.owner IS NULL AND (m.status <= 2 OR ((m.status = 4 OR m.status = 6) AND m.next_try_time <= $13)) "
    "AND (m.not_before IS NULL OR m.not_before <= $13) AND (m.digest IS NULL OR w.digest IS NULL "
    "OR m.digest = w.digest) "
    "WHEN 3 THEN m.owner = w.owner AND m.attempt = w.number AND m.attempt > m.replay_attempt "
    "AND m.status <> 3 AND m.status <> 5 AND m.status <> 7 "
    "WHEN 6 THEN m.owner = w.owner AND m.attempt = w.number AND (w.flag OR NOT m.effect_begun) "
    "ELSE m.owner = w.owner AND m.attempt = w.number END "
    "RETURNING w.place, m.status, m.owner IS NOT NULL, m.queue = '', m.attempt, m.try_count, m.crash_count, "
    "m.publish_count, m.retry_policy"};

/// The parameters of the one statement for rows that are known.
struct Advances {
  Array ids{Type::kText};
  Array steps{Type::kSmall};
  Array owners{Type::kText};
  Array tokens{Type::kBig};
  Array numbers{Type::kBig};
  Array flags{Type::kBool};
  Array until{Type::kTimestamp};
  Array published{Type::kTimestamp};
  Array confirmed{Type::kTimestamp};
  Array digests{Type::kBytes};
  Array queues{Type::kText};
  Array results{Type::kText};
  RecipientLines recipients;

  struct More {
    std::optional<std::string> owner;
    std::optional<Token> token;
    std::int64_t number = 0;
    bool flag = false;
    std::optional<WallTime> until;
    KnownTimes times;
    std::optional<Digest> digest;
    std::optional<QueueName> queue;
    std::optional<std::string> result;
  };
  void add(const MessageId& id, Step step, const More& more) {
    ids.add(id);
    steps.add(static_cast<int>(step));
    owners.add(more.owner);
    tokens.add(more.token);
    numbers.add(more.number);
    flags.add(more.flag);
    until.add(more.until);
    published.add(more.times.publish_time);
    confirmed.add(more.times.confirm_time);
    digests.add(more.digest);
    queues.add(more.queue);
    results.add(more.result);
  }

  // One overload for each verb that has a step; false: this write has to go by rows.
  template <class W>
  bool add(const W&, WallTime) {
    return false;
  }
  bool add(const MarkSent& write, WallTime) {
    add(write.id, Step::kMarkSent, {.number = write.publish_number, .times = {{}, write.confirm_time}});
    return true;
  }
  bool add(const Claim& write, WallTime now) {
    if (write.want_body || rows::is_dead_letter_copy(write.id)) return false;
    add(write.id, Step::kClaim,
        {.owner = to_string(write.owner),
         .token = write.token,
         .flag = write.effect_begun,
         .until = now + write.lease,
         .times = write.times,
         .digest = write.digest,
         .queue = write.queue});
    return true;
  }
  bool add(const Finish& write, WallTime now) {
    const auto* done = std::get_if<Done>(&write.outcome);
    if (done == nullptr || !rows::only_adds_recipients(write)) return false;
    recipients.add(write, now);
    add_fenced(write.fence, Step::kDone, {.times = write.times, .result = rows::for_people(done->result)});
    return true;
  }
  bool add(const Renew& write, WallTime now) {
    add_fenced(write.fence, Step::kRenew, {.until = now + write.lease});
    return true;
  }
  bool add(const BeginEffect& write, WallTime) {
    add_fenced(write.fence, Step::kBeginEffect, {});
    return true;
  }
  bool add(const Release& write, WallTime) {
    add_fenced(write.fence, Step::kRelease, {.flag = write.never_started});
    return true;
  }
  void add_fenced(const Fence& fence, Step step, More more) {
    more.owner = to_string(fence.owner);
    more.number = fence.attempt;
    add(fence.id, step, more);
  }

  [[nodiscard]] Params params(WallTime now) const {
    Params params;
    for (const Array* column : {&ids, &steps, &owners, &tokens, &numbers, &flags, &until, &published, &confirmed,
                                &digests, &queues, &results}) {
      params.add(*column);
    }
    params.add(now);
    return params;
  }
};

/// Likewise for new rows.
struct Appends {
  Array ids{Type::kText};
  Array exchanges{Type::kText};
  Array routing_keys{Type::kText};
  Array queues{Type::kText};
  Array tokens{Type::kBig};
  Array publish_counts{Type::kBig};
  Array boots{Type::kBig};
  Array next_try_times{Type::kTimestamp};
  Array not_before{Type::kTimestamp};
  Array digests{Type::kBytes};
  Array content_types{Type::kText};
  Array policies{Type::kText};
  Array headers{Type::kText};
  Array texts{Type::kText};
  Array bodies{Type::kBytes};

  void add(const rows::Standing& r, const std::string& body) {
    ids.add(r.id);
    exchanges.add(r.route.exchange);
    routing_keys.add(r.route.routing_key);
    queues.add(r.queue);
    tokens.add(r.append_token);
    publish_counts.add(r.publish_count);
    boots.add(r.publish_boot);
    next_try_times.add(r.next_try_time);
    not_before.add(r.not_before);
    digests.add(r.digest);
    content_types.add(r.content_type);
    policies.add(r.retry_policy);
    headers.add(r.headers);
    texts.add(r.binary ? std::string_view() : std::string_view(body));
    bodies.add(r.binary ? std::optional<std::string_view>(body) : std::nullopt);
  }

  [[nodiscard]] Params params(WallTime now) const {
    Params params;
    for (const Array* column :
         {&ids, &exchanges, &routing_keys, &queues, &tokens, &publish_counts, &boots, &next_try_times, &not_before,
          &digests, &content_types, &policies, &headers, &texts, &bodies}) {
      params.add(*column);
    }
    params.add(now);
    return params;
  }
};

Answer answer_to(const Write& write, const Rows& rows, int at, WallTime now) {
  const auto status = static_cast<State>(rows.small(at, 1));
  if (std::holds_alternative<Claim>(write)) {
    ClaimAnswer answer{.verdict = ClaimVerdict::kGranted,
                       .attempt = rows.small(at, 4),
                       .try_count = rows.small(at, 5),
                       .crash_count = rows.small(at, 6),
                       .publish_number = rows.integer(at, 7),
                       .store_now = now};
    if (!rows.is_null(at, 8)) {
      if (auto policy = parse_retry_policy(rows.text(at, 8)); policy.ok()) answer.retry = *std::move(policy);
    }
    return answer;
  }
  if (std::holds_alternative<Finish>(write)) return FinishAnswer{FinishAnswer::Kind::kRecorded, status, false};
  return VerbAnswer{VerbAnswer::Kind::kApplied, status, rows.boolean(at, 2)};
}

/// The first attempt of a row has nothing to be told.
void tell_recipients(Connection& db, std::span<const Write* const> writes, rows::Answers& answers) {
  std::unordered_map<std::string_view, ClaimAnswer*> again;
  Array ids(Type::kText);
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const auto* claim = std::get_if<Claim>(writes[i]);
    if (claim == nullptr || !answers[i]) continue;
    auto& answer = std::get<ClaimAnswer>(answers[i]->value());
    if (answer.attempt == 1) continue;
    again.emplace(claim->id.value, &answer);
    ids.add(claim->id);
  }
  if (again.empty()) return;
  const Rows recipients = ask_recipients(db, ids);
  for (int i = 0; i < recipients.size(); ++i) {
    again.at(recipients.text(i, 0))->recipients.push_back(rows::recipient_from(recipients, i).record);
  }
}

void count(const Write& write, const Rows& rows, int at, FinishedChanges& finished) {
  const bool external = !rows.is_null(at, 3) && rows.boolean(at, 3);
  if (std::holds_alternative<Finish>(write)) {
    ++finished[State::kConsumed];
  } else if (std::holds_alternative<MarkSent>(write)) {
    if (external && !rows.boolean(at, 2)) ++finished[State::kSent];
  } else if (std::holds_alternative<Claim>(write)) {
    if (external && static_cast<State>(rows.small(at, 1)) == State::kSent) --finished[State::kSent];
  }
}

}  // namespace

void run_hot_statements(Connection& db, rows::HeldRows& held, std::span<const Write* const> writes,
                        const rows::Moment& moment, rows::Answers& answers, FinishedChanges& finished) {
  Appends appends;
  Advances advances;
  std::unordered_map<std::string_view, std::size_t> appended;
  std::vector<std::size_t> advanced;
  for (const std::size_t i : rows::single_writes(writes)) {
    const Write& write = *writes[i];
    if (held.has(rows::row_named_by(write))) continue;
    if (const auto* append = std::get_if<Append>(&write)) {
      if (append->key) continue;
      const auto row = rows::row_of(*append, moment.now, moment.body_max);
      if (!row.ok()) continue;
      appends.add(*row, append->message.body.bytes());
      appended.emplace(append->message.id.value, i);
    } else if (std::visit([&](const auto& verb) { return advances.add(verb, moment.now); }, write)) {
      advanced.push_back(i);
    }
  }
  if (!appended.empty()) db.send(kAppend, appends.params(moment.now));
  if (!advanced.empty()) {
    db.send(kAdvance, advances.params(moment.now));
    advances.recipients.send_of_consumed(db);
  }
  const auto results = db.receive();
  if (db.failed()) return;
  for (int at = 0; !appended.empty() && at < results[0].size(); ++at) {
    const std::size_t i = appended.at(results[0].text(at, 0));
    answers[i] = Answer(AppendAnswer{AppendAnswer::Kind::kAccepted, std::get<Append>(*writes[i]).message.id,
                                     State::kSending, moment.now});
  }
  if (advanced.empty()) return;
  const Rows& rows = results[appended.empty() ? 0 : 1];
  for (int at = 0; at < rows.size(); ++at) {
    const std::size_t i = advanced[static_cast<std::size_t>(rows.integer(at, 0)) - 1];
    answers[i] = answer_to(*writes[i], rows, at, moment.now);
    count(*writes[i], rows, at, finished);
  }
  tell_recipients(db, writes, answers);
}

}  // namespace waybill::postgres
