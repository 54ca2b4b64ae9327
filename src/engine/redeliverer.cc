#include "engine/redeliverer.h"

#include <utility>

#include "base/log.h"
#include "engine/lapse_report.h"
#include "engine/refusal.h"

namespace waybill {
namespace {

Count count_of_taken(State from) {
  switch (from) {
    case State::kSent:
      return Count::kTakenSent;
    case State::kSendFailed:
      return Count::kTakenSendFailed;
    case State::kConsumeFailed:
      return Count::kTakenConsumeFailed;
    case State::kOutcomeUnknown:
      return Count::kTakenUnknown;
    case State::kSending:
    case State::kConsumed:
    case State::kDead:
    case State::kCancelled:
      break;  // the last three are never taken
  }
  return Count::kTakenSending;
}

}  // namespace

Redeliverer::Redeliverer(Loop& loop, LogLane& lane, const LogHealth& health, Publisher& publisher,
                         const EngineOptions& options, Metrics& metrics)
    : loop_(loop),
      lane_(lane),
      health_(health),
      publisher_(publisher),
      options_(options),
      metrics_(metrics),
      machine_(options),
      timer_(loop, [this] { wake(); }) {}

void Redeliverer::stop() {
  stopped_ = true;
  timer_.disarm();
}

void Redeliverer::hint() {
  machine_.on_hint();
  wake();
}

void Redeliverer::crashed_handled() {
  machine_.on_crashed_handled();
  hint();
}

RedelivererMoment Redeliverer::moment() const {
  const MonoTime now = loop_.now();
  return {now, health_.store_now(now), health_.may_lapse(now), publisher_.ready(), publisher_.room_for_due()};
}

void Redeliverer::wake() {
  if (stopped_) return;
  const auto at = moment();
  if (auto take = machine_.next(at, publisher_.survey())) {
    submit_for<TakeAnswer>(lane_, std::move(*take), at.now + options_.write_deadline,
                           [this, alive = alive_, asked = at.now](Result<TakeAnswer> answer) {
                             if (*alive) on_answer(std::move(answer), asked);
                           });
    return;
  }
  // While nothing can be published, or a take is under way, the publisher's hint or the answer wakes us.
  if (at.can_publish && at.room > 0 && !machine_.under_way()) timer_.arm(machine_.next_wake());
}

void Redeliverer::tell(const TakeAnswer& answer) {
  for (const TakenRow& row : answer.rows) {
    metrics_.add(count_of_taken(row.from));
    if (row.after_doubt) metrics_.add(Count::kExternalPossibleDuplicates);
  }
  metrics_.add(Count::kUnreadable, answer.unreadable.size());
  report_lapses(metrics_, "relay", "attempts lapsed", answer.lapsed, answer.ended);
}

void Redeliverer::on_answer(Result<TakeAnswer> answer, MonoTime asked) {
  if (stopped_) return;
  if (answer.ok()) {
    for (auto& [id, reason] : answer->unreadable) {
      refuse_unpublishable(lane_, loop_.now() + options_.write_deadline, std::move(id), std::move(reason));
    }
    tell(*answer);
    machine_.on_answer(*answer, moment());
    if (!answer->rows.empty()) publisher_.publish_due(std::move(answer->rows), asked);
  } else {
    machine_.on_no_answer(moment());
  }
  wake();
}

}  // namespace waybill
