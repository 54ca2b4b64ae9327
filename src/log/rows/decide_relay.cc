#include "log/rows/answers.h"
#include "log/rows/decide.h"

namespace waybill::rows {
namespace {

constexpr States kRefusable =
    set_of(State::kSending, State::kSendFailed, State::kConsumeFailed, State::kOutcomeUnknown);

// A foreign row is treated as `sending`, whatever its program wrote.
bool may_be_refused(const Standing& row) {
  if (row.owner || !row.next_try_time) return false;
  return kRefusable.has(row.status) || (row.status == State::kSent && row.foreign());
}

bool fits(const Standing& row, std::int64_t publish_number) {
  return row.status == State::kSending && row.publish_count == publish_number && publish_number > 0;
}

}  // namespace

Result<Answer> decide(WorkingSet& set, const Refuse& write) {
  WorkingRow& row = set.at(write.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return no_such_row();
  if (!may_be_refused(*row.now)) {
    return answer_of(row, row.now->status == State::kDead && row.history.last_kind() == kEventRefused);
  }
  Standing& r = set.edit(row);
  settle(r, State::kDead);
  r.last_error = for_people(write.reason);
  set.add_event(row, kEventRefused, r.attempt, write.reason);
  return answer_of(row, true);
}

Result<Answer> decide(WorkingSet& set, const MarkSent& write) {
  WorkingRow& row = set.at(write.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return no_such_row();
  if (!fits(*row.now, write.publish_number)) {
    return answer_of(row, row.now->status == State::kSent && row.now->publish_count == write.publish_number);
  }
  Standing& r = set.edit(row);
  r.status = State::kSent;
  r.confirm_time = write.confirm_time;
  if (!r.owner) r.next_try_time.reset();  // a claimed row's clock is its lease
  return answer_of(row, true);
}

Result<Answer> decide(WorkingSet& set, const MarkFailed& write) {
  WorkingRow& row = set.at(write.id);
  if (row.held_by_another) return left_out();
  if (!row.now) return no_such_row();
  if (!fits(*row.now, write.publish_number)) {
    return answer_of(row, row.now->status == State::kSendFailed && row.now->publish_count == write.publish_number);
  }
  Standing& r = set.edit(row);
  r.status = State::kSendFailed;
  r.last_error = for_people(write.error);
  if (!r.owner) r.next_try_time = due_at(r, set.now + write.backoff);
  set.add_event(row, write.kind, r.attempt, write.error);
  return answer_of(row, true);
}

bool decide_lost(WorkingSet& set, WorkingRow& row, const Lost& write) {
  if (!row.now || row.now->status != State::kSent || row.now->owner) return false;
  Standing& r = set.edit(row);
  r.status = State::kSendFailed;
  r.next_try_time = due_at(r, set.now);
  r.last_error = for_people(write.evidence);
  set.add_event(row, kEventLost, r.attempt, write.evidence);
  return true;
}

}  // namespace waybill::rows
