// The fields of everything that a recording carries, listed once for both ways: `io("name", field)` writes or reads
// one. Each list takes its value apart by a structured binding, so a field that is added to the port and forgotten here
// does not compile. For write_json.cc alone.
#pragma once

#include <string_view>
#include <type_traits>

#include "ports/message_log.h"

namespace waybill::recording {

/// `T` or `const T`: what is written is constant, what is read is not.
template <class W, class T>
concept Is = std::is_same_v<std::remove_const_t<W>, T>;

// ---- parts ----------------------------------------------------------------------------------------------------------

template <Is<Route> W, class Io>
void fields(W& value, Io& io) {
  auto& [exchange, routing_key] = value;
  io("exchange", exchange);
  io("routing_key", routing_key);
}

template <Is<Message> W, class Io>
void fields(W& value, Io& io) {
  auto& [id, route, body, content_type, headers, retry, not_before] = value;
  io("id", id);
  io("route", route);
  io("body", body);
  io("content_type", content_type);
  io("headers", headers);
  io("retry", retry);
  io("not_before", not_before);
}

template <Is<LapseRule> W, class Io>
void fields(W& value, Io& io) {
  auto& [allowed, expected_now, crash_limit, unknown, dead_letter] = value;
  io("allowed", allowed);
  io("expected_now", expected_now);
  io("crash_limit", crash_limit);
  io("unknown", unknown);
  io("dead_letter", dead_letter);
}

template <Is<Fence> W, class Io>
void fields(W& value, Io& io) {
  auto& [id, owner, attempt, token] = value;
  io("id", id);
  io("owner", owner);
  io("attempt", attempt);
  io("token", token);
}

template <Is<KnownTimes> W, class Io>
void fields(W& value, Io& io) {
  auto& [publish_time, confirm_time] = value;
  io("publish_time", publish_time);
  io("confirm_time", confirm_time);
}

template <Is<IdempotencyKey> W, class Io>
void fields(W& value, Io& io) {
  auto& [endpoint, key, request] = value;
  io("endpoint", endpoint);
  io("key", key);
  io("request", request);
}

template <Is<Sweep> W, class Io>
void fields(W& value, Io& io) {
  auto& [sending, send_failed, retry, lease] = value;
  io("sending", sending);
  io("send_failed", send_failed);
  io("retry", retry);
  io("lease", lease);
}

template <Is<QueueFact> W, class Io>
void fields(W& value, Io& io) {
  auto& [queue, owner, oldest_in_hand, newest_out, idle_since] = value;
  io("queue", queue);
  io("owner", owner);
  io("oldest_in_hand", oldest_in_hand);
  io("newest_out", newest_out);
  io("idle_since", idle_since);
}

template <Is<Done> W, class Io>
void fields(W& value, Io& io) {
  auto& [result] = value;
  io("result", result);
}

template <Is<Retry> W, class Io>
void fields(W& value, Io& io) {
  auto& [error, after, uses_try] = value;
  io("error", error);
  io("after", after);
  io("uses_try", uses_try);
}

template <Is<Fail> W, class Io>
void fields(W& value, Io& io) {
  auto& [error] = value;
  io("error", error);
}

template <Is<Unknown> W, class Io>
void fields(W& value, Io& io) {
  auto& [detail] = value;
  io("detail", detail);
}

/// Of a row only the nine columns that another program inserts.
template <Is<Row> W, class Io>
void fields(W& row, Io& io) {
  io("id", row.message.id);
  io("body", row.message.body);
  io("route", row.message.route);
  io("status", row.status);
  io("try_count", row.try_count);
  io("next_try_time", row.next_try_time);
  io("create_time", row.create_time);
  io("update_time", row.update_time);
}

// ---- intake and relay -----------------------------------------------------------------------------------------------

template <Is<Append> W, class Io>
void fields(W& value, Io& io) {
  auto& [message, digest, queue, publish_now, grace, boot, token, id_generated, key] = value;
  io("message", message);
  io("digest", digest);
  io("queue", queue);
  io("publish_now", publish_now);
  io("grace", grace);
  io("boot", boot);
  io("token", token);
  io("id_generated", id_generated);
  io("key", key);
}

template <Is<Take> W, class Io>
void fields(W& value, Io& io) {
  auto& [boot, grace, max_rows, max_bytes, max_body, carry_max, max_routes, routes, closed, after, sweep, with_crashed,
         lapse] = value;
  io("boot", boot);
  io("grace", grace);
  io("max_rows", max_rows);
  io("max_bytes", max_bytes);
  io("max_body", max_body);
  io("carry_max", carry_max);
  io("max_routes", max_routes);
  io("routes", routes);
  io("closed", closed);
  io("after", after);
  io("sweep", sweep);
  io("with_crashed", with_crashed);
  io("lapse", lapse);
}

template <Is<Refuse> W, class Io>
void fields(W& value, Io& io) {
  auto& [id, reason] = value;
  io("id", id);
  io("reason", reason);
}

template <Is<MarkSent> W, class Io>
void fields(W& value, Io& io) {
  auto& [id, publish_number, confirm_time] = value;
  io("id", id);
  io("publish_number", publish_number);
  io("confirm_time", confirm_time);
}

template <Is<MarkFailed> W, class Io>
void fields(W& value, Io& io) {
  auto& [id, publish_number, backoff, error, kind] = value;
  io("id", id);
  io("publish_number", publish_number);
  io("backoff", backoff);
  io("error", error);
  io("kind", kind);
}

template <Is<Lost> W, class Io>
void fields(W& value, Io& io) {
  auto& [queue, confirmed_before, published_not_by, limit, evidence] = value;
  io("queue", queue);
  io("confirmed_before", confirmed_before);
  io("published_not_by", published_not_by);
  io("limit", limit);
  io("evidence", evidence);
}

// ---- worker ---------------------------------------------------------------------------------------------------------

template <Is<Claim> W, class Io>
void fields(W& value, Io& io) {
  auto& [id, digest, token, owner, queue, lease, effect_begun, want_body, body_bytes, times, lapse] = value;
  io("id", id);
  io("digest", digest);
  io("token", token);
  io("owner", owner);
  io("queue", queue);
  io("lease", lease);
  io("effect_begun", effect_begun);
  io("want_body", want_body);
  io("body_bytes", body_bytes);
  io("times", times);
  io("lapse", lapse);
}

template <Is<Renew> W, class Io>
void fields(W& value, Io& io) {
  auto& [fence, lease] = value;
  io("fence", fence);
  io("lease", lease);
}

template <Is<BeginEffect> W, class Io>
void fields(W& value, Io& io) {
  auto& [fence] = value;
  io("fence", fence);
}

template <Is<Release> W, class Io>
void fields(W& value, Io& io) {
  auto& [fence, never_started] = value;
  io("fence", fence);
  io("never_started", never_started);
}

template <Is<RecipientOutcome> W, class Io>
void fields(W& value, Io& io) {
  auto& [fate, code, enhanced, text] = value;
  io("fate", fate);
  io("code", code);
  io("enhanced", enhanced);
  io("text", text);
}

template <Is<RecipientRecord> W, class Io>
void fields(W& value, Io& io) {
  auto& [address, outcome, relay] = value;
  io("address", address);
  io("outcome", outcome);
  io("relay", relay);
}

template <Is<Finish> W, class Io>
void fields(W& value, Io& io) {
  auto& [fence, outcome, recipients, delay, max_tries, unknown, dead_letter, times] = value;
  io("fence", fence);
  io("outcome", outcome);
  io("recipients", recipients);
  io("delay", delay);
  io("max_tries", max_tries);
  io("unknown", unknown);
  io("dead_letter", dead_letter);
  io("times", times);
}

template <Is<Adopt> W, class Io>
void fields(W& value, Io& io) {
  auto& [message, digest, claim] = value;
  io("message", message);
  io("digest", digest);
  io("claim", claim);
}

template <Is<Park> W, class Io>
void fields(W& value, Io& io) {
  auto& [message, digest, queue, reason] = value;
  io("message", message);
  io("digest", digest);
  io("queue", queue);
  io("reason", reason);
}

template <Is<LapseOwner> W, class Io>
void fields(W& value, Io& io) {
  auto& [successor, limit, rule] = value;
  io("successor", successor);
  io("limit", limit);
  io("rule", rule);
}

// ---- people and instances -------------------------------------------------------------------------------------------

template <Is<Cancel> W, class Io>
void fields(W& value, Io& io) {
  auto& [id] = value;
  io("id", id);
}

template <Is<Reschedule> W, class Io>
void fields(W& value, Io& io) {
  auto& [id, not_before] = value;
  io("id", id);
  io("not_before", not_before);
}

template <Is<Hold> W, class Io>
void fields(W& value, Io& io) {
  auto& [id, reason] = value;
  io("id", id);
  io("reason", reason);
}

template <Is<Resolve> W, class Io>
void fields(W& value, Io& io) {
  auto& [id, happened] = value;
  io("id", id);
  io("happened", happened);
}

template <Is<Replay> W, class Io>
void fields(W& value, Io& io) {
  auto& [id, again, after] = value;
  io("id", id);
  io("again", again);
  io("after", after);
}

template <Is<Prune> W, class Io>
void fields(W& value, Io& io) {
  auto& [age, limit] = value;
  io("age", age);
  io("limit", limit);
}

template <Is<LeaseNode> W, class Io>
void fields(W& value, Io& io) {
  auto& [owner, lease] = value;
  io("owner", owner);
  io("lease", lease);
}

template <Is<ReportQueues> W, class Io>
void fields(W& value, Io& io) {
  auto& [owner, facts, fresh] = value;
  io("owner", owner);
  io("facts", facts);
  io("fresh", fresh);
}

}  // namespace waybill::recording
