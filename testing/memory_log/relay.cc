#include <utility>

#include "testing/memory_log/batch.h"

namespace waybill {
namespace {

constexpr States kRefusable =
    set_of(State::kSending, State::kSendFailed, State::kConsumeFailed, State::kOutcomeUnknown);

// A foreign row is treated as `sending`, whatever its program wrote.
bool may_be_refused(const StoredRow& row, Phase phase) {
  return phase == Phase::kUnclaimed && (kRefusable.has(row.status) || (row.status == State::kSent && row.foreign()));
}

bool fits(const StoredRow& row, std::int64_t publish_number, const Batch& batch) {
  return (row.publish_count == publish_number && publish_number > 0) || batch.drop.mark_ignores_publish_number;
}

}  // namespace

Result<Answer> apply(const Refuse& write, Batch& batch) {
  StoredRow* row = batch.rows.find(write.id);
  if (row == nullptr) return Answer(no_such_row());
  const Phase phase = phase_of(*row, batch.now);
  const bool allowed = may_be_refused(*row, phase) || (batch.drop.refuse_open_attempt && row->owner);
  if (!allowed) {
    const bool again = row->status == State::kDead && batch.last_event_is(*row, kEventRefused);
    return Answer(answer_of(*row, again));
  }
  batch.change(*row, Verb::kRefuse, [&](StoredRow& r) {
    settle(r, State::kDead);
    r.last_error = write.reason;
  });
  batch.add_event(*row, kEventRefused, row->attempt, write.reason);
  return Answer(answer_of(*row, true));
}

Result<Answer> apply(const MarkSent& write, Batch& batch) {
  StoredRow* row = batch.rows.find(write.id);
  if (row == nullptr) return Answer(no_such_row());
  const bool expected = row->status == State::kSending || (batch.drop.late_confirm_overwrites_consumed && !row->owner);
  if (!expected || !fits(*row, write.publish_number, batch)) {
    const bool again = row->status == State::kSent && row->publish_count == write.publish_number;
    return Answer(answer_of(*row, again));
  }
  batch.change(*row, Verb::kMarkSent, [&](StoredRow& r) {
    r.status = State::kSent;
    r.confirm_time = write.confirm_time;
    if (!r.owner || batch.drop.mark_moves_lease) r.next_try_time.reset();
  });
  return Answer(answer_of(*row, true));
}

Result<Answer> apply(const MarkFailed& write, Batch& batch) {
  StoredRow* row = batch.rows.find(write.id);
  if (row == nullptr) return Answer(no_such_row());
  if (row->status != State::kSending || !fits(*row, write.publish_number, batch)) {
    const bool again = row->status == State::kSendFailed && row->publish_count == write.publish_number;
    return Answer(answer_of(*row, again));
  }
  batch.change(*row, Verb::kMarkFailed, [&](StoredRow& r) {
    r.status = State::kSendFailed;
    r.last_error = write.error;
    if (!r.owner || batch.drop.mark_moves_lease) r.next_try_time = batch.now + write.backoff;
  });
  batch.add_event(*row, write.kind, row->attempt, write.error);
  return Answer(answer_of(*row, true));
}

Result<Answer> apply(const Lost& write, Batch& batch) {
  std::vector<StoredRow*> lost;
  const auto is_lost = [&](const StoredRow& row) {
    const bool ahead = *row.confirm_time > batch.now + Lost::kAhead && !batch.drop.lost_spares_confirmed_ahead;
    const bool old_enough = !write.confirmed_before || *row.confirm_time < *write.confirmed_before || ahead ||
                            batch.drop.lost_ignores_confirm_time;
    return old_enough && (!write.published_not_by || row.publish_boot != *write.published_not_by);
  };
  const auto is_meant = [&](const QueueName& queue) {
    return !write.queue || *write.queue == queue || batch.drop.lost_takes_every_queue;
  };
  for (const auto& [queue, order] : batch.rows.waiting()) {
    if (!is_meant(queue)) continue;
    for (const auto& entry : order.entries()) {
      if (std::ssize(lost) == write.limit) break;
      if (entry.row->confirm_time && is_lost(*entry.row)) lost.push_back(entry.row);
    }
  }
  if (batch.drop.lost_takes_claimed) {
    for (const auto& entry : batch.rows.attempts().entries()) {
      if (entry.row->status == State::kSent && is_meant(*entry.row->queue)) lost.push_back(entry.row);
    }
  }
  for (StoredRow* row : lost) {
    batch.change(*row, Verb::kLost, [&](StoredRow& r) {
      r.status = State::kSendFailed;
      r.owner.reset();
      r.next_try_time = batch.now;
      r.last_error = write.evidence;
    });
    batch.add_event(*row, kEventLost, row->attempt, write.evidence);
  }
  return Answer(CountAnswer{static_cast<int>(lost.size())});
}

}  // namespace waybill
