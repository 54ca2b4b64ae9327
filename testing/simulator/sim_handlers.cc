#include "testing/simulator/sim_handlers.h"

#include <tuple>
#include <utility>

#include "testing/simulator/recipients.h"

namespace waybill::sim {

SimHandlers::SimHandlers(SimNode& node, const Plan& plan, const EngineOptions& options, Audit& audit, Script script,
                         CrashProbe probe, std::function<void()> crash, const Lies& lies)
    : node_(node),
      marks_(plan.marks_effect),
      running_max_(plan.options.worker.concurrency_max),
      options_(options),
      audit_(audit),
      script_(std::move(script)),
      probe_(std::move(probe)),
      crash_(std::move(crash)),
      lies_(lies) {}

void SimHandlers::later(Duration delay, Task task) {
  node_.call_at(node_.now() + delay, [alive = alive_, task = std::move(task)] {
    if (*alive) task();
  });
}

void SimHandlers::start(std::uint64_t key, const QueueName& /*queue*/, Attempt attempt, Callbacks callbacks) {
  if (++running_ > running_max_) audit_.violation(node_.name() + " runs more handlers than it may");
  auto job = std::make_shared<Job>();
  job->key = key;
  std::tie(job->act, job->takes) = script_(attempt);
  job->open = open_recipients(attempt.id, attempt.recipients);
  job->told = std::move(attempt.recipients);
  job->id = std::move(attempt.id);
  if (lies_.effect_under_another_id) job->id.value += "'";
  job->attempt = attempt.number;
  job->callbacks = std::move(callbacks);
  if (!marks_) let_begin(*job);
  later(job->act == Act::kSlow ? job->takes + Duration{2'500} : job->takes, [this, job] { work(job); });
}

void SimHandlers::did(const Job& job) { ++audit_.coverage().acts[static_cast<std::size_t>(job.act)]; }

void SimHandlers::work(const std::shared_ptr<Job>& job) {
  const bool settled = job->open.empty() && !recipients_of(job->id).empty();
  if (settled && job->act != Act::kCrashBefore) return finish(job, outcome_for(job->id, job->told, {}));
  switch (job->act) {
    case Act::kRetry:
      did(*job);
      return finish_with(job, RecipientFate::kTryAgain, Retry{"the plan says retry", std::nullopt});
    case Act::kNoWay:
      did(*job);
      return finish(job, Retry{"the plan says no way", Duration{0}, false});
    case Act::kFail:
      did(*job);
      return finish_with(job, RecipientFate::kRefused, Fail{kPlannedFailure});
    case Act::kUnknownNot:
      did(*job);
      return finish_with(job, RecipientFate::kUnknown, Unknown{"the plan says unknown"});
    case Act::kCrashBefore:
      did(*job);
      return crash_();
    case Act::kHang:
      // A handler that hangs before its effect finds the gate closed when it comes back.
      return later(options_.worker.before_effect + options_.worker.after_effect + Duration{1'000}, [this, job] {
        did(*job);
        marks_ ? begin(job) : finish(job, Retry{"hung", std::nullopt});
      });
    case Act::kDone:
    case Act::kSlow:
    case Act::kUnknownDone:
    case Act::kHangAfter:
    case Act::kCrashAfter:
    case Act::kPartly:
      break;
  }
  marks_ ? begin(job) : effect(job);
}

void SimHandlers::begin(const std::shared_ptr<Job>& job) {
  if (probe_(node_, CrashPoint::kBeforeEffect)) return;
  job->callbacks.on_begin_effect([this, alive = alive_, job](bool proceed) {
    if (!*alive) return;
    if ((!proceed || cancelled_[job->key]) && !lies_.gate_ignored) {
      return later(Duration{1}, [this, job] { finish(job, Retry{"the gate was closed", std::nullopt}); });
    }
    const auto go_on = [this, job] {
      let_begin(*job);
      if (probe_(node_, CrashPoint::kAfterBeginEffect)) return;
      later(Duration{1}, [this, job] { effect(job); });
    };
    lies_.stale_start ? later(options_.worker.lease, go_on) : go_on();
  });
}

void SimHandlers::let_begin(Job& job) {
  // Protocol, section 4: only in the first two thirds of the lease.
  if (lies_.handled_twice)
    static_cast<void>(audit_.effects().begins(job.id, options_.owner, job.attempt, node_.now(), {}));
  job.begun = audit_.effects().begins(job.id, options_.owner, job.attempt, node_.now(), options_.worker.lease * 2 / 3);
}

RecipientFate SimHandlers::fate_of(const Job& job, std::size_t open) {
  if (job.act != Act::kPartly || open == 0) return RecipientFate::kDelivered;
  return open == 1 ? RecipientFate::kTryAgain : RecipientFate::kRefused;
}

void SimHandlers::happens(const Job& job) {
  audit_.effects().happens(job.begun);
  for (std::size_t i = 0; i < job.open.size(); ++i) {
    if (fate_of(job, i) == RecipientFate::kDelivered) audit_.effects().delivers(job.begun, job.open[i]);
  }
}

void SimHandlers::effect(const std::shared_ptr<Job>& job) {
  if (!marks_ && (probe_(node_, CrashPoint::kBeforeEffect) || probe_(node_, CrashPoint::kAfterBeginEffect))) return;
  if (!lies_.done_without_effect) happens(*job);
  if (lies_.effect_twice) happens(*job);
  if (probe_(node_, CrashPoint::kAfterEffect)) return;
  if (job->act != Act::kHangAfter && job->act != Act::kHang) did(*job);
  if (job->act == Act::kCrashAfter) return crash_();
  if (job->act == Act::kUnknownDone) {
    return finish_with(job, RecipientFate::kUnknown, Unknown{"the plan says unknown, and it happened"});
  }
  if (job->act == Act::kHangAfter) {
    return later(options_.worker.after_effect + Duration{500} + job->takes * 8, [this, job] {
      did(*job);
      finish_with(job, RecipientFate::kDelivered, Done{"late"});
    });
  }
  for (std::size_t i = 0; i < job->open.size(); ++i) {
    job->recorded.push_back(recorded_as(job->open[i], fate_of(*job, i)));
  }
  finish(job, job->open.empty() ? Done{"done"} : outcome_for(job->id, job->told, job->recorded));
}

void SimHandlers::finish_with(const std::shared_ptr<Job>& job, RecipientFate fate, HandlerOutcome outcome) {
  for (const std::string& address : job->open) job->recorded.push_back(recorded_as(address, fate));
  if (!job->open.empty()) outcome = outcome_for(job->id, job->told, job->recorded);
  finish(job, std::move(outcome));
}

void SimHandlers::finish(const std::shared_ptr<Job>& job, HandlerOutcome outcome) {
  cancelled_.erase(job->key);
  --running_;
  job->callbacks.on_finished({std::move(outcome), std::move(job->recorded)});
}

}  // namespace waybill::sim
