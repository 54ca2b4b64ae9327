// The whole of the message log's writing side over a RowStore: writes are applied in their order, on rows that are
// loaded once, decided in memory, and written back once.
#pragma once

#include <span>
#include <vector>

#include "log/rows/row_store.h"

namespace waybill::rows {

struct Moment {
  WallTime now;          ///< the store's clock, once for the whole commit
  std::size_t body_max;  ///< larger bodies are refused
};

/// One answer a write, in their order. They count only if the store has not failed.
[[nodiscard]] std::vector<Result<Answer>> apply_by_rows(RowStore& store, std::span<const Write* const> writes,
                                                        const Moment& moment);

/// True if the write finds its rows by what they are, not by their ids: what was written before it must be in the store
/// first.
[[nodiscard]] bool finds_its_rows(const Write& write);
/// False of an id that no store can hold: it has no row.
[[nodiscard]] bool is_storable(const MessageId& id);
/// The row that any other write names.
[[nodiscard]] const MessageId& row_named_by(const Write& write);

}  // namespace waybill::rows
