// The part of the worker machine that carries one delivery from its claim to the durable record of its outcome.
#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/sha256.h"
#include "engine/worker_machine.h"

namespace waybill {
namespace {

constexpr Duration kAskAgain{200};

// After the attempt's end was reported, or the attempt was lost.
bool counts_late(const AttemptReport& report) {
  return std::holds_alternative<Done>(report.outcome) || !report.recipients.empty();
}

}  // namespace

bool WorkerMachine::valid(const Run& run, MonoTime now) const { return now - run.valid_from < limits_.lease * 2 / 3; }

void WorkerMachine::advance(Key key, const WorkerMoment& at) {
  const auto found = runs_.find(key);
  if (found == runs_.end()) return;
  Run& run = found->second;
  if (run.asked != Asked::kNothing || at.now < run.retry_at) return;
  if (!run.park_reason.empty()) return ask_park(key, run);
  if (!run.claimed) return ask_claim(key, run, at);
  if (run.report) return ask_finish(key, run);
  if (run.closed) {
    if (run.handling != Handling::kRunning) end(key, at);
    return;
  }
  const bool starts = run.handling == Handling::kNotStarted;
  if (run.release) return ask(key, run, Asked::kRelease, Release{run.fence, /*never_started=*/starts});
  const bool standing = valid(run, at.now);
  if (starts && standing && handler_free()) return start_handler(key, run, at);
  const bool wants_effect = run.effect == Effect::kWanted;
  if (wants_effect && standing) return ask(key, run, Asked::kBeginEffect, BeginEffect{run.fence});
  const bool renewal_due = at.now >= run.valid_from + limits_.lease / 3 && at.now < run.deadline;
  if (((starts || wants_effect) && !standing) || renewal_due) {
    return ask(key, run, Asked::kRenew, Renew{run.fence, limits_.lease});
  }
  if (!starts || std::exchange(run.ready, true)) return;
  run.ready_since = at.now;
  ready_.push_back(key);
}

void WorkerMachine::ask(Key key, Run& run, Asked what, Write write) {
  run.asked = what;
  const bool late = what == Asked::kFinish && run.closed;
  out_.emplace_back(Submit{key, std::move(write), run.mark ? run.mark->publish_number : 0, late});
}

void WorkerMachine::ask_claim(Key key, Run& run, const WorkerMoment& at) {
  if (!run.claim_sent) run.claim_sent = at.now;
  Claim claim;
  claim.id = run.fence.id;
  claim.token = run.fence.token;
  claim.owner = run.fence.owner;
  claim.queue = run.delivery.queue;
  claim.lease = limits_.lease;
  claim.effect_begun = !queues_.at(run.delivery.queue).marks_effect;
  claim.lapse = LapseRule{at.may_lapse, at.store_now, options_.crash_limit, options_.unknown, options_.dead_letter};
  if (run.mark) {
    claim.digest = run.mark->digest;
    claim.times.publish_time = run.mark->publish_time;
    claim.want_body = run.mark->body_in_log.has_value();
    claim.body_bytes = run.mark->body_in_log.value_or(0);
    return ask(key, run, Asked::kClaim, std::move(claim));
  }
  const Digest digest = sha256(run.delivery.body.bytes());
  claim.digest = digest;
  Message message{run.fence.id,
                  run.delivery.route,
                  run.delivery.body,
                  run.delivery.content_type,
                  without_mark(run.delivery.headers),
                  std::nullopt,
                  std::nullopt};
  ask(key, run, Asked::kClaim, Adopt{std::move(message), digest, std::move(claim)});
}

void WorkerMachine::ask_park(Key key, Run& run) {
  char fresh[40];
  std::snprintf(fresh, sizeof fresh, "parked/%016llx", static_cast<unsigned long long>(run.fence.token.value));
  Message message{MessageId{std::string(kReservedIdPrefix) + fresh},
                  run.delivery.route,
                  run.delivery.body,
                  run.delivery.content_type,
                  without_mark(run.delivery.headers),
                  std::nullopt,
                  std::nullopt};
  const Digest digest = sha256(run.delivery.body.bytes());
  ask(key, run, Asked::kPark, Park{std::move(message), digest, run.delivery.queue, run.park_reason});
}

const RetryPolicy& WorkerMachine::policy(const Run& run) const { return run.retry ? *run.retry : limits_.retry; }

Duration WorkerMachine::retry_delay(const Run& run) {
  const auto* retry = std::get_if<Retry>(&run.report->outcome);
  const auto least = retry != nullptr && !retry->uses_try ? RetryPolicy::kDelayMinWithoutTry : Duration{0};
  // The log's sweep takes a longer delay for a mistake.
  if (retry != nullptr && retry->after) return std::clamp(*retry->after, least, RetryPolicy::kDelayMax);
  const double chance = std::uniform_real_distribution<double>(0, 1)(random_);
  return std::max(least, policy(run).delay_after(run.try_count + 1, chance));
}

void WorkerMachine::ask_finish(Key key, Run& run) {
  Finish finish;
  finish.fence = run.fence;
  finish.outcome = run.report->outcome;
  finish.recipients = run.report->recipients;
  finish.delay = retry_delay(run);
  if (auto* retry = std::get_if<Retry>(&finish.outcome)) retry->after.reset();  // the delay says it, within its bounds
  finish.max_tries = policy(run).attempts;
  finish.unknown = options_.unknown;
  finish.dead_letter = options_.dead_letter;
  if (run.mark) finish.times.publish_time = run.mark->publish_time;
  ask(key, run, Asked::kFinish, std::move(finish));
}

WorkerMachine::Actions WorkerMachine::on_answer(Key key, Result<Answer> answer, MonoTime sent, const WorkerMoment& at) {
  const auto found = runs_.find(key);
  if (found == runs_.end()) return hand_over();
  Run& run = found->second;
  const Asked asked = std::exchange(run.asked, Asked::kNothing);
  if (!answer.ok()) {
    on_no_answer(key, run, asked, answer.error(), at);
    pump(at);
    return hand_over();
  }
  const auto applied = [&] { return std::get<VerbAnswer>(*answer).applied(); };
  switch (asked) {
    case Asked::kNothing:
      break;
    case Asked::kClaim:
      on_claimed(key, run, std::get<ClaimAnswer>(*answer), at);
      break;
    case Asked::kRenew:
      if (applied()) {
        run.valid_from = sent;
      } else {
        lose(key, run);
      }
      break;
    case Asked::kBeginEffect:
      if (applied()) {
        on_effect_recorded(key, run, at);
      } else {
        lose(key, run);
      }
      break;
    case Asked::kFinish:
      on_recorded(run);
      break;
    case Asked::kRelease:
      run.closed = true;
      run.release = false;
      answer_delivery(run);
      release_slot(run, at);
      break;
    case Asked::kPark:
      answer_delivery(run);
      end(key, at);
      break;
  }
  advance(key, at);
  pump(at);
  return hand_over();
}

void WorkerMachine::on_no_answer(Key key, Run& run, Asked asked, const Error& error, const WorkerMoment& at) {
  run.retry_at = at.now + kAskAgain;
  if (error.what != ErrorClass::kPermanent) return;
  // The log answered that this very write can never succeed; asking again would only repeat that.
  if (asked == Asked::kClaim && !run.mark) {
    run.park_reason = "foreign message that cannot be recorded: " + error.message;
  } else if (asked == Asked::kPark) {
    out_.emplace_back(Reject{run.delivery.tag, run.delivery.id, "it can neither be recorded nor parked"});
    acks_.forget(run.delivery.tag);
    return_credit(run.delivery);
    run.answered = true;
    end(key, at);
  } else if (asked == Asked::kClaim) {
    answer_delivery(run);
    end(key, at);
  } else {
    lose(key, run);
    run.report.reset();
  }
}

void WorkerMachine::on_claimed(Key key, Run& run, const ClaimAnswer& answer, const WorkerMoment& at) {
  if (run.mark && run.mark->publish_number < answer.publish_number) ++queues_.at(run.delivery.queue).originals_out;
  switch (answer.verdict) {
    case ClaimVerdict::kGranted:
      run.claimed = true;
      run.fence.attempt = answer.attempt;
      run.try_count = answer.try_count;
      run.retry = answer.retry;
      run.known = answer.recipients;
      run.valid_from = *run.claim_sent;
      run.deadline = at.now + limits_.before_effect;
      run.release = stopping_;
      if (run.mark && run.mark->body_in_log) take_body(run, answer);
      return;
    case ClaimVerdict::kAnotherMessage:
      run.park_reason = "another message under the known id '" + run.fence.id.value + "'";
      return;
    case ClaimVerdict::kUnknownId:
      run.park_reason = "row gone: the log knows no message '" + run.fence.id.value + "'";
      return;
    case ClaimVerdict::kFinished:
    case ClaimVerdict::kCancelled:
    case ClaimVerdict::kDead:
    case ClaimVerdict::kBusy:
    case ClaimVerdict::kOnHold:
    case ClaimVerdict::kNotDue:
      answer_delivery(run);
      end(key, at);
      return;
  }
}

// Whether they are the right bytes is checked where the handler runs.
void WorkerMachine::take_body(Run& run, const ClaimAnswer& answer) {
  if (answer.body) {
    run.delivery.body = *answer.body;
  } else {
    run.report = AttemptReport{Fail{"the message log gave no body for a message that is published without one"}};
  }
}

void WorkerMachine::start_handler(Key key, Run& run, const WorkerMoment& at) {
  const bool marks = queues_.at(run.delivery.queue).marks_effect;
  run.handling = Handling::kRunning;
  ++handling_;
  run.started = at.now;
  run.deadline = at.now + (marks ? limits_.before_effect : limits_.after_effect);
  run.effect = marks ? Effect::kNotBegun : Effect::kBegun;
  out_.emplace_back(
      Start{key, run.delivery.queue,
            Attempt{run.fence.id, run.fence.attempt, run.delivery.route, run.delivery.content_type,
                    without_mark(run.delivery.headers), std::move(run.delivery.body), std::move(run.known),
                    run.mark && run.mark->body_in_log ? run.mark->digest : std::nullopt}});
}

WorkerMachine::Actions WorkerMachine::on_begin_effect(Key key, const WorkerMoment& at) {
  const auto found = runs_.find(key);
  if (found == runs_.end() || found->second.closed || found->second.release || found->second.report) {
    out_.emplace_back(AnswerEffect{key, false});
    return hand_over();
  }
  if (found->second.effect == Effect::kBegun) {  // asked twice: what has begun stays so
    out_.emplace_back(AnswerEffect{key, valid(found->second, at.now)});
    return hand_over();
  }
  found->second.effect = Effect::kWanted;
  advance(key, at);
  return hand_over();
}

void WorkerMachine::on_effect_recorded(Key key, Run& run, const WorkerMoment& at) {
  if (run.effect != Effect::kWanted) return;  // it was denied meanwhile
  // Checked again after the commit: a slow one may have used the lease up. Then a renewal comes first.
  if (!valid(run, at.now)) return;
  run.effect = Effect::kBegun;
  run.deadline = at.now + limits_.after_effect;
  out_.emplace_back(AnswerEffect{key, true});
}

WorkerMachine::Actions WorkerMachine::on_finished(Key key, AttemptReport report, const WorkerMoment& at) {
  const auto found = runs_.find(key);
  if (found == runs_.end()) return hand_over();
  Run& run = found->second;
  run.handling = Handling::kReturned;
  const auto handled = std::chrono::duration_cast<Duration>(at.now - run.started);
  --handling_;
  release_slot(run, at);
  if (run.effect == Effect::kWanted) run.effect = Effect::kNotBegun;
  if (run.asked == Asked::kFinish) {
    // The deadline's report is on its way.
    if (counts_late(report)) run.late = std::move(report);
  } else if (!run.closed || counts_late(report)) {
    run.report = std::move(report);
  }
  advance(key, at);
  start_ready(handled, at);
  pump(at);
  return hand_over();
}

void WorkerMachine::on_recorded(Run& run) {
  run.closed = true;
  run.report = std::exchange(run.late, std::nullopt);
  answer_delivery(run);
}

void WorkerMachine::deny_effect(Key key, Run& run) {
  if (run.effect != Effect::kWanted) return;
  run.effect = Effect::kNotBegun;
  out_.emplace_back(AnswerEffect{key, false});
}

void WorkerMachine::lose(Key key, Run& run) {
  run.closed = true;
  deny_effect(key, run);
  if (run.report && !counts_late(*run.report)) run.report.reset();
  if (run.handling == Handling::kRunning) out_.emplace_back(CancelHandler{key});
  // The log drives the row from here; the delivery is of no more use.
  answer_delivery(run);
}

void WorkerMachine::answer_delivery(Run& run) {
  if (std::exchange(run.answered, true)) return;
  acks_.finish(run.delivery.tag);
  return_credit(run.delivery);
}

void WorkerMachine::return_credit(const Delivery& delivery) {
  Queue& queue = queues_.at(delivery.queue);
  if (delivery.tag.epoch == epoch_ && queue.unacknowledged > 0) --queue.unacknowledged;
}

void WorkerMachine::release_slot(Run& run, const WorkerMoment& at) {
  if (!std::exchange(run.slot, false)) return;
  --slots_used_;
  bodies_in_hand_ -= std::exchange(run.body_bytes, 0);
  if (slot_free()) slot_free_at_ = at.now;
  if (run.exclusive) exclusive_running_ = false;
  if (std::exchange(paused_, false)) subscribe_all(at);
}

void WorkerMachine::end(Key key, const WorkerMoment& at) {
  const auto found = runs_.find(key);
  release_slot(found->second, at);
  runs_.erase(found);
}

}  // namespace waybill
