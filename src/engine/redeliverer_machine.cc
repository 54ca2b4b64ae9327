#include "engine/redeliverer_machine.h"

#include <algorithm>

namespace waybill {

std::optional<Take> RedelivererMachine::next(const RedelivererMoment& at, const RouteBreaker::Survey& survey) {
  if (under_way_ || !at.can_publish || at.room == 0) return std::nullopt;
  if (!hinted_ && at.now < next_) return std::nullopt;
  hinted_ = false;
  under_way_ = true;
  Take take;
  take.boot = options_.owner.boot;
  take.grace = options_.publisher.grace;
  take.max_rows = std::min(at.room, kRowsMax);
  take.carry_max = options_.publisher.carry_max;
  take.routes = options_.routes;
  take.closed = survey;
  take.after = after_;
  take.lapse = LapseRule{at.may_lapse, at.store_now, options_.crash_limit, options_.unknown, options_.dead_letter};
  // One crashed row is on its way at a time; the worker gives the others every second turn.
  take.with_crashed = !crashed_until_ || at.now >= *crashed_until_;
  if (at.now >= next_sweep_) {
    next_sweep_ = at.now + kSweepEvery;
    take.sweep = sweep();
  }
  return take;
}

// What another instance writes while a take is under way is later than the take's own time: nothing counts as a mistake
// that a take as long as a lease explains.
Sweep RedelivererMachine::sweep() const {
  const Duration slack = options_.worker.lease;
  Sweep sweep;
  sweep.sending = options_.publisher.grace + slack;
  sweep.send_failed = options_.publisher.backoff_longest * 3 / 2 + slack;
  sweep.retry = RetryPolicy::kDelayMax + slack;
  sweep.lease = options_.worker.lease + slack;
  return sweep;
}

void RedelivererMachine::on_answer(const TakeAnswer& answer, const RedelivererMoment& at) {
  under_way_ = false;
  after_ = answer.last_route;
  const bool crashed = std::ranges::any_of(answer.rows, [](const TakenRow& row) { return row.crash_count > 0; });
  if (crashed) crashed_until_ = at.now + options_.publisher.grace;
  next_ = at.now + options_.poll;
  if (answer.more) next_ = at.now;
  // A round of several takes rests until the next poll, or the log would do nothing but go round.
  if (answer.partial) return;
  // Compared as wall times: another program may have written a due time thousands of years ahead.
  if (answer.next_due && *answer.next_due > at.store_now && *answer.next_due < at.store_now + options_.poll) {
    next_ = std::min(next_, at.now + (*answer.next_due - at.store_now));
  }
}

void RedelivererMachine::on_no_answer(const RedelivererMoment& at) {
  under_way_ = false;
  next_ = at.now + options_.poll;
}

}  // namespace waybill
