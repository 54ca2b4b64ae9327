// The relay's take over a RowStore: pulls forward what stands too far ahead, ends what lapsed, then goes round the
// routes with a bounded share for each.
#pragma once

#include <functional>
#include <vector>

#include "log/rows/row_store.h"

namespace waybill::rows {

/// Ends these attempts; the rows that are not driven again.
using EndLapsed = std::function<std::vector<LapsedRow>(const std::vector<MessageId>&)>;

[[nodiscard]] TakeAnswer run_take(RowStore& store, const Take& ask, WallTime now, const EndLapsed& end_lapsed);

}  // namespace waybill::rows
