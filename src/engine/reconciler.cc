#include "engine/reconciler.h"

#include <utility>

#include "base/log.h"

namespace waybill {
Reconciler::Reconciler(Loop& loop, LogLane& lane, const LogHealth& health, const Worker& worker,
                       const EngineOptions& options, Metrics& metrics, bool broker_forgets,
                       std::function<void()> on_driven)
    : loop_(loop),
      lane_(lane),
      health_(health),
      worker_(worker),
      options_(options),
      metrics_(metrics),
      on_driven_(std::move(on_driven)),
      machine_(options, broker_forgets),
      timer_(loop, [this] { round(); }),
      start_timer_(loop, [this] { judge_start(); }) {}

void Reconciler::start() {
  judge_start();
  timer_.arm(loop_.now() + options_.reconciler.round);
}

void Reconciler::stop() {
  stopped_ = true;
  timer_.disarm();
  start_timer_.disarm();
}

void Reconciler::judge_start() {
  const auto verdict = machine_.on_start();
  if (!verdict) return;
  carry_out(*verdict, [this, limit = verdict->limit](const CountAnswer& answer) {
    machine_.on_start_answer(answer.rows, limit);
    if (machine_.on_start()) judge_start();
  });
  start_timer_.arm(loop_.now() + options_.write_deadline);  // for the case that no answer comes
}

void Reconciler::carry_out(const Lost& verdict, std::function<void(const CountAnswer&)> done) {
  submit_for<CountAnswer>(
      lane_, verdict, loop_.now() + options_.write_deadline,
      [this, alive = alive_, verdict, done = std::move(done)](Result<CountAnswer> answer) {
        // Without an answer the next round finds the same evidence.
        if (!*alive || stopped_ || !answer.ok()) return;
        done(*answer);
        if (answer->rows == 0) return;
        metrics_.add(Count::kLost, static_cast<std::uint64_t>(answer->rows));
        log_event(verdict.queue ? LogLevel::kWarning : LogLevel::kInfo, "reconciler",
                  verdict.queue ? "the broker lost messages" : "messages of a former run are driven again",
                  {{"queue", verdict.queue ? verdict.queue->value : "*"},
                   {"rows", answer->rows},
                   {"evidence", verdict.evidence}});
        on_driven_();
      });
}

std::vector<QueueSight> Reconciler::sights() const {
  std::vector<QueueSight> sights;
  const MonoTime now = loop_.now();
  const WallTime store_now = health_.store_now(now);
  for (const auto& queue : options_.queues) {
    const auto view = worker_.view(queue);
    QueueSight sight{QueueFact{queue, options_.owner, view.oldest_in_hand, view.newest_out, std::nullopt},
                     view.originals_out};
    // Of a queue that nobody listens to nothing is judged.
    if (!view.subscribed) sight.fact.newest_out.reset();
    if (view.subscribed && view.credit) {
      sight.fact.idle_since = store_now - std::chrono::duration_cast<Duration>(now - view.quiet_since);
    }
    sights.push_back(std::move(sight));
  }
  return sights;
}

void Reconciler::round() {
  if (stopped_) return;
  timer_.arm(loop_.now() + options_.reconciler.round);
  auto seen = sights();
  ReportQueues report;
  report.owner = options_.owner;
  for (const auto& sight : seen) report.facts.push_back(sight.fact);
  report.fresh = options_.reconciler.round * 3;
  submit_for<QueueFactsAnswer>(lane_, std::move(report), loop_.now() + options_.write_deadline,
                               [this, alive = alive_, seen = std::move(seen)](Result<QueueFactsAnswer> facts) {
                                 if (!*alive || stopped_ || !facts.ok()) return;  // the next round asks again
                                 for (const Lost& verdict : machine_.on_facts(*facts, seen, loop_.now())) {
                                   carry_out(verdict, [this, queue = *verdict.queue](const CountAnswer& answer) {
                                     machine_.on_lost(queue, answer.rows, loop_.now());
                                   });
                                 }
                               });
}

}  // namespace waybill
