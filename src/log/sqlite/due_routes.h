// The walk of a take over the routes that have rows with a time, due or not.
#pragma once

#include <optional>

#include "core/names.h"
#include "log/sqlite/transaction.h"

namespace waybill::sqlite {

/// Goes round the routes in their order, each once, by seeking in the due index from one to the next: a route costs the
/// same however many rows it has. One statement at a time runs, and none between two calls.
class DueRoutes {
 public:
  struct Entry {
    Route route;
    WallTime first{};  ///< the earliest due time of its unowned rows
  };

  /// Begins beyond `after`, which is then the last; without it at the first route of all. `after` outlives the walk.
  DueRoutes(Transaction& tx, const std::optional<Route>& after) : tx_(tx), after_(after) {}

  /// Nothing once it has come round, and after a failure.
  [[nodiscard]] std::optional<Entry> next();
  /// True once the entry that was given last stands before those where the walk began.
  [[nodiscard]] bool wrapped() const { return wrapped_; }

 private:
  [[nodiscard]] std::optional<Entry> first();
  [[nodiscard]] std::optional<Entry> beyond(const Route& route);

  Transaction& tx_;
  const std::optional<Route>& after_;
  std::optional<Route> at_;
  bool wrapped_ = false;
};

}  // namespace waybill::sqlite
