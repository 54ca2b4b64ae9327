#include "engine/pruner.h"

namespace waybill {

Pruner::Pruner(Loop& loop, LogLane& lane, const LogHealth& health, const EngineOptions& options, Metrics& metrics)
    : loop_(loop), lane_(lane), health_(health), options_(options), metrics_(metrics), timer_(loop, [this] {
        prune();
      }) {}

bool Pruner::must_wait(const LogHealth& health, MonoTime now) {
  const auto step = health.last_step();
  return step && now - *step < kAfterStep;
}

void Pruner::start() { timer_.arm(loop_.now() + kEvery); }

void Pruner::stop() {
  stopped_ = true;
  timer_.disarm();
}

void Pruner::prune() {
  if (stopped_) return;
  const MonoTime now = loop_.now();
  timer_.arm(now + kEvery);
  if (must_wait(health_, now)) return;
  submit_for<CountAnswer>(lane_, Prune{options_.prune_age, kBatch}, now + options_.write_deadline,
                          [this, alive = alive_](Result<CountAnswer> answer) {
                            if (!*alive || stopped_ || !answer.ok()) return;
                            metrics_.add(Count::kPruned, static_cast<std::uint64_t>(answer->rows));
                            if (answer->rows >= kBatch) timer_.arm(loop_.now() + kBetweenBatches);
                          });
}

}  // namespace waybill
