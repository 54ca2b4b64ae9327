// How many rows are finished, kept in the table `finished_count` so that statistics need not count history: `consumed`,
// `cancelled`, and `sent` on an external route without an open attempt. The connection that writes for this log fires
// no triggers: each verb says here what it changes, and the commit adds it up once. Triggers count what others change.
#pragma once

#include <array>
#include <cstdint>

#include "core/delivery_state.h"
#include "log/sqlite/connection.h"

namespace waybill::sqlite {

class FinishedCounts {
 public:
  /// A row became finished in this state.
  void enter(State state) { ++changes_[static_cast<std::size_t>(state)]; }
  /// A row that was finished in this state is so no more, or is gone.
  void leave(State state) { --changes_[static_cast<std::size_t>(state)]; }

  /// Adds the changes to the table.
  void write(Connection& db) const;

 private:
  std::array<std::int64_t, kStateCount> changes_{};
};

}  // namespace waybill::sqlite
