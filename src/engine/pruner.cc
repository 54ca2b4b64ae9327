#include "engine/pruner.h"

namespace waybill {

Pruner::Pruner(Loop& loop, LogLane& lane, const LogHealth& health, const EngineOptions& options)
    : loop_(loop), lane_(lane), health_(health), options_(options), timer_(loop, [this] { prune(); }) {}

void Pruner::start() { timer_.arm(loop_.now() + kEvery); }

void Pruner::stop() {
  stopped_ = true;
  timer_.disarm();
}

void Pruner::prune() {
  if (stopped_) return;
  const MonoTime now = loop_.now();
  timer_.arm(now + kEvery);
  const auto step = health_.last_step();
  if (step && now - *step < kAfterStep) return;
  submit_for<CountAnswer>(lane_, Prune{options_.prune_age, kBatch}, now + options_.write_deadline,
                          [this, alive = alive_](Result<CountAnswer> answer) {
                            if (!*alive || stopped_ || !answer.ok()) return;
                            if (answer->rows >= kBatch) timer_.arm(loop_.now() + kBetweenBatches);
                          });
}

}  // namespace waybill
