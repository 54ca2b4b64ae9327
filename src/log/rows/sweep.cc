#include "log/rows/sweep.h"

#include <algorithm>

namespace waybill::rows {
namespace {

Duration longest_wait(const SweepEntry& row, const Sweep& sweep) {
  switch (row.status) {
    case State::kSendFailed:
      return row.foreign ? sweep.sending : sweep.send_failed;
    case State::kConsumeFailed:
    case State::kOutcomeUnknown:
      return sweep.retry;
    case State::kSending:
    case State::kSent:
    case State::kConsumed:
    case State::kDead:
    case State::kCancelled:
      break;
  }
  return sweep.sending;
}

}  // namespace

bool is_too_far(const SweepEntry& row, const Sweep& sweep, WallTime now) {
  const WallTime explained = now + longest_wait(row, sweep);
  return row.next_try_time > std::max(explained, row.not_before.value_or(explained));
}

}  // namespace waybill::rows
