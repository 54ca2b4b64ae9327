// Writes that name their rows mostly go their usual way, for which an adapter has statements of its own. What those do
// not answer is decided by rows, in the same transaction (apply_by_rows.h).
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "log/rows/apply_by_rows.h"

namespace waybill::rows {

using Answers = std::vector<std::optional<Result<Answer>>>;
/// Applies what it can of these writes, which all name their rows, and answers that; a failure is the store's.
using HotWay = std::function<void(std::span<const Write* const> writes, Answers& answers)>;

/// One answer a write, in their order. They count only if the store has not failed.
[[nodiscard]] std::vector<Result<Answer>> apply_hot_first(RowStore& store, std::span<const Write* const> writes,
                                                          const Moment& moment, const HotWay& hot);

/// In the order of their ids, without those whose row is named by more than one write: these go by rows, in their
/// order.
[[nodiscard]] std::vector<std::size_t> single_writes(std::span<const Write* const> writes);

}  // namespace waybill::rows
