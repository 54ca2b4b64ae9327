// Rows whose next_try_time lies further ahead than their state explains, as a program leaves them that inserts local
// time, or a clock that stepped back.
#pragma once

#include <functional>

#include "log/sqlite/transaction.h"
#include "ports/log_writes.h"

namespace waybill::sqlite {

/// Makes such rows due now, but for those of the routes that are left alone. Bounded: looks at 10,000 entries of the
/// due index and goes on from there the next time. Open attempts only if they may lapse.
void pull_forward(Transaction& tx, const Sweep& sweep, bool with_owned,
                  const std::function<bool(const Route&)>& is_left_alone);

}  // namespace waybill::sqlite
